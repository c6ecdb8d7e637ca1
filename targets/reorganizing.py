"""What a reorganisation does to targets, as was chosen for each, and the figures it leads to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import clock
from config.errors import DomainError
from organizations.models import (
    Ancestry,
    Designation,
    EventUnit,
    Membership,
    Organization,
    Reorganization,
)
from organizations.operations.seals import sealed_sentence
from organizations.reorganizing import Line, PlannedEvent, Refusal, Section
from targets import sql
from targets.forms import read_number
from targets.models import Attainment, Indicator, Target
from targets.operations.attainment import follow_tree
from targets.operations.shapes import last_year
from targets.rules import as_typed, shared_out
from targets.sheets import aim
from targets.words import scope, whole

if TYPE_CHECKING:
    from organizations.models import User
    from organizations.reorganizing import Plan, Progress

SHOWN = 50
"""How many targets the section lists."""
AT_ONCE = 2000

Kind = Reorganization.Kind
ASKED_OF = frozenset({Kind.MERGE, Kind.CONSOLIDATE, Kind.SPLIT, Kind.DISSOLVE, Kind.DISBAND})
"""Kinds of event that leave a target without its owner; with the others it stays with its unit."""

CARRY, SPLIT, AMOUNTS, FREEZE, REASSIGN = "carry", "split", "amounts", "freeze", "reassign"

People = tuple[int, int]
"""From … to …; equal ends for a single number."""


OF = ("indicator", "span", "year", "part", "group", "origin")
"""What a target is of, whatever its unit and version."""
WHAT = ("indicator_id", "span", "year", "part", "until_year", "group", "origin")
"""What a new version keeps of the target that it continues."""


KEPT = ("form", "low", "high", "percent", "base_id", "base_of", "base_members")
"""The numbers of a target that is taken over whole, or frozen."""


def key_of(target: Target) -> str:
    """Return what a target is of, whatever its unit and version: KN01-year-2025.

    A half or quarter, a group and a resolution are named behind: KN01-half-2025-1-women.
    """
    return _key(
        target.indicator_id, target.span, target.year, target.part, target.group, target.origin
    )


def _key(indicator: str, span: str, year: int, part: int, group: str, origin: str) -> str:
    more = [str(part) if part else "", group]
    more.append(origin if origin != Target.Origin.DECISION else "")
    return "-".join([indicator, span, str(year), *filter(None, more)])


def _plain(year: int) -> str:
    """Return the key of what attainment of `year` is measured by."""
    return _key(Indicator.ADMITTED, Target.Span.YEAR, year, 0, "", Target.Origin.DECISION)


def is_number(target: Target) -> bool:
    """Say whether a target is a number that can be shared out: a floor and a share are not."""
    return target.low is not None and target.form != Target.Form.FLOOR


def ends_on(target: Target) -> date:
    """Return the last day of a target's period."""
    if target.span == Target.Span.TERM:
        return date(last_year(target), 12, 31)
    parts = {Target.Span.HALF: 2, Target.Span.QUARTER: 4}.get(Target.Span(target.span), 1)
    months = 12 // parts * (target.part or 1)
    return date(target.year + months // 12, months % 12 + 1, 1) - timedelta(days=1)


class AmountField(forms.CharField):
    """A number of people, or a range, as the grid of targets takes it: 38, or 35-40."""

    widget = forms.TextInput(
        attrs={"class": "w-n", "inputmode": "numeric", "autocomplete": "off", "maxlength": 20}
    )

    def clean(self, value: Any) -> People | None:
        """Return (from, to), None for nothing."""
        found = read_number(super().clean(value) or "")
        if found is None:
            return None
        return found if isinstance(found, tuple) else (found, found)


def holdings(organizations: Iterable[int], *, on: date) -> dict[int, list[Target]]:
    """Return {organization id: its targets in force that last on day `on`, and later ones}.

    Of the terms that began before, the latest counts. One query.
    """
    term = Q(span=Target.Span.TERM)
    wanted = term & Q(until_year__gte=on.year) | ~term & Q(year__gte=on.year)
    rows = list(
        Target.objects.in_force()
        .filter(wanted, organization__in=set(organizations))
        .select_related("indicator")
        .order_by("organization", *OF)
    )
    rows = [one for one in rows if ends_on(one) >= on]

    def line(one: Target) -> tuple[int, str, str, str]:
        return one.organization_id, one.indicator_id, one.group, one.origin

    running = {
        line(one): one.pk for one in rows if one.span == Target.Span.TERM and one.year <= on.year
    }
    found: dict[int, list[Target]] = defaultdict(list)
    for one in rows:
        is_past = one.span == Target.Span.TERM and one.year <= on.year
        if not is_past or running[line(one)] == one.pk:
            found[one.organization_id].append(one)
    return found


def to_share(held: Iterable[Target]) -> list[Target]:
    """Return those of which something can be passed on: a target of 0 asks for no choice."""
    return [one for one in held if one.low is None or one.high]


@dataclass
class Share:
    """What a place has of one target while the plan is gone through, and why it changed.

    `what` is a target of the same indicator, period, group and origin; `target` what it had in
    force; `copied` what it takes over whole, for it has no number to share.
    """

    what: Target
    target: Target | None
    low: int = 0
    high: int = 0
    is_frozen: bool = False
    copied: Target | None = None
    why: list[str] = field(default_factory=list)

    @property
    def is_change(self) -> bool:
        """Say whether anything becomes of it: "2 → 2" is nothing."""
        if self.is_frozen or self.copied is not None:
            return True
        before = self.target and (self.target.low, self.target.high)
        return bool(self.why) and before != (self.low, self.high)


class Drawing:
    """The new versions that a plan leads to, by the choices of its events; reads only."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.eve = plan.on - timedelta(days=1)

    @cached_property
    def held(self) -> dict[int, list[Target]]:
        """{organisation: its targets} of all that the plan names."""
        return holdings(self.plan.touched(), on=self.plan.on)

    def asked(self) -> Iterable[tuple[PlannedEvent, Organization, list[Target]]]:
        """Yield the sources whose targets lose their owner, with the event and the targets."""
        for planned in self.plan.events:
            if planned.event.kind not in ASKED_OF:
                continue
            for source in planned.sources:
                if held := to_share(self.held.get(source.pk, ())):
                    yield planned, source, held

    def choice(self, planned: PlannedEvent, source: Organization) -> dict[str, Any] | None:
        """Return what was chosen for `source`; None where nobody chose yet.

        Where an event has no result there is nobody to carry anything on: the target is frozen.
        """
        chosen = planned.event.choices.get("targets", {}).get("sources", {}).get(str(source.pk))
        if not planned.results:
            return {"is": FREEZE}
        units = {unit.pk for unit in planned.results}
        if not chosen or (chosen["is"] == CARRY and chosen.get("to") not in units):
            return None
        return dict(chosen)

    @cached_property
    def shares(self) -> dict[tuple[int, str], Share]:
        """{(place, what): what it has after the plan} of all that the choices touch."""
        found: dict[tuple[int, str], Share] = {}

        def at(organization: int, what: Target) -> Share:
            key = key_of(what)
            if (organization, key) not in found:
                held = self.held.get(organization, ())
                target = next((one for one in held if key_of(one) == key), None)
                share = Share(what, target)
                if target is not None and target.low is not None and target.high is not None:
                    share.low, share.high = target.low, target.high
                found[organization, key] = share
            return found[organization, key]

        given_anew: list[tuple[PlannedEvent, Target]] = []
        for planned, source, held in self.asked():
            choice = self.choice(planned, source)
            if choice is None:
                continue
            for target in held:
                own = at(source.pk, target)
                if choice["is"] == FREEZE:
                    own.is_frozen = True
                    own.why.append(FREEZE)
                elif target.low is None or target.high is None or not is_number(target):
                    self._copy(planned, target, choice=choice, at=at)
                elif choice["is"] == REASSIGN:
                    own.low = own.high = 0
                    own.why.append(REASSIGN)
                    given_anew.append((planned, target))
                else:
                    own.low, own.high = own.low - target.low, own.high - target.high
                    own.why.append(choice["is"])
                    parts = self.parts(planned, source, target, choice)
                    for taker, (low, high) in parts.items():
                        share = at(taker, target)
                        share.low, share.high = share.low + low, share.high + high
                        share.why.append(choice["is"])
        for planned, target in given_anew:
            anew = planned.event.choices.get("targets", {}).get("new", {}).get(key_of(target), {})
            for unit in planned.results:
                if str(unit.pk) in anew:
                    share = at(unit.place_id, target)
                    share.low, share.high = anew[str(unit.pk)]
                    share.why.append(REASSIGN)
        return {key: share for key, share in found.items() if share.is_change}

    def _copy(self, planned: PlannedEvent, target: Target, *, choice: Any, at: Any) -> None:
        """Let the results take over a target without numbers, unless they have one."""
        for unit in planned.results:
            if choice["is"] == CARRY and unit.pk != choice["to"]:
                continue
            share = at(unit.place_id, target)
            if share.target is None and share.copied is None:
                share.copied = target
                share.why.append(choice["is"])

    def parts(
        self, planned: PlannedEvent, source: Organization, target: Target, choice: Mapping[str, Any]
    ) -> dict[int, People]:
        """Return {place: what it takes of `target`}, adding up to it."""
        low, high = target.low or 0, target.high or 0
        if choice["is"] == CARRY:
            unit = next(one for one in planned.results if one.pk == choice["to"])
            return {unit.place_id: (low, high)}
        if choice["is"] == AMOUNTS:
            named = choice.get("amounts", {}).get(key_of(target), {})
            return {
                unit.place_id: (int(named[str(unit.pk)][0]), int(named[str(unit.pk)][1]))
                for unit in planned.results
                if str(unit.pk) in named
            }
        weights = self.weights[source.pk]
        places = [unit.place_id for unit in planned.results]
        people = [weights.get(unit.pk, 0) for unit in planned.results]
        lows = shared_out(low, people)
        # What a range has above its lower end is shared by itself, so no part's ends cross.
        rooms = shared_out(high - low, people)
        return {
            unit: (one, one + room) for unit, one, room in zip(places, lows, rooms, strict=True)
        }

    @cached_property
    def weights(self) -> dict[int, dict[int, int]]:
        """{source: {id of a result: members that go to it}}, as they were on the day before."""
        found: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for planned, source, _held in self.asked():
            for result, people in self._members(planned, source):
                found[source.pk][result] += people
        return found

    def _members(self, planned: PlannedEvent, source: Organization) -> Iterable[tuple[int, int]]:
        """Yield (id of a result, members) of the people of `source` and of units beneath it."""
        own = Membership.objects.on(self.eve).filter(cell=source)
        for person in own.values_list("person", flat=True):
            unit = self.plan.destination(source.pk, person)
            if unit is not None:
                yield unit.pk, 1
        chosen = planned.event.choices.get("organizations", {}).get("units", {})
        sent = {int(unit): int(result) for unit, result in chosen.items()}
        beneath = Ancestry.objects.on(self.eve).filter(ancestor__in=sent)
        counted = (
            beneath.filter(descendant__memberships__period__contains=self.eve)
            .values("ancestor")
            .annotate(people=Count("descendant__memberships"))
        )
        for beneath_it, people in counted.values_list("ancestor", "people"):
            yield sent[beneath_it], people

    def refusals(self) -> list[Refusal]:
        """Refuse a target for which nobody chose, a choice that no longer fits, a closed year."""
        found = []
        for planned, source, held in self.asked():
            choice = self.choice(planned, source)
            if choice is None:
                found.append(
                    Refusal(
                        planned.row,
                        _("Say what becomes of the target of %(unit)s.")
                        % {"unit": self.name(source.pk)},
                    )
                )
                continue
            found += [
                Refusal(planned.row, sentence)
                for sentence in self._misfits(planned, source, held, choice)
            ]
        return found + self._sealed()

    def _misfits(
        self,
        planned: PlannedEvent,
        source: Organization,
        held: Sequence[Target],
        choice: Mapping[str, Any],
    ) -> Iterable[str]:
        anew = planned.event.choices.get("targets", {}).get("new", {})
        for target in held:
            if target.low is None or target.high is None or not is_number(target):
                continue
            told = {"unit": self.name(source.pk), "target": words(target)}
            if choice["is"] == AMOUNTS:
                parts = self.parts(planned, source, target, choice).values()
                if _sum(parts) != (target.low, target.high):
                    yield (
                        _("The amounts named for %(unit)s do not add up to its target, %(target)s.")
                        % told
                    )
            if choice["is"] == REASSIGN and not anew.get(key_of(target)):
                yield (
                    _("Enter what is given anew in place of the target of %(unit)s, %(target)s.")
                    % told
                )

    def _sealed(self) -> list[Refusal]:
        places: dict[int, set[int]] = defaultdict(set)
        for (organization, _key), share in self.shares.items():
            if organization > 0 and share.what.span != Target.Span.TERM:
                places[share.what.year].add(organization)
        sentences = (
            sealed_sentence(sorted(units), day=date(year, 12, 31))
            for year, units in sorted(places.items())
        )
        return [Refusal(None, sentence) for sentence in sentences if sentence]

    @cached_property
    def _called(self) -> dict[int, Designation]:
        return Designation.objects.by_organization(self.plan.touched(), on=self.plan.on)

    def name(self, organization: int) -> str:
        """Return what `organization`, or a result that is not founded yet, is called."""
        if organization > 0:
            found = self._called.get(organization)
            return (found.short_name or found.name) if found else ""
        units = (unit for planned in self.plan.events for unit in planned.results)
        return next((unit.name for unit in units if unit.pk == -organization), "")

    def versions(self, *, by: User) -> list[Target]:
        """Return the new versions, unsaved; results must be founded."""
        places = {organization for organization, _key in self.shares}
        rows = Target.objects.filter(organization__in=places).order_by()
        last = {
            (unit, _key(*what)): number
            for unit, *what, number in rows.values_list("organization", *OF).annotate(
                last=Max("version")
            )
        }
        return [
            self._version(unit, share, number=last.get((unit, key), 0) + 1, by=by)
            for (unit, key), share in sorted(self.shares.items(), key=lambda item: item[0])
        ]

    def _version(self, unit: int, share: Share, *, number: int, by: User) -> Target:
        kept = share.copied or (share.target if share.is_frozen else None)
        is_range = share.low != share.high
        numbers: dict[str, Any] = {
            "form": Target.Form.RANGE if is_range else Target.Form.NUMBER,
            "low": share.low,
            "high": share.high,
        }
        if kept is not None:
            numbers = {name: getattr(kept, name) for name in KEPT}
        before = share.target
        return Target(
            organization_id=unit,
            **{name: getattr(share.target or share.what, name) for name in WHAT},
            kind=Target.Kind.ADJUSTED,
            version=number,
            decision_number=self.plan.reorganization.number,
            decided_on=self.plan.on,
            responsible=before.responsible if before else "",
            reason=_reason(share, self.plan.reorganization),
            reorganization=self.plan.reorganization,
            entered_by=by,
            **numbers,
        )

    def lines(self) -> list[Line]:
        """Return each change in words: unit, year, before → after."""
        shown = list(self.shares.items())[:SHOWN]
        places = [unit for (unit, _key), _share in shown if unit > 0]
        slugs = dict(Organization.objects.filter(pk__in=places).values_list("pk", "slug"))
        found = []
        for (unit, _key), share in shown:
            target = share.target or share.copied
            what = words(target) if target else ""
            before = aim(share.target.low, share.target.high) if share.target else "–"
            after = aim(share.low, share.high)
            if share.is_frozen:
                after = _("frozen at %(target)s") % {"target": before or what}
            elif share.copied is not None:
                after = what
            found.append(
                Line(
                    text=f"{self.name(unit)}, {whole(share.what)}: {before} → {after}",
                    url=_url(target, slugs.get(unit)),
                )
            )
        return found


def words(target: Target) -> str:
    """Return a target in words: 35–40 in 2025; 90 % (2025, KN11)."""
    number = aim(target.low, target.high) or f"{target.percent} %"
    if target.span == Target.Span.YEAR and not scope(target):
        return _("%(target)s in %(year)s") % {"target": number, "year": target.year}
    return f"{number} ({whole(target)})"


def _reason(share: Share, decision: Reorganization) -> str:
    told = {"number": decision.number}
    with translation.override(settings.LANGUAGE_CODE):
        sentences = {
            CARRY: _("Carried over by reorganisation, decision %(number)s"),
            SPLIT: _("Shared by members at a reorganisation, decision %(number)s"),
            AMOUNTS: _("Shared by named amounts at a reorganisation, decision %(number)s"),
            FREEZE: _("Frozen with the result reached, decision %(number)s"),
            REASSIGN: _("Given anew at a reorganisation, decision %(number)s"),
        }
        return "; ".join(sentences[why] % told for why in dict.fromkeys(share.why))[:300]


def _url(target: Target | None, slug: str | None) -> str:
    if target is None or slug is None:
        return ""
    return f"{reverse('target-year', args=[target.year])}?dv={slug}"


def _sum(parts: Iterable[People]) -> People:
    rows = list(parts)
    return sum(low for low, _high in rows), sum(high for _low, high in rows)


class TargetsHandler:
    """Carries, shares out, freezes or gives anew the targets of units that lose theirs."""

    label = "targets"

    def fields(self, planned: PlannedEvent) -> Mapping[str, forms.Field]:
        """Return the choice for each source with targets, and the amounts that some choices need.

        `target-<source>`; `amount-<source>-<what>-<result>` for shares by named amounts;
        `new-<what>-<result>` for what is given anew.
        """
        held = self._held(planned)
        given = _initial(planned)
        fields: dict[str, forms.Field] = {}
        anew: dict[str, Target] = {}
        for source in planned.sources:
            targets = held.get(source.pk)
            if not targets:
                continue
            fields[f"target-{source.pk}"] = forms.ChoiceField(
                label=_("Target of %(unit)s: %(targets)s")
                % {"unit": source, "targets": "; ".join(words(one) for one in targets)},
                choices=_options(planned),
                widget=forms.RadioSelect,
                required=True,
            )
            for target in targets:
                if not is_number(target):
                    continue
                anew.setdefault(key_of(target), target)
                if len(planned.results) < 2:
                    continue
                for unit in planned.results:
                    fields[f"amount-{source.pk}-{key_of(target)}-{unit.pk}"] = AmountField(
                        label=_("%(unit)s takes, of %(target)s")
                        % {"unit": _called(unit), "target": words(target)},
                        required=False,
                        help_text=_("Only for named amounts: 38, or 35-40."),
                    )
        for key, target in anew.items():
            for unit in planned.results:
                fields[f"new-{key}-{unit.pk}"] = AmountField(
                    label=_("New target of %(unit)s in %(year)s")
                    % {"unit": _called(unit), "year": target.year}
                    if key == _plain(target.year)
                    else _("New target of %(unit)s, %(what)s")
                    % {"unit": _called(unit), "what": whole(target)},
                    required=False,
                    help_text=_("Only where a target is given anew: 38, or 35-40."),
                )
        for name, found in fields.items():
            found.initial = given.get(name)
        return fields

    def _held(self, planned: PlannedEvent) -> dict[int, list[Target]]:
        if planned.event.kind not in ASKED_OF or not planned.results:
            return {}
        on = planned.event.reorganization.effective_on
        held = holdings([unit.pk for unit in planned.sources], on=on)
        return {unit: found for unit, targets in held.items() if (found := to_share(targets))}

    def chosen(self, planned: PlannedEvent, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """Return {"sources": {id: choice}, "new": {what: {result: [from, to]}}}.

        Raises DomainError at the field of a target without a choice, or whose amounts do not add
        up to it.
        """
        refused: dict[str, str] = {}
        sources: dict[str, Any] = {}
        anew: dict[str, dict[str, list[int]]] = defaultdict(dict)
        for source_id, targets in self._held(planned).items():
            name = f"target-{source_id}"
            choice, _dash, unit = str(cleaned.get(name) or "").partition("-")
            if choice not in {CARRY, SPLIT, AMOUNTS, FREEZE, REASSIGN} or (
                choice == CARRY and unit not in {str(one.pk) for one in planned.results}
            ):
                refused[name] = _("Choose what becomes of the target.")
                continue
            kept: dict[str, Any] = {"is": choice}
            sources[str(source_id)] = kept
            if choice == CARRY:
                kept["to"] = int(unit)
            for target in targets:
                if not is_number(target):
                    continue
                key = key_of(target)
                if choice == AMOUNTS:
                    named = _typed(planned, cleaned, f"amount-{source_id}-{key}")
                    kept.setdefault("amounts", {})[key] = named
                    if _sum((low, high) for low, high in named.values()) != (
                        target.low,
                        target.high,
                    ):
                        refused[name] = _("The amounts must add up to the target, %(target)s.") % {
                            "target": words(target)
                        }
                if choice == REASSIGN:
                    anew[key] = _typed(planned, cleaned, f"new-{key}")
                    if not anew[key]:
                        refused[name] = _(
                            "Enter at least one new target in place of %(target)s."
                        ) % {"target": words(target)}
        if refused:
            raise DomainError(fields=refused)
        return {"sources": sources, "new": dict(anew)}

    def sections(self, plan: Plan) -> list[Section]:
        """Return the versions that are written, each with before and after."""
        drawing = Drawing(plan)
        return [
            Section(
                key="targets",
                title=gettext_lazy("Targets, before and after"),
                count=len(drawing.shares),
                lines=drawing.lines(),
            )
        ]

    def refusals(self, plan: Plan) -> list[Refusal]:
        """Refuse a target without a choice, or whose choice no longer fits."""
        return Drawing(plan).refusals()

    def warnings(self, plan: Plan) -> list[Refusal]:
        """Return nothing: what matters here stops the decision."""
        return []

    def apply(self, plan: Plan, *, by: User, progress: Progress) -> dict[str, int]:
        """Write the new versions, decided on the effective day; then bring all figures up to date.

        The figures are published in the same transaction, so they are right when the job ends.
        """
        drawing = Drawing(plan)
        places = sorted({unit for unit, _key in drawing.shares})
        list(
            Organization.objects.select_for_update(no_key=True)
            .filter(pk__in=places)
            .order_by("pk")
            .values_list("pk")
        )
        made = Target.objects.bulk_create(drawing.versions(by=by), batch_size=AT_ONCE)
        progress(len(made))
        follow_tree(on=clock.today())
        return {"targets": len(made)}

    def figures(self, plan: Plan) -> list[dict[str, Any]]:
        """Return the figures at and above what the plan names, both lenses, as they are now.

        Those of the effective year and of the present one, as known on the clock's day or, for a
        decision to come, on the effective day.
        """
        today = clock.today()
        day = max(today, plan.on)
        lines = Ancestry.objects.filter(
            descendant__in=plan.touched(), valid_to__gt=plan.on - timedelta(days=1)
        )
        units = plan.touched() | set(lines.values_list("ancestor", flat=True))
        found = []
        for year in sorted({plan.on.year, day.year}):
            for lens in Attainment.Lens.values:
                rows = sql.read(units, year=year, lens=lens, on=day, today=today)
                found += [
                    {
                        "organization": key,
                        "year": year,
                        "lens": lens,
                        "opening_members": row.opening_members,
                        "target_low": row.target_low,
                        "target_high": row.target_high,
                        "admitted": row.admitted,  # type: ignore[attr-defined]
                    }
                    for key, row in sorted(rows.items())
                ]
        return found


def _options(planned: PlannedEvent) -> list[tuple[str, str]]:
    options = [
        (
            f"{CARRY}-{unit.pk}",
            _("%(unit)s carries on the whole target") % {"unit": _called(unit)},
        )
        for unit in planned.results
    ]
    if len(planned.results) > 1:
        options += [
            (SPLIT, _("It is shared by the members that go to each")),
            (AMOUNTS, _("It is shared by the amounts named beneath")),
        ]
    return [
        *options,
        (FREEZE, _("It is frozen with the result reached until then")),
        (REASSIGN, _("It is given anew, as entered beneath")),
    ]


def _initial(planned: PlannedEvent) -> dict[str, str]:
    """Return {name of a field: what was chosen before}, as it would be typed."""
    chosen = planned.event.choices.get("targets", {})
    found = {}
    for source, choice in chosen.get("sources", {}).items():
        to = f"-{choice['to']}" if choice["is"] == CARRY else ""
        found[f"target-{source}"] = f"{choice['is']}{to}"
        for key, named in choice.get("amounts", {}).items():
            found |= {f"amount-{source}-{key}-{unit}": as_typed(*it) for unit, it in named.items()}
    for key, named in chosen.get("new", {}).items():
        found |= {f"new-{key}-{unit}": as_typed(*it) for unit, it in named.items()}
    return found


def _called(unit: EventUnit) -> str:
    return unit.name or str(unit.organization)


def _typed(planned: PlannedEvent, cleaned: Mapping[str, Any], name: str) -> dict[str, list[int]]:
    """Return {id of a result: [from, to]} of the amounts entered at fields that begin `name`."""
    return {
        str(unit.pk): list(value)
        for unit in planned.results
        if (value := cleaned.get(f"{name}-{unit.pk}")) is not None
    }

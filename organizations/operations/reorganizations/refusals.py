"""What stops a decision, each as a sentence at its row; and what somebody should know."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organizations.models import (
    Ancestry,
    Appointment,
    Designation,
    EventUnit,
    Membership,
    OrganizationKind,
    Placement,
    Post,
    Reorganization,
    ReorganizationKind,
    Seal,
    TemporaryStay,
    Transfer,
)
from organizations.operations.seals import sealed_sentence
from organizations.reorganizing import PlannedEvent, Refusal
from organizations.selectors import unusual_place

from .planning import (
    DEEPEST,
    Ground,
    Superior,
    among,
    ground_of,
    losing_cells,
    part_of_unit,
    plan_of,
    will_be_cell,
)

Kind = ReorganizationKind
MOST_LEVELS = 12
"""Levels of a tree, its top and its cells among them; the Party's own has five."""


def refusals_of(ground: Ground) -> list[Refusal]:
    """Return what stops the decision as far as organisations and members go, row by row."""
    return [*structural_refusals(ground), *_one_of_each(_people(ground))]


def structural_refusals(ground: Ground) -> list[Refusal]:
    """Return what stops the decision but for people and units that are still to be assigned."""
    circles = list(_circles(ground))
    # What stands beneath itself has no place at all: what follows from it is no news.
    beneath_themselves = {one.row for one in circles}
    found: list[Refusal] = []
    for reason in REASONS:
        found.extend(reason(ground))
    for follows in CONSEQUENCES:
        found.extend(one for one in follows(ground) if one.row not in beneath_themselves)
    return _one_of_each([*found, *circles])


@dataclass(frozen=True)
class _Of(Refusal):
    """A refusal that a row may give of many units; `same` is what it says of each of them."""

    same: tuple[object, ...] = ()


def _of(row: int | None, sentence: str, told: Mapping[str, object], *same: object) -> _Of:
    """Return the refusal `sentence` % `told`; of a row, one with the same sentence and `same`."""
    return _Of(row, sentence % told, (sentence, *same))


def _one_of_each(refusals: Iterable[Refusal]) -> list[Refusal]:
    """Return one refusal for each row and kind, with the number of the others alike."""
    first: dict[tuple[object, ...], Refusal] = {}
    alike: Counter[tuple[object, ...]] = Counter()
    for one in refusals:
        key = (one.row, one.same if isinstance(one, _Of) else one.sentence)
        first.setdefault(key, one)
        alike[key] += 1
    return [_with_number(one, alike[key] - 1) for key, one in first.items()]


def _with_number(one: Refusal, others: int) -> Refusal:
    if not isinstance(one, _Of) or not others:
        return Refusal(one.row, one.sentence)
    more = ngettext("The same of %(n)s other.", "The same of %(n)s others.", others) % {"n": others}
    return Refusal(one.row, f"{one.sentence} {more}")


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _nothing(ground: Ground) -> Iterable[Refusal]:
    if not ground.plan.events:
        yield Refusal(None, _("The decision has no row yet."))


def _sealed(ground: Ground) -> Iterable[Refusal]:
    if not Seal.objects.standing().filter(period__endswith__gt=ground.on).exists():
        return
    named = [*ground.units, ground.plan.reorganization.organization_id, *ground.moves]
    if sentence := sealed_sentence(named, day=ground.on, runs_on=True):
        yield Refusal(None, sentence)


def _strangers(ground: Ground) -> Iterable[Refusal]:
    """Named ones that stand not beneath the deciding organisation, or not exist, on the day."""
    decision = ground.plan.reorganization
    mine = set(
        Ancestry.objects.on(ground.on)
        .filter(ancestor=decision.organization_id, descendant__in=ground.units)
        .values_list("descendant", flat=True)
    )
    for pk, unit in ground.units.items():
        row = ground.rows[pk]
        told = {"unit": ground.name(pk), "day": _day(ground.on)}
        if ground.on < unit.period.lower or (
            ground.on == unit.period.lower and _is_source(ground, pk)
        ):
            yield _of(
                row,
                _("%(unit)s was founded on %(founded)s: nothing changes it on %(day)s."),
                {**told, "founded": _day(unit.period.lower)},
            )
        elif unit.period.upper is not None:
            yield _of(
                row,
                _("%(unit)s ended on %(ended)s."),
                {**told, "ended": _day(unit.period.upper)},
            )
        elif pk not in mine:
            yield _of(
                row,
                _("%(unit)s does not stand beneath %(organization)s on %(day)s."),
                {**told, "organization": ground.name(decision.organization_id)},
            )


def _is_source(ground: Ground, pk: int) -> bool:
    return any(unit.pk == pk for planned in ground.plan.events for unit in planned.sources)


def _twice(ground: Ground) -> Iterable[Refusal]:
    """Two rows that change one organisation, or one that ends and yet receives."""
    first: dict[int, int] = {}
    for planned in ground.plan.events:
        for unit in planned.sources:
            if unit.pk in first:
                yield _of(
                    planned.row,
                    _(
                        "%(unit)s is changed by row %(row)s already: on one day it has one"
                        " superior."
                    ),
                    {"unit": ground.name(unit.pk), "row": first[unit.pk]},
                    first[unit.pk],
                )
            first.setdefault(unit.pk, planned.row)
    for planned in ground.plan.events:
        for result in planned.results:
            for pk in (result.organization_id, result.under_id):
                if pk in ground.ended:
                    yield _of(
                        planned.row,
                        _("%(unit)s ends by row %(row)s of this decision and receives nothing."),
                        {"unit": ground.name(pk), "row": ground.ended[pk].row},
                        pk,
                    )


def _elsewhere(ground: Ground) -> Iterable[Refusal]:
    """Named ones that wait in another confirmed decision."""
    waiting = (
        EventUnit.objects.filter(
            Q(organization__in=ground.units) | Q(under__in=ground.units),
            event__is_withdrawn=False,
            event__reorganization__state=Reorganization.State.CONFIRMED,
        )
        .exclude(event__reorganization=ground.plan.reorganization.pk)
        .select_related("event__reorganization__organization")
        .order_by("event__reorganization", "pk")
    )
    told: set[tuple[int, int]] = set()
    receives_only = _receivers(ground)
    for unit in waiting:
        other = unit.event.reorganization
        pk = unit.organization_id or unit.under_id or 0
        is_changed = unit.part == EventUnit.Part.SOURCE or (
            unit.event.kind == Kind.CONVERT and not unit.is_new
        )
        # Two decisions may send units to one superior: neither changes it.
        if pk in receives_only and not is_changed:
            continue
        if (pk, other.pk) in told or pk not in ground.units:
            continue
        told.add((pk, other.pk))
        yield _of(
            ground.rows[pk],
            _("%(unit)s is already in decision No %(number)s by %(organization)s."),
            {
                "unit": ground.name(pk),
                "number": other.number,
                "organization": other.organization,
            },
            other.pk,
        )


def _receivers(ground: Ground) -> set[int]:
    sources = {unit.pk for planned in ground.plan.events for unit in planned.sources}
    return set(ground.units) - sources


def _placed_later(ground: Ground) -> Iterable[Refusal]:
    """Units whose place changes, and which have another one dated on the day or later."""
    changing = [*ground.moves, *ground.kept]
    later = Placement.objects.filter(
        among("organization", changing), period__startswith__gte=ground.on
    ).order_by("organization", "period")
    told: set[int] = set()
    for unit, period in later.values_list("organization", "period"):
        if unit in told:
            continue
        told.add(unit)
        yield _of(
            _row(ground, unit),
            _("%(unit)s already takes a place on %(day)s: on one day it has one superior."),
            {"unit": ground.name(unit), "day": _day(period.lower)},
            period.lower,
        )
    placed = set(
        Placement.objects.filter(
            among("organization", changing), period__contains=ground.on
        ).values_list("organization", flat=True)
    )
    for unit in changing:
        if unit not in placed and unit not in told and unit not in ground.units:
            yield _of(
                _row(ground, unit),
                _("%(unit)s has no place in the tree on %(day)s."),
                {"unit": ground.name(unit), "day": _day(ground.on)},
            )


def _row(ground: Ground, unit: int) -> int | None:
    """Return the row that changes `unit`: as a source, else with its superior, else by name."""
    if unit in ground.changed:
        return ground.changed[unit]
    above = ground.superiors.get(unit) or 0
    return ground.changed.get(above, ground.rows.get(unit))


def _arrives_later(ground: Ground) -> Iterable[Refusal]:
    """Units that are to stand beneath one that ends, from the day on or later."""
    later = (
        Placement.objects.filter(parent__in=ground.ended, period__startswith__gte=ground.on)
        .exclude(organization__in=ground.ended)
        .select_related("organization")
        .order_by("organization")
    )
    for placement in later:
        assert placement.parent_id is not None
        yield _of(
            ground.ended[placement.parent_id].row,
            _("%(unit)s is placed beneath %(ended)s from %(day)s, when that has ended."),
            {
                "unit": placement.organization,
                "ended": ground.name(placement.parent_id),
                "day": _day(placement.period.lower),
            },
            placement.parent_id,
        )


def _same_place(ground: Ground) -> Iterable[Refusal]:
    for planned in ground.plan.events:
        if planned.event.kind != Kind.MOVE or not planned.results:
            continue
        for unit in planned.sources:
            if ground.superiors.get(unit.pk) == planned.results[0].organization_id:
                yield _of(
                    planned.row,
                    _("%(unit)s stands beneath %(under)s already."),
                    {
                        "unit": ground.name(unit.pk),
                        "under": ground.name(planned.results[0].organization_id),
                    },
                )


def _beneath_cells(ground: Ground) -> Iterable[Refusal]:
    """Units that would stand beneath a cell, the committees that go into one first."""
    for planned in ground.plan.events:
        committees = [unit for unit in planned.sources if not ground.kinds[unit.pk][0]]
        unites = planned.event.kind in (Kind.MERGE, Kind.CONSOLIDATE) and planned.results
        if unites and committees and will_be_cell(planned.results[0], ground.kinds):
            into = planned.results[0]
            under: Superior = into if into.is_new else into.organization_id
            for one in committees:
                yield _is_a_cell(ground, planned.row, ground.name(one.pk), under)
    for unit, under in ground.moves.items():
        if ground.is_cell(under):
            yield _is_a_cell(ground, _row(ground, unit), ground.name(unit), under)
    for new, under in ground.founded:
        if ground.is_cell(under):
            yield _is_a_cell(ground, new.event.position, new.name, under)
    for planned in ground.plan.events:
        if planned.event.kind == Kind.CONVERT and planned.results:
            pk = planned.sources[0].pk
            staying = [unit for unit in ground.children.get(pk, []) if unit not in ground.moves]
            for unit in staying if ground.kinds[pk][1] else ():
                yield _is_a_cell(ground, planned.row, ground.name(unit), pk)


def _is_a_cell(ground: Ground, row: int | None, unit: str, under: Superior) -> Refusal:
    return _of(
        row,
        _("%(under)s is a cell: %(unit)s cannot stand beneath it."),
        {"under": ground.name_of(under), "unit": unit},
        _key(under),
    )


def _people(ground: Ground) -> Iterable[Refusal]:
    """Members without a cell, or with one that is none; parts to which nobody goes."""
    losing = losing_cells(ground)
    for cell, number in ground.homeless.items():
        planned = losing[cell]
        if planned.event.kind == Kind.CONVERT and len(planned.results) == 1:
            sentence = _(
                "%(cell)s becomes a committee and has %(number)s members: say which new cells"
                " beneath it take them."
            )
        elif planned.results:
            sentence = _("%(number)s members of %(cell)s are not assigned to a cell.")
        else:
            sentence = _("%(cell)s has %(number)s members and nobody receives them.")
        yield _of(planned.row, sentence, {"cell": ground.name(cell), "number": number})
    for planned in ground.plan.events:
        yield from _wrong_receivers(ground, planned, losing)
        yield from _empty_parts(ground, planned, losing)


def _wrong_receivers(
    ground: Ground, planned: PlannedEvent, losing: dict[int, PlannedEvent]
) -> Iterable[Refusal]:
    cells = {unit.pk for unit in planned.sources} & set(losing)
    used = {unit.pk: unit for unit in planned.results if ground.taken[unit.pk]}
    for cell in cells:
        if receiver := ground.plan.receivers.get(cell):
            used[receiver.pk] = receiver
    for unit in used.values():
        if not will_be_cell(unit, ground.kinds):
            yield Refusal(
                planned.row,
                _("%(unit)s is not a cell: members cannot go there.")
                % {"unit": unit.name or ground.name(unit.organization_id)},
            )


def _empty_parts(
    ground: Ground, planned: PlannedEvent, losing: dict[int, PlannedEvent]
) -> Iterable[Refusal]:
    """Parts of a split, or cells of a conversion, to which nobody and nothing goes."""
    if planned.event.kind not in (Kind.SPLIT, Kind.CONVERT) or not planned.sources:
        return
    source = planned.sources[0].pk
    parts = planned.results if planned.event.kind == Kind.SPLIT else planned.results[1:]
    goes: Mapping[int, int] = ground.taken
    if source not in losing and planned.event.kind == Kind.CONVERT:
        return
    if source not in losing:
        children = ground.children.get(source, [])
        chosen = {child: part_of_unit(planned, child) for child in children}
        unsaid = [child for child, part in chosen.items() if part is None]
        goes = Counter(part.pk for part in chosen.values() if part is not None)
        for child in unsaid:
            yield _of(
                planned.row,
                _("Say to which part %(unit)s goes."),
                {"unit": ground.name(child)},
            )
    for part in parts:
        if not goes.get(part.pk):
            yield _of(
                planned.row,
                _("Nobody and nothing goes to %(part)s."),
                {"part": part.name or ground.name(part.organization_id)},
                part.pk,
            )


def _facts_later(ground: Ground) -> Iterable[Refusal]:
    """Memberships that begin, or end by leaving the Party, on the day or later where people go."""
    losing = losing_cells(ground)
    ended = {unit for unit in losing if unit in ground.ended or not ground.kinds[unit][1]}
    leaving = {(cell, person) for _row, person, cell, _result in ground.people}
    later = (
        Membership.objects.filter(cell__in=losing, period__startswith__gte=ground.on)
        .order_by("cell", "period__startswith")
        .values_list("cell", "person", "period")
    )
    told: dict[int, tuple[date, int]] = {}
    for cell, person, period in later:
        if cell in ended or (cell, person) in leaving:
            first, number = told.get(cell, (period.lower, 0))
            told[cell] = (first, number + 1)
    for cell, (first, number) in told.items():
        yield _of(
            losing[cell].row,
            _(
                "%(number)s memberships of %(cell)s begin on %(day)s or later, after the decision"
                " takes effect."
            ),
            {"cell": ground.name(cell), "number": number, "day": _day(first)},
        )
    gone = (
        Membership.objects.filter(
            pk__in=[row for row, *_rest in ground.people], departure__isnull=False
        )
        .values("cell")
        .annotate(number=Count("pk"))
        .order_by("cell")
    )
    for row in gone:
        yield _of(
            losing[row["cell"]].row,
            _("%(number)s members of %(cell)s left the Party after %(day)s."),
            {
                "cell": ground.name(row["cell"]),
                "number": row["number"],
                "day": _day(ground.on),
            },
        )


def _transfers(ground: Ground) -> Iterable[Refusal]:
    """Transfers on their way out of, or into, a cell whose people go elsewhere."""
    losing = losing_cells(ground)
    going = [person for _row, person, _cell, _result in ground.people]
    cells: Counter[int] = Counter(
        Transfer.objects.open()
        .filter(origin__in=losing, person__in=going)
        .values_list("origin", flat=True)
    )
    cells.update(
        Transfer.objects.open()
        .filter(destination__in=[pk for pk in losing if pk in ground.ended])
        .values_list("destination", flat=True)
    )
    for cell, number in cells.items():
        yield _of(
            losing[cell].row,
            _("%(number)s transfers of %(cell)s are on their way: finish or withdraw them first."),
            {"cell": ground.name(cell), "number": number},
        )
    stays = TemporaryStay.objects.filter(
        Q(period__endswith__isnull=True) | Q(period__endswith__gt=ground.on),
        host__in=ground.ended,
    )
    for host, number in Counter(stays.values_list("host", flat=True)).items():
        yield _of(
            ground.ended[host].row,
            _("%(number)s people stay temporarily in %(cell)s: send them home first."),
            {"cell": ground.name(host), "number": number},
        )


def _names(ground: Ground) -> Iterable[Refusal]:
    """New names that stand beneath the same superior already, and conversions of nothing."""
    taken: dict[tuple[str, str], int] = {}
    wanted: list[tuple[int, str, Superior, int | None]] = [
        (unit.event.position, unit.name, under, None) for unit, under in ground.founded
    ]
    for planned, result in ground.renamed:
        pk = planned.sources[0].pk
        if result.name:
            under = ground.moves.get(pk, ground.superiors.get(pk))
            wanted.append((planned.row, result.name, under, pk))
    existing = _names_beneath(ground, {under for _r, _n, under, _pk in wanted})
    for row, name, under, own in wanted:
        key = (f"{getattr(under, 'pk', under)} {isinstance(under, EventUnit)}", name)
        others = existing.get(under, {}) if not isinstance(under, EventUnit) else {}
        if key in taken or (others.get(name, set()) - {own}):
            yield Refusal(
                row,
                _("The name “%(name)s” is taken beneath %(under)s.")
                % {"name": name, "under": ground.name_of(under)},
            )
        taken[key] = row
    renamed = {planned.row for planned, _unit in ground.renamed}
    for planned in ground.plan.events:
        if planned.event.kind != Kind.CONVERT or not planned.results:
            continue
        if planned.row not in renamed and len(planned.results) == 1:
            yield Refusal(
                planned.row,
                _("%(unit)s has this name and kind already.")
                % {"unit": ground.name(planned.sources[0].pk)},
            )


def _named_later(ground: Ground) -> Iterable[Refusal]:
    """Organisations whose name or kind changes here, and on the day or later again."""
    rows = {planned.sources[0].pk: planned.row for planned, _unit in ground.renamed}
    later = Designation.objects.filter(organization__in=rows, period__startswith__gte=ground.on)
    for unit, period in later.values_list("organization", "period"):
        yield Refusal(
            rows[unit],
            _("%(unit)s takes another name or kind on %(day)s already.")
            % {"unit": ground.name(unit), "day": _day(period.lower)},
        )


def _names_beneath(ground: Ground, superiors: set[Superior]) -> dict[Superior, dict[str, set[int]]]:
    """Return {superior: {name: ids}} of what lives on beneath existing superiors on the day."""
    known = {under for under in superiors if isinstance(under, int)}
    found: dict[Superior, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    placed = Placement.objects.filter(
        parent__in=known, period__contains=ground.on, organization__period__contains=ground.on
    ).values_list("parent", "organization")
    beneath = {child: parent for parent, child in placed}
    moved = {
        unit: under
        for unit, under in ground.moves.items()
        if isinstance(under, int) and under in known
    }
    units = {**beneath, **moved}
    rows = Designation.objects.on(ground.on).filter(among("organization", units))
    for unit, name in rows.values_list("organization", "name"):
        goes = ground.moves.get(unit, units[unit])
        if unit not in ground.ended and isinstance(goes, int):
            found[goes][name].add(unit)
    return found


def _circles(ground: Ground) -> Iterable[Refusal]:
    """Units that would stand beneath themselves on some day, with what other decisions will do."""
    mine = _edges(ground)
    planned = [(ground.on, mine)]
    others = (
        Reorganization.objects.filter(state=Reorganization.State.CONFIRMED)
        .exclude(pk=ground.plan.reorganization.pk)
        .select_related("organization")
    )
    planned += [(other.effective_on, _edges(ground_of(plan_of(other)))) for other in others]
    actual = _placements_above(ground, planned)
    days = {ground.on, *(day for day, _edges_ in planned if day > ground.on)}
    days |= {first for line in actual.values() for first, _out, _above in line if first > ground.on}
    told: set[str] = set()
    for day in sorted(days):
        due = sorted((one for one in planned if one[0] <= day), key=lambda one: one[0])
        for unit in mine:
            if unit not in told and _is_beneath_itself(unit, day, due, actual):
                told.add(unit)
                yield _of(
                    _row_of_key(ground, unit),
                    _("%(unit)s would be beneath itself on %(day)s."),
                    {"unit": _name_of_key(ground, unit), "day": _day(day)},
                )


def _too_deep(ground: Ground) -> Iterable[Refusal]:
    """Units that would stand, or have something stand, beneath more levels than a tree has."""
    edges = _edges(ground)
    planned = [(ground.on, edges)]
    actual = _placements_above(ground, planned)
    beneath = dict(
        Ancestry.objects.on(ground.on)
        .filter(among("ancestor", ground.moves))
        .values("ancestor")
        .annotate(levels=Max("depth"))
        .values_list("ancestor", "levels")
    )
    placed: list[tuple[int | None, str, str, int]] = [
        (unit.event.position, unit.name, f"new {unit.pk}", 0) for unit, _under in ground.founded
    ]
    placed += [
        (_row(ground, unit), ground.name(unit), str(unit), beneath.get(unit, 0))
        for unit in ground.moves
    ]
    for row, name, unit, below in placed:
        level = 1
        above = _above(unit, ground.on, planned, actual)
        while above is not None and level <= DEEPEST:
            level += 1
            above = _above(above, ground.on, planned, actual)
        is_circle = above is not None  # of another row, which says so
        if level + below > MOST_LEVELS and not is_circle:
            yield _of(
                row,
                _("%(unit)s would make the tree deeper than %(most)s levels."),
                {"unit": name, "most": MOST_LEVELS},
            )


def _edges(ground: Ground) -> dict[str, str | None]:
    """Return {unit: superior} of all that the plan places; new ones by their event unit."""
    placed: list[tuple[Superior, Superior]] = [*ground.founded]
    placed += [*ground.moves.items(), *ground.kept.items()]
    edges = {_key(unit): _key(under) for unit, under in placed}
    return {unit: above for unit, above in edges.items() if unit is not None}


def _key(unit: Superior) -> str | None:
    if isinstance(unit, EventUnit):
        return f"new {unit.pk}"
    return None if unit is None else str(unit)


def _row_of_key(ground: Ground, key: str) -> int | None:
    if key.startswith("new "):
        return next(unit.event.position for unit, _u in ground.founded if f"new {unit.pk}" == key)
    return _row(ground, int(key))


def _name_of_key(ground: Ground, key: str) -> str:
    if key.startswith("new "):
        return next(unit.name for unit, _u in ground.founded if f"new {unit.pk}" == key)
    return ground.name(int(key))


Placed = dict[str, list[tuple[date, date | None, str | None]]]


def _placements_above(ground: Ground, planned: list[tuple[date, dict[str, str | None]]]) -> Placed:
    """Return the placements, from the day on, of all that may stand above what changes."""
    found: Placed = {}
    wanted = {
        key
        for _day_, edges in planned
        for pair in edges.items()
        for key in pair
        if key is not None and not key.startswith("new ")
    }
    for _level in range(DEEPEST):
        new = wanted - set(found)
        if not new:
            break
        for key in new:
            found[key] = []
        rows = Placement.objects.filter(
            Q(period__endswith__isnull=True) | Q(period__endswith__gt=ground.on),
            among("organization", [int(key) for key in new]),
        )
        wanted = set()
        for unit, parent, period in rows.values_list("organization", "parent", "period"):
            above = _key(parent)
            found[str(unit)].append((period.lower, period.upper, above))
            if above is not None:
                wanted.add(above)
    return found


def _is_beneath_itself(
    unit: str,
    day: date,
    due: list[tuple[date, dict[str, str | None]]],
    actual: Placed,
) -> bool:
    seen = {unit}
    above = _above(unit, day, due, actual)
    while above is not None:
        if above == unit:
            return True
        if above in seen:
            return False  # a circle of others, told at one of them
        seen.add(above)
        above = _above(above, day, due, actual)
    return False


def _above(
    unit: str,
    day: date,
    due: list[tuple[date, dict[str, str | None]]],
    actual: Placed,
) -> str | None:
    """Return the superior of `unit` on `day`: what was written or planned last by then."""
    found: tuple[date, str | None] | None = None
    for first, out, above in actual.get(unit, []):
        if first <= day and (out is None or day < out):
            found = (first, above)
    for begins, edges in due:
        if unit in edges and (found is None or begins >= found[0]):
            found = (begins, edges[unit])
    return found[1] if found else None


REASONS: tuple[Callable[[Ground], Iterable[Refusal]], ...] = (
    _nothing,
    _sealed,
    _strangers,
    _twice,
    _elsewhere,
    _placed_later,
    _arrives_later,
    _facts_later,
    _transfers,
    _named_later,
)
CONSEQUENCES: tuple[Callable[[Ground], Iterable[Refusal]], ...] = (
    _same_place,
    _beneath_cells,
    _too_deep,
    _names,
)
"""What is only worth saying of a row that places nothing beneath itself."""


def warnings_of(ground: Ground) -> list[Refusal]:
    """Return what is unusual and does not stop the decision: places of kinds, roles left behind."""
    return [*_unusual_places(ground), *_left_behind(ground)]


def _unusual_places(ground: Ground) -> Iterable[Refusal]:
    kinds = OrganizationKind.objects.prefetch_related("allowed_parents").in_bulk()
    after = {planned.sources[0].pk: result.kind_id for planned, result in ground.renamed}

    def kind_of(superior: Superior) -> OrganizationKind | None:
        if isinstance(superior, EventUnit):
            return kinds.get(superior.kind_id or "")
        code = after.get(superior or 0)
        if code is None and superior in ground.named:
            code = ground.named[superior].kind_id
        return kinds.get(code or "")

    told: set[tuple[int | None, str, str]] = set()
    placed: list[tuple[int | None, OrganizationKind | None, Superior]] = [
        (unit.event.position, kind_of(unit), under) for unit, under in ground.founded
    ]
    placed += [(_row(ground, unit), kind_of(unit), under) for unit, under in ground.moves.items()]
    placed += [
        (planned.row, kind_of(planned.sources[0].pk), ground.superiors.get(planned.sources[0].pk))
        for planned, _result in ground.renamed
    ]
    for row, kind, under in placed:
        parent = kind_of(under)
        if kind is None or parent is None or (row, kind.code, parent.code) in told:
            continue
        told.add((row, kind.code, parent.code))
        if sentence := unusual_place(kind, parent):
            yield Refusal(row, sentence)


def _left_behind(ground: Ground) -> Iterable[Refusal]:
    """Posts and roles that begin in an ended organisation on its last day or later: they stay."""
    for model in (Post, Appointment):
        later = model._default_manager.filter(
            organization__in=ground.ended, period__startswith__gte=ground.on
        )
        for unit, number in Counter(later.values_list("organization", flat=True)).items():
            yield Refusal(
                ground.ended[unit].row,
                _(
                    "%(number)s posts or roles in %(unit)s begin on %(day)s or later. They stay as"
                    " they are: end them by hand."
                )
                % {"number": number, "unit": ground.name(unit), "day": _day(ground.on)},
            )

"""A decision being written: its head, its events, who goes where; edited while it is a draft."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from config import clock, names
from config.errors import ConflictError, DomainError
from config.periods import contains
from organizations.models import (
    Ancestry,
    EventAssignment,
    EventUnit,
    Organization,
    OrganizationKind,
    Person,
    Reorganization,
    ReorganizationEvent,
    ReorganizationKind,
    User,
)
from organizations.operations import jobs
from organizations.operations.seals import refuse_sealed
from organizations.permissions import acts
from organizations.reorganizing import handlers
from organizations.rights import CONFIRM_REORGANIZATION, DRAFT_REORGANIZATION

from .planning import plan_of
from .shapes import refuse_shape

LAST_ROW = 32_767
"""The highest number of a row; rows that were taken out keep theirs."""
MOST_UNITS = 1000
"""Organisations that one row names on either side."""
ONCE = "reorganization_number_once_per_organization_and_year"
OURS = "organizations"
"""The label of this ground floor's own choices: which unit beneath goes to which part."""
ANSWERS = "answers"
"""The key in `choices` of what was answered, field by field: {"<label>-<field>": value}."""


@dataclass(frozen=True)
class NewUnit:
    """A result that does not exist yet: its name, the code of its kind, what it stands beneath.

    `under` None means: beneath the superior of the first source; beneath the source itself for
    the parts of a conversion; beneath the deciding organisation for a founding. The first result
    of a conversion describes the source itself from then on; its `name` may be "" to keep it.
    Within one batch `under` may be the `NewUnit` of an earlier row.
    """

    name: str
    kind: str
    under: Organization | EventUnit | NewUnit | None = None
    short_name: str = ""


def draft(
    organization: Organization,
    *,
    by: User,
    on: date,
    number: str,
    signed_on: date,
    signer: str,
    effective_on: date,
    note: str = "",
) -> Reorganization:
    """Begin a decision of `organization` that takes effect on day `effective_on`.

    Raises PermissionDenied where `by` is not staff over `organization`, DomainError at the field
    that is impossible, such as a number that another decision of the year bears.
    """
    _refuse_drafter(organization, by=by, on=on)
    head = _head(number=number, signed_on=signed_on, signer=signer, note=note, on=on)
    _refuse_day(organization, on=effective_on)
    decision = Reorganization(
        organization=organization, entered_by=by, effective_on=effective_on, **head
    )
    _write_head(decision)
    return Reorganization.objects.get(pk=decision.pk)


@transaction.atomic
def rewrite(
    reorganization: Reorganization,
    *,
    by: User,
    on: date,
    number: str,
    signed_on: date,
    signer: str,
    effective_on: date,
    note: str = "",
) -> Reorganization:
    """Write the head of a draft anew; its events stay. Raises as `draft` does."""
    decision = locked_draft(reorganization, by=by, on=on)
    head = _head(number=number, signed_on=signed_on, signer=signer, note=note, on=on)
    _refuse_day(decision.organization, on=effective_on)
    for column, value in {**head, "effective_on": effective_on}.items():
        setattr(decision, column, value)
    decision.version += 1
    _write_head(decision, columns=[*head, "effective_on", "version"])
    return Reorganization.objects.get(pk=decision.pk)


def _head(*, number: str, signed_on: date, signer: str, note: str, on: date) -> dict[str, Any]:
    refusals = {}
    number, signer = names.written(number), names.written(signer)
    if not number:
        refusals["number"] = _("Enter the number of the decision.")
    elif len(number) > 40:
        refusals["number"] = _("At most %(most)s characters.") % {"most": 40}
    if not signer:
        refusals["signer"] = _("Enter who signed the decision.")
    elif len(signer) > 120:
        refusals["signer"] = _("At most %(most)s characters.") % {"most": 120}
    if signed_on > on:
        refusals["signed_on"] = _("The day lies in the future.")
    if refusals:
        raise DomainError(fields=refusals)
    return {"number": number, "signed_on": signed_on, "signer": signer, "note": note.strip()[:300]}


def _refuse_day(organization: Organization, *, on: date) -> None:
    if not contains(organization.period, on):
        raise DomainError(
            fields={
                "effective_on": _("%(organization)s does not exist on %(day)s.")
                % {"organization": organization, "day": f"{on:%d/%m/%Y}"}
            }
        )
    refuse_sealed([organization], day=on, field="effective_on", runs_on=True)


def _write_head(decision: Reorganization, *, columns: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            decision.save(update_fields=columns)
    except IntegrityError as error:
        if ONCE in str(error):
            raise DomainError(
                fields={
                    "number": _("Decision No %(number)s of %(year)s is entered already.")
                    % {"number": decision.number, "year": decision.signed_on.year}
                }
            ) from error
        raise


def _refuse_drafter(organization: Organization, *, by: User, on: date) -> None:
    if not acts(by, *DRAFT_REORGANIZATION.roles, over=organization, on=on):
        raise PermissionDenied


def at_once(reorganization: Reorganization) -> Reorganization:
    """Return the decision with its row locked; ConflictError where somebody is at it right now."""
    decision = (
        Reorganization.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("organization", "job")
        .filter(pk=reorganization.pk)
        .first()
    )
    if decision is None:
        raise ConflictError(
            _("Somebody is working on decision No %(number)s at this moment: try again.")
            % {"number": reorganization.number}
        )
    return decision


def locked_draft(reorganization: Reorganization, *, by: User, on: date) -> Reorganization:
    """Return the draft of `by` with its row locked.

    Raises PermissionDenied where they are no staff over it, DomainError where another drafted
    it, ConflictError where it is no draft.
    """
    decision = at_once(reorganization)
    _refuse_others(decision, by=by, on=on)
    if decision.state != Reorganization.State.DRAFT:
        raise ConflictError(
            _("Decision No %(number)s is no longer a draft: %(state)s.")
            % {"number": decision.number, "state": decision.get_state_display()}
        )
    return decision


def _refuse_others(decision: Reorganization, *, by: User, on: date) -> None:
    """Refuse all but the drafter: who writes a row may not be its second person."""
    _refuse_drafter(decision.organization, by=by, on=on)
    if decision.entered_by_id != by.pk:
        raise DomainError(_("Only who drafted the decision changes it."))


@transaction.atomic
def reopen(reorganization: Reorganization, *, by: User, on: date) -> Reorganization:
    """Make a draft again of a decision that could not be applied; confirmation and preview go.

    Raises as `locked_draft` does; ConflictError where it did not fail.
    """
    decision = at_once(reorganization)
    _refuse_others(decision, by=by, on=on)
    if decision.state != Reorganization.State.FAILED:
        raise ConflictError(
            _("Decision No %(number)s has not failed: %(state)s.")
            % {"number": decision.number, "state": decision.get_state_display()}
        )
    decision.state = Reorganization.State.DRAFT
    decision.version += 1
    cleared = ["confirmed_by", "confirmed_at", "preview", "previewed_at"]
    for column in cleared:
        setattr(decision, column, None)
    decision.save(update_fields=["state", "version", *cleared])
    return decision


def edited(decision: Reorganization) -> None:
    """Count an edit of a draft, so that who has an older page is told."""
    decision.version += 1
    decision.save(update_fields=["version"])


@transaction.atomic
def add_event(
    reorganization: Reorganization,
    *,
    by: User,
    on: date,
    kind: str,
    sources: Sequence[Organization],
    results: Sequence[Organization | NewUnit],
) -> ReorganizationEvent:
    """Add an event of `kind` to a draft; return it. Shapes: see `shapes.refuse_shape`.

    Raises PermissionDenied where `by` may not draft, DomainError at `kind`, `sources` or
    `results` where the event makes no sense, names an organisation twice, or one that does not
    stand beneath the deciding organisation on the effective day.
    """
    decision = locked_draft(reorganization, by=by, on=on)
    [event] = write_events(decision, by=by, rows=[EventRow(kind, tuple(sources), tuple(results))])
    edited(decision)
    return event


@dataclass(frozen=True)
class EventRow:
    """An event to be written: what `add_event` is given."""

    kind: str
    sources: tuple[Organization, ...]
    results: tuple[Organization | NewUnit, ...]


def write_events(
    decision: Reorganization, *, by: User, rows: Sequence[EventRow]
) -> list[ReorganizationEvent]:
    """Write `rows` behind the decision's events, all or none; few statements however many.

    The caller holds the draft's lock. DomainError as `add_event`; the first row that cannot be.
    """
    kinds = OrganizationKind.objects.in_bulk()
    for row in rows:
        refuse_row(row, kinds=kinds)
    _refuse_strangers(decision, rows)
    last = decision.events.aggregate(last=Max("position"))["last"] or 0
    if last + len(rows) > LAST_ROW:
        raise DomainError(_("A decision has at most %(most)s rows.") % {"most": LAST_ROW})
    events = ReorganizationEvent.objects.bulk_create(
        ReorganizationEvent(
            reorganization=decision, position=last + number, kind=row.kind, entered_by=by
        )
        for number, row in enumerate(rows, start=1)
    )
    _write_units(list(zip(events, rows, strict=True)))
    return events


def _write_units(events: Sequence[tuple[ReorganizationEvent, EventRow]]) -> None:
    """Write the units of events; those beneath a new one of the batch after that one."""
    made: dict[int, EventUnit] = {}
    waiting = [unit for event, row in events for unit in _units(event, row, made)]
    while waiting:
        ready = [unit for unit, beneath in waiting if beneath is None or made[id(beneath)].pk]
        if not ready:
            raise DomainError(fields={"results": _("There is no such superior organisation.")})
        for unit, beneath in waiting:
            if beneath is not None and made[id(beneath)].pk:
                unit.under_unit = made[id(beneath)]
        written = {id(unit) for unit in ready}
        EventUnit.objects.bulk_create(ready, batch_size=2000)
        waiting = [(unit, beneath) for unit, beneath in waiting if id(unit) not in written]


def _units(
    event: ReorganizationEvent, row: EventRow, made: dict[int, EventUnit]
) -> list[tuple[EventUnit, NewUnit | None]]:
    """Return [(unit, the new one of this batch that it stands beneath)]; fills in `made`."""
    units: list[tuple[EventUnit, NewUnit | None]] = [
        (EventUnit(event=event, part=EventUnit.Part.SOURCE, position=place, organization=one), None)
        for place, one in enumerate(row.sources, start=1)
    ]
    for place, result in enumerate(row.results, start=1):
        unit = EventUnit(event=event, part=EventUnit.Part.RESULT, position=place)
        beneath = None
        if isinstance(result, NewUnit):
            _describe(unit, result)
            made[id(result)] = unit
            beneath = result.under if isinstance(result.under, NewUnit) else None
            if row.kind == ReorganizationKind.CONVERT and place == 1:
                unit.organization = row.sources[0]
                unit.is_new = False
        else:
            unit.organization = result
        units.append((unit, beneath))
    return units


def _describe(unit: EventUnit, new: NewUnit) -> None:
    unit.is_new = True
    unit.name = names.written(new.name)
    unit.short_name = names.written(new.short_name or new.name)[:60]
    unit.kind_id = new.kind
    if isinstance(new.under, EventUnit):
        unit.under_unit = new.under
    elif isinstance(new.under, Organization):
        unit.under = new.under


def refuse_row(row: EventRow, *, kinds: Mapping[str, OrganizationKind]) -> None:
    """Refuse a row for its shape, its length or its new units, whatever else is in the decision."""
    refuse_shape(row.kind, row.sources, row.results, new=NewUnit)
    for field, units in (("sources", row.sources), ("results", row.results)):
        if len(units) > MOST_UNITS:
            raise DomainError(fields={field: _("At most %(n)s at once.") % {"n": MOST_UNITS}})
    _refuse_new_units(row, kinds=kinds)


def refuse_characters(text: str) -> None:
    """Refuse a name that hides what it is, or that a spreadsheet would take for a formula."""
    if any(unicodedata.category(character).startswith("C") for character in text):
        raise DomainError(
            fields={
                "results": _(
                    "There is a hidden character in it. Type it again rather than pasting."
                )
            }
        )
    if "<" in text or ">" in text:
        raise DomainError(fields={"results": _("The characters < and > can't be used here.")})
    if text and text[0] in "=+-@":
        raise DomainError(
            fields={"results": _("A name does not begin with “%(sign)s”.") % {"sign": text[0]}}
        )
    if text and not any(character.isalpha() for character in text):
        raise DomainError(fields={"results": _("A name has letters in it.")})


def _refuse_new_units(row: EventRow, *, kinds: Mapping[str, OrganizationKind]) -> None:
    for place, result in enumerate(row.results, start=1):
        if not isinstance(result, NewUnit):
            continue
        keeps = row.kind == ReorganizationKind.CONVERT and place == 1
        name = names.written(result.name)
        if not name and not keeps:
            raise DomainError(fields={"results": _("Enter a name.")})
        refuse_characters(name)
        refuse_characters(names.written(result.short_name))
        if len(name) > 160:
            raise DomainError(fields={"results": _("At most %(most)s characters.") % {"most": 160}})
        if result.kind not in kinds:
            raise DomainError(fields={"results": _("There is no such kind of organisation.")})


def _refuse_strangers(decision: Reorganization, rows: Sequence[EventRow]) -> None:
    """Refuse what does not stand beneath the deciding organisation on the effective day."""
    sources = {unit.pk: unit for row in rows for unit in row.sources}
    results = {
        unit.pk: unit for row in rows for unit in row.results if not isinstance(unit, NewUnit)
    }
    unders = {
        new.under.pk: new.under
        for row in rows
        for new in row.results
        if isinstance(new, NewUnit) and isinstance(new.under, Organization)
    }
    foreign = {
        new.under.pk
        for row in rows
        for new in row.results
        if isinstance(new, NewUnit) and isinstance(new.under, EventUnit)
    } - set(
        EventUnit.objects.filter(event__reorganization=decision, is_new=True).values_list(
            "pk", flat=True
        )
    )
    if foreign:
        raise DomainError(fields={"results": _("There is no such superior organisation.")})
    mine = set(
        Ancestry.objects.on(decision.effective_on)
        .filter(ancestor=decision.organization_id, descendant__in={**sources, **results, **unders})
        .values_list("descendant", flat=True)
    )
    for field, units in (("sources", sources), ("results", {**results, **unders})):
        for pk, unit in units.items():
            if pk not in mine:
                raise DomainError(
                    fields={
                        field: _("%(unit)s does not stand beneath %(organization)s on %(day)s.")
                        % {
                            "unit": unit,
                            "organization": decision.organization,
                            "day": f"{decision.effective_on:%d/%m/%Y}",
                        }
                    }
                )


@transaction.atomic
def withdraw_event(event: ReorganizationEvent, *, by: User, on: date) -> ReorganizationEvent:
    """Take `event` out of its draft; its row stays. Twice is once.

    Raises DomainError where another event places a unit beneath one that this event makes.
    """
    decision = locked_draft(event.reorganization, by=by, on=on)
    found = decision.events.get(pk=event.pk)
    needed = EventUnit.objects.filter(under_unit__event=found, event__is_withdrawn=False).exclude(
        event=found
    )
    if user := needed.select_related("event").first():
        raise DomainError(
            _("Row %(row)s places a unit beneath one that this row makes: take that out first.")
            % {"row": user.event.position}
        )
    found.is_withdrawn = True
    found.save(update_fields=["is_withdrawn"])
    edited(decision)
    return found


@transaction.atomic
def assign(event: ReorganizationEvent, *, by: User, on: date, people: Mapping[int, int]) -> int:
    """Say of `people` {person id: id of a result of the event} where each goes; return how many.

    Said anew of a person, the last word counts. Raises DomainError at `people` where a unit is
    no result of the event.
    """
    decision = locked_draft(event.reorganization, by=by, on=on)
    results = set(
        EventUnit.objects.filter(
            event=event, event__reorganization=decision, part=EventUnit.Part.RESULT
        ).values_list("pk", flat=True)
    )
    if not set(people.values()) <= results:
        raise DomainError(fields={"people": _("Choose one of the results of this row.")})
    if Person.objects.filter(pk__in=people).count() < len(people):
        raise DomainError(fields={"people": _("There is no such person.")})
    EventAssignment.objects.bulk_create(
        (
            EventAssignment(event=event, person_id=person, unit_id=unit)
            for person, unit in people.items()
        ),
        update_conflicts=True,
        unique_fields=["event", "person"],
        update_fields=["unit"],
        batch_size=2000,
    )
    edited(decision)
    return len(people)


@transaction.atomic
def choose(
    event: ReorganizationEvent, *, by: User, on: date, label: str, cleaned: Mapping[str, Any]
) -> ReorganizationEvent:
    """Keep what the drafter chose for `event` in the app `label`, as its handler puts it.

    The ground floor's own, label "organizations": {"units": {organisation id: id of a result}},
    where each unit beneath a split committee goes. DomainError(fields=…) by the handler.
    """
    decision = locked_draft(event.reorganization, by=by, on=on)
    found = decision.events.get(pk=event.pk)
    planned = next((one for one in plan_of(decision).events if one.event.pk == found.pk), None)
    if planned is None:
        raise DomainError(_("This row was taken out."))
    if label == OURS:
        chosen = _chosen_units(planned.results, cleaned.get("units") or {})
    else:
        handler = next((one for one in handlers if one.label == label), None)
        if handler is None:
            raise DomainError(_("Nobody asks for this choice."))
        chosen = handler.chosen(planned, cleaned)
    found.choices = {
        **found.choices,
        label: chosen,
        ANSWERS: {**found.choices.get(ANSWERS, {}), **_answers(label, cleaned)},
    }
    found.save(update_fields=["choices"])
    edited(decision)
    return found


def _answers(label: str, cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was answered to the fields of `label`, so that its form shows it again."""
    return {
        f"{label}-{name}": value
        for name, value in cleaned.items()
        if isinstance(value, str | int | None)
    }


def _chosen_units(results: Sequence[EventUnit], units: Mapping[Any, Any]) -> dict[str, Any]:
    known = {unit.pk for unit in results}
    try:
        chosen = {str(int(unit)): int(result) for unit, result in units.items()}
    except (TypeError, ValueError) as error:
        raise DomainError(fields={"units": _("Choose one of the results of this row.")}) from error
    if not set(chosen.values()) <= known:
        raise DomainError(fields={"units": _("Choose one of the results of this row.")})
    return {"units": chosen}


@transaction.atomic
def cancel(reorganization: Reorganization, *, by: User, on: date, reason: str) -> Reorganization:
    """Cancel a decision that is not applied; nothing but its own row tells of it.

    Raises PermissionDenied where `by` is neither staff nor approver over it, DomainError at
    `reason` without one, ConflictError where it is applied or cancelled already.
    """
    decision = at_once(reorganization)
    if not acts(by, *CONFIRM_REORGANIZATION.roles, over=decision.organization, on=on):
        raise PermissionDenied
    if decision.state in (Reorganization.State.APPLIED, Reorganization.State.CANCELLED):
        raise ConflictError(
            _("Decision No %(number)s cannot be cancelled: %(state)s.")
            % {"number": decision.number, "state": decision.get_state_display()}
        )
    if not reason.strip():
        raise DomainError(fields={"reason": _("Give the reason.")})
    decision.state = Reorganization.State.CANCELLED
    decision.cancelled_by = by
    decision.cancelled_at = clock.now()
    decision.cancel_reason = names.written(reason)[:300]
    decision.version += 1
    decision.save(
        update_fields=["state", "cancelled_by", "cancelled_at", "cancel_reason", "version"]
    )
    if decision.job is not None:
        jobs.fail(decision.job, _("The decision was cancelled: %(reason)s") % {"reason": reason})
    return decision

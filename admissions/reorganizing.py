"""What a reorganisation does to files: those in flight move with their people, none is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.models import Admission, Ballot, Candidate, Decision, FileMove, Mentorship
from admissions.stages import (
    OPEN_STAGES,
    WITH_THE_COMMITTEES,
    Stage,
)
from config.errors import DomainError
from organizations.models import (
    Ancestry,
    Competence,
    Designation,
    EventUnit,
    Membership,
    Reorganization,
)
from organizations.operations.reorganizations.planning import among
from organizations.reorganizing import Line, PlannedEvent, Refusal, Section

if TYPE_CHECKING:
    from django import forms

    from organizations.models import User
    from organizations.reorganizing import Plan, Progress

SHOWN = 50
"""How many of a kind a section lists."""
AT_ONCE = 2000

Kind = Reorganization.Kind
UNITES = frozenset({Kind.MERGE, Kind.CONSOLIDATE, Kind.DISSOLVE, Kind.DISBAND})
"""Kinds of event whose sources hand what stands beneath them to a result."""


@dataclass(frozen=True)
class Places:
    """Where organisations stand and who decides, as the plan leaves them.

    An organisation is its id, or the negative id of an `EventUnit` that is not founded yet.
    """

    plan: Plan
    parents: Mapping[int, int]
    competent: frozenset[int]
    cells: frozenset[int]

    @cached_property
    def _moved(self) -> dict[int, EventUnit]:
        """{organisation: the result beneath which an event puts it}."""
        return {
            unit.pk: planned.results[0]
            for planned in self.plan.events
            if planned.event.kind == Kind.MOVE and planned.results
            for unit in planned.sources
        }

    @cached_property
    def _ended(self) -> dict[int, PlannedEvent]:
        return {unit.pk: planned for planned in self.plan.events for unit in planned.ends}

    @cached_property
    def _sent(self) -> dict[int, EventUnit]:
        """{organisation: the result beneath which somebody put it by name}."""
        units = {one.pk: one for planned in self.plan.events for one in planned.results}
        named: dict[int, EventUnit] = {}
        for planned in self.plan.events:
            chosen = planned.event.choices.get("organizations", {}).get("units", {})
            named |= {int(key): units[value] for key, value in chosen.items() if value in units}
        return named

    @cached_property
    def _new(self) -> dict[int, tuple[EventUnit, PlannedEvent]]:
        return {
            unit.place_id: (unit, planned)
            for planned in self.plan.events
            for unit in planned.results
            if unit.is_new
        }

    def above(self, organization: int) -> int | None:
        """Return what stands directly above `organization` after the plan."""
        if organization in self._new:
            unit, planned = self._new[organization]
            if unit.under_unit is not None:
                return unit.under_unit.place_id
            if unit.under_id is not None:
                return unit.under_id
            if not planned.sources:
                return None
            first = planned.sources[0].pk
            # The parts of a unit that is raised stand beneath it.
            return first if planned.event.kind == Kind.CONVERT else self.above(first)
        if organization in self._sent:
            return self._sent[organization].place_id
        if organization in self._moved:
            return self._moved[organization].place_id
        parent = self.parents.get(organization)
        return self._heir(parent, of=organization) if parent in self._ended else parent

    def _heir(self, ended: int | None, *, of: int) -> int | None:
        """Return what takes over `of` from `ended` above it: a result, else what was above that."""
        if ended is None or ended not in self._ended:
            return ended
        for unit in self._ended[ended].results:
            if self._ended[ended].event.kind in UNITES and unit.place_id not in self.cells:
                if unit.place_id == of:  # it takes the place of the one above that it takes over
                    break
                return unit.place_id
        return self._heir(self.parents.get(ended), of=of)

    def decides(self, cell: int) -> int | None:
        """Return who decides on the candidates of `cell` after the plan, None for nobody."""
        seen: set[int] = set()
        here: int | None = cell
        while here is not None and here not in seen:
            if here in self.competent and here not in self._ended:
                return here
            seen.add(here)
            here = self.above(here)
        return None


@dataclass(frozen=True)
class InFlight:
    """A live file that the plan concerns: where it is, and to which result it goes, if any."""

    file: Candidate
    goes_to: EventUnit | None
    decided_before: int | None
    decided_after: int | None

    @property
    def moves(self) -> bool:
        """Say whether the file itself goes to another cell."""
        return self.goes_to is not None and self.goes_to.organization_id != self.file.cell_id

    @property
    def cell_after(self) -> int:
        """Return the cell that has the file after the plan."""
        return self.file.cell_id if self.goes_to is None else self.goes_to.place_id


class Reading:
    """The live files that a plan concerns, read once; the tree is that of the day before.

    So it says the same before the plan is applied and while it is: earlier days keep their tree.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.eve = plan.on - timedelta(days=1)
        self.ended = {unit.pk for unit in plan.ended()}
        self.emptied = plan.emptied() | self.ended
        self.row_of = {unit.pk: planned.row for planned in plan.events for unit in planned.sources}

    @cached_property
    def _live(self) -> list[Candidate]:
        named = {unit.pk for planned in self.plan.events for unit in planned.sources}
        beneath = Ancestry.objects.on(self.eve).filter(among("ancestor", named))
        cells = {*beneath.values_list("descendant", flat=True), *self.emptied}
        files = Candidate.objects.live().filter(among("cell", cells)).select_related("person")
        return list(files.order_by("cell", "number"))

    @cached_property
    def files(self) -> list[InFlight]:
        """The live files of all cells beneath what the plan names, in the order of their cells."""
        places = self._places
        found = []
        for file in self._live:
            goes_to = self.plan.destination(file.cell_id, file.person_id)
            line = self._line(file.cell_id)
            before = next((one for one in line if one in places.competent), None)
            after = places.decides(file.cell_id if goes_to is None else goes_to.place_id)
            found.append(InFlight(file, goes_to, before, after))
        return found

    def _line(self, organization: int) -> list[int]:
        """Return `organization` and what stood above it on the day before, from below."""
        line = [organization]
        while (parent := self._parents.get(line[-1])) is not None and parent not in line:
            line.append(parent)
        return line

    @cached_property
    def _involved(self) -> set[int]:
        """What the plan names, the cells of its files, and all that stood above them."""
        asked = {file.cell_id for file in self._live} | self.plan.touched()
        asked |= {
            unit.under_id
            for planned in self.plan.events
            for unit in planned.results
            if unit.under_id is not None
        }
        line = Ancestry.objects.on(self.eve).filter(among("descendant", asked))
        return asked | set(line.values_list("ancestor", flat=True))

    @cached_property
    def _parents(self) -> dict[int, int]:
        """{organisation: what stood directly above it on the day before} of those involved."""
        line = Ancestry.objects.on(self.eve).filter(among("descendant", self._involved), depth=1)
        return dict(line.values_list("descendant", "ancestor"))

    @cached_property
    def _places(self) -> Places:
        # Of the day before: one that ends with its body still says who decided until then.
        competent = Competence.objects.filter(
            among("organization", self._involved), period__contains=self.eve
        ).values_list("organization", flat=True)
        cells = {key for key, one in self._called.items() if one.kind.is_cell}
        return Places(self.plan, self._parents, frozenset(competent), frozenset(cells))

    @property
    def moving(self) -> list[InFlight]:
        """Those that go to another cell."""
        return [one for one in self.files if one.moves]

    @property
    def lost(self) -> list[InFlight]:
        """Those of an emptied cell for whom nobody said where they go.

        On probation nobody says it of the file: it goes where the membership goes.
        """
        return [
            one
            for one in self.files
            if one.goes_to is None
            and one.file.cell_id in self.emptied
            and one.file.stage in OPEN_STAGES
        ]

    @property
    def waiting(self) -> list[InFlight]:
        """Those that wait for a body above the cell."""
        return [one for one in self.files if one.file.stage in WITH_THE_COMMITTEES]

    @cached_property
    def parted(self) -> list[tuple[InFlight, Mentorship]]:
        """The candidates who go elsewhere than a helper of theirs from the same cell."""
        moving = {one.file.pk: one for one in self.files if one.file.cell_id in self.emptied}
        helping = list(
            Mentorship.objects.filter(candidate__in=moving, period__contains=self.plan.on)
            .select_related("mentor")
            .order_by("candidate__number", "pk")
        )
        cells = dict(
            Membership.objects.on(self.eve)
            .filter(person__in={one.mentor_id for one in helping})
            .values_list("person", "cell")
        )
        found = []
        for one in helping:
            file = moving[one.candidate_id]
            cell = cells.get(one.mentor_id)
            if cell != file.file.cell_id:
                continue
            unit = self.plan.destination(cell, one.mentor_id)
            if (cell if unit is None else unit.place_id) != file.cell_after:
                found.append((file, one))
        return found

    @cached_property
    def _called(self) -> dict[int, Designation]:
        return Designation.objects.by_organization(self._involved, on=self.plan.on)

    def name(self, organization: int | None) -> str:
        """Return what `organization`, or a result that is not founded yet, is called."""
        if organization is None:
            return _("nobody")
        if organization > 0:
            found = self._called.get(organization)
            return (found.short_name or found.name) if found else ""
        return next(
            (
                unit.short_name or unit.name
                for planned in self.plan.events
                for unit in planned.results
                if unit.pk == -organization
            ),
            "",
        )

    def row(self, one: InFlight) -> int | None:
        """Return the row of the event that concerns the file."""
        return next(
            (self.row_of[unit] for unit in self._line(one.file.cell_id) if unit in self.row_of),
            None,
        )


def read(plan: Plan) -> Reading:
    """Return the reading of `plan`, made once for all that is asked before it is applied."""
    found: Reading = plan.__dict__.setdefault("files_read", Reading(plan))
    return found


class AdmissionsHandler:
    """Moves the live files of emptied cells; admissions stay in the cell that held them.

    Also those on probation: recognition is where the membership is (HD 06-HD/TW 2025, 5.2;
    domain.md 2.9), and the cell that held the ceremony may be no more.
    """

    label = "admissions"

    def fields(self, planned: PlannedEvent) -> Mapping[str, forms.Field]:
        """Return nothing: files follow their people."""
        return {}

    def chosen(self, planned: PlannedEvent, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """Return nothing, there is nothing to choose."""
        return {}

    def sections(self, plan: Plan) -> list[Section]:
        """Return the files that move, those that wait for a body above, helpers left behind."""
        reading = read(plan)
        moving, waiting, parted = reading.moving, reading.waiting, reading.parted
        return [
            Section(
                key="files",
                title=_("Files that move, with the stage each is at"),
                count=len(moving),
                lines=[
                    self._line(one, reading.name(one.file.cell_id), reading.name(one.cell_after))
                    for one in moving[:SHOWN]
                ],
                has_names=True,
            ),
            Section(
                key="open_approvals",
                title=_("Open approvals: resolved by the cell, not decided yet"),
                count=len(waiting),
                lines=[
                    self._line(
                        one, reading.name(one.decided_before), reading.name(one.decided_after)
                    )
                    for one in waiting[:SHOWN]
                ],
                has_names=True,
            ),
            Section(
                key="mentorships",
                title=_("Candidates who go elsewhere than the member who helps them"),
                count=len(parted),
                lines=[
                    Line(
                        text=_("%(person)s (%(number)s), helped by %(mentor)s")
                        % {
                            "person": one.file.person.full_name,
                            "number": one.file.number,
                            "mentor": helping.mentor.full_name,
                        },
                        url=_url(one.file),
                    )
                    for one, helping in parted[:SHOWN]
                ],
                has_names=True,
            ),
        ]

    def _line(self, one: InFlight, before: str, after: str) -> Line:
        file = one.file
        way = before if before == after else f"{before} → {after}"
        return Line(
            text=f"{file.person.full_name} ({file.number}): {Stage(file.stage).label} · {way}",
            url=_url(file),
        )

    def refusals(self, plan: Plan) -> list[Refusal]:
        """Refuse a file that nobody assigned, and what is dated in a unit that was no more."""
        reading = read(plan)
        found = [
            Refusal(reading.row(one), _of_nobody(reading, one)) for one in reading.lost[:SHOWN]
        ]
        day = f"{plan.on:%d/%m/%Y}"
        sentences = {
            _("%(unit)s has %(count)s admissions dated %(day)s or later."): _count(
                Admission.objects.filter(ceremony_on__gte=plan.on), "cell", reading.ended
            ),
            _("%(unit)s has %(count)s votes dated %(day)s or later."): _count(
                Ballot.objects.filter(held_on__gte=plan.on), "organization", reading.ended
            ),
            _("%(unit)s has %(count)s decisions dated %(day)s or later."): _count(
                Decision.objects.filter(signed_on__gte=plan.on), "authority", reading.ended
            ),
        }
        for sentence, counts in sentences.items():
            found += [
                Refusal(
                    reading.row_of.get(unit),
                    sentence % {"unit": reading.name(unit), "count": count, "day": day},
                )
                for unit, count in sorted(counts.items())
            ]
        return found

    def warnings(self, plan: Plan) -> list[Refusal]:
        """Tell of decisions whose ceremony is pending, and of bodies and helpers that change."""
        reading = read(plan)
        decided = Counter(
            reading.row(one)
            for one in reading.files
            if one.file.stage == Stage.DECIDED
            and (one.moves or one.decided_before != one.decided_after)
        )
        elsewhere = Counter(
            reading.row(one) for one in reading.waiting if one.decided_before != one.decided_after
        )
        parted = Counter(reading.row(one) for one, _helping in reading.parted)
        told = (
            (
                decided,
                _(
                    "%(count)s decisions on admission wait for their ceremony; they stay valid and"
                    " the ceremony is held by the cell that takes the file over."
                ),
            ),
            (
                elsewhere,
                _("%(count)s files that the cell has resolved will be decided by another body."),
            ),
            (
                parted,
                _(
                    "%(count)s candidates go elsewhere than the member who helps them: their new"
                    " cell assigns another."
                ),
            ),
        )
        return [
            Refusal(row, sentence % {"count": count})
            for counts, sentence in told
            for row, count in sorted(counts.items(), key=lambda item: item[0] or 0)
        ]

    def apply(self, plan: Plan, *, by: User, progress: Progress) -> dict[str, int]:
        """Move the live files of emptied cells on the day of the plan; return what was moved."""
        reading = Reading(plan)
        # In one order, so that no step of a file waits for us while we wait for it.
        asked = [one.file.pk for one in reading.moving]
        list(
            Candidate.objects.select_for_update(no_key=True)
            .filter(pk__in=asked)
            .order_by("pk")
            .values_list("pk")
        )
        # What was recorded while we waited for the locks counts.
        reading = Reading(plan)
        if lost := reading.lost:
            raise DomainError(_of_nobody(reading, lost[0]))
        told = {"open_approvals": len(reading.waiting), "mentorships": len(reading.parted)}
        return {"files": _move(reading.moving, plan=plan, by=by, progress=progress), **told}

    def figures(self, plan: Plan) -> list[dict[str, Any]]:
        """Return nothing: figures are told by the app above."""
        return []


def _of_nobody(reading: Reading, one: InFlight) -> str:
    return _("Say to which cell the open file %(number)s of %(cell)s goes.") % {
        "number": one.file.number,
        "cell": reading.name(one.file.cell_id),
    }


def _move(moving: list[InFlight], *, plan: Plan, by: User, progress: Progress) -> int:
    def target(one: InFlight) -> int:
        unit = one.goes_to
        if unit is None or unit.organization_id is None:
            raise LookupError(f"file {one.file.number} goes to a cell that is not founded")
        return unit.organization_id

    FileMove.objects.bulk_create(
        (
            FileMove(
                candidate=one.file,
                origin_id=one.file.cell_id,
                destination_id=target(one),
                on=plan.on,
                reason=FileMove.Reason.REORGANISED,
                reorganization=plan.reorganization,
                entered_by=by,
            )
            for one in moving
        ),
        batch_size=AT_ONCE,
    )
    done = 0
    for cell, files in groupby(sorted(moving, key=target), key=target):
        keys = [one.file.pk for one in files]
        done += Candidate.objects.filter(pk__in=keys).update(cell=cell, version=F("version") + 1)
        progress(len(keys))
    return done


def _count(rows: Any, column: str, organizations: set[int]) -> dict[int, int]:
    """Return {organisation id: how many of `rows` name it at `column`}."""
    found = rows.filter(**{f"{column}__in": organizations}).order_by()
    return dict(Counter(found.values_list(column, flat=True)))


def _url(file: Candidate) -> str:
    return reverse("candidate-detail", args=[file.public_id])

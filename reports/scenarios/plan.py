"""What a scenario consists of, as plain data: made without a database, checked before loading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from .people import Someone

Number = int | tuple[int, int]
"""A target: people, or from and to."""


@dataclass(frozen=True)
class Unit:
    """An organisation; `members` are generated in it on 1 January, in cells alone."""

    slug: str
    name: str
    short_name: str
    kind: str
    parent: str | None
    group: str = ""
    sector: str = ""
    members: int = 0
    committee: int = 0
    """People in the body that votes, where the unit is a committee."""


@dataclass(frozen=True)
class Member:
    """A person who belonged to `cell` before; `admitted_on` is set for an admission to count."""

    cell: str
    person: Someone
    since: date
    status: str = "official"
    admitted_on: date | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """Somebody who signs in; those without a name to sign in for keep other units' books."""

    username: str
    full_name: str
    posts: tuple[tuple[str, str, str], ...]
    """(organisation, role, title)"""
    member: int | None = None
    """Its place in the plan's members, where the account is one of them."""
    is_shown: bool = False


@dataclass(frozen=True)
class File:
    """One candidate's way: a day for each step taken; steps that are missing are still to come."""

    number: int
    cell: str
    person: Someone
    groups: tuple[str, ...]
    is_youth_union_member: bool
    days: Mapping[str, date]
    lacks_paper: str = ""
    """A form that has not come in yet, so that the file stays in preparation."""
    certified_on: date | None = None
    """The day on the certificate, where it is older than the file's own."""


@dataclass(frozen=True)
class FileStep:
    """On `day`, `file` takes `step`."""

    day: date
    file: File
    step: str


@dataclass(frozen=True)
class Opening:
    """On `day`, members on 1 January of `year` are reported: {slug: people}."""

    day: date
    year: int
    members: Mapping[str, int]


@dataclass(frozen=True)
class TopTarget:
    """On `day`, a target of the top unit: given from outside by `issuer`, or its own resolution."""

    day: date
    organization: str
    year: int
    form: str
    percent: str | None = None
    low: int | None = None
    high: int | None = None
    decision_number: str = ""
    indicator: str = "KN01"
    span: str = "year"
    until_year: int | None = None
    origin: str = "decision"
    issuer: str = ""
    decided_on: date | None = None
    responsible: str = ""


@dataclass(frozen=True)
class Shares:
    """On `day`, `superior` assigns targets of `year` to those directly beneath it."""

    day: date
    superior: str
    year: int
    numbers: Mapping[str, Number]
    decision_number: str


@dataclass(frozen=True)
class PercentTarget:
    """On `day`, `organization` is given a percentage of its opening members."""

    day: date
    organization: str
    year: int
    percent: str
    decision_number: str


@dataclass(frozen=True)
class Forecast:
    """On `day`, `organization` declares how many it expects in `year`."""

    day: date
    organization: str
    year: int
    people: int
    declared_by: str


@dataclass(frozen=True)
class NoSource:
    """On `day`, `organization` declares that it has no source left."""

    day: date
    organization: str
    grounds: str
    review_on: date


@dataclass(frozen=True)
class Visit:
    """On `day`, people of the superior of `organization` were there to see how it stands."""

    day: date
    organization: str
    who: str
    findings: str


@dataclass(frozen=True)
class Confirmation:
    """On `day`, `organization` confirms its admissions up to the end of `month`, as counted.

    `shortfall` says why it lies behind the plan, where it does.
    """

    day: date
    organization: str
    month: int
    shortfall: str = ""


@dataclass(frozen=True)
class FollowUp:
    """On `day`, the superior of `organization` sends `assignee`, a sign-in name, after it."""

    day: date
    organization: str
    task: str
    assignee: str
    due_on: date


@dataclass(frozen=True)
class FollowUpDone:
    """On `day`, the superior of `organization` closes the task about it that was given last."""

    day: date
    organization: str
    result: str


@dataclass(frozen=True)
class Answer:
    """On `day`, the superior of `organization` accepts that it has no source left."""

    day: date
    organization: str


@dataclass(frozen=True)
class Figure:
    """On `day`, `organization` reports an indicator that the system doesn't count."""

    day: date
    organization: str
    indicator: str
    as_of: date
    numerator: int
    denominator: int | None
    evidence: str


@dataclass(frozen=True)
class Described:
    """An organisation that a decision makes, or what one becomes; `name` "" keeps its name."""

    name: str
    kind: str


@dataclass(frozen=True)
class Change:
    """A row of a decision: units by address, or described where they are new."""

    kind: str
    sources: tuple[str, ...]
    results: tuple[str | Described, ...]


@dataclass(frozen=True)
class Reorganize:
    """On `day`, `organization` decides on `changes`, and a second person confirms it.

    It is applied at once where `effective_on` has come by then, else it waits. Targets go with
    their units; people of a cell that becomes a committee are shared out over its cells.
    """

    day: date
    organization: str
    number: str
    signed_on: date
    effective_on: date
    changes: tuple[Change, ...]
    note: str = ""


@dataclass(frozen=True)
class Class:
    """On `day`, `organization` plans an awareness class; cells propose and some are accepted."""

    day: date
    organization: str
    name: str
    centre: str
    starts_on: date
    ends_on: date
    enrol_by: date
    places: int
    sessions: int
    proposed: tuple[int, ...]
    """Files, by number."""
    accepted: tuple[int, ...]
    """Some of these, by the committee's staff."""


@dataclass(frozen=True)
class TakeOver:
    """On `day`, the admissions of `year` are taken over from earlier records."""

    day: date
    year: int


Event = (
    FileStep
    | TakeOver
    | Opening
    | TopTarget
    | Shares
    | PercentTarget
    | Forecast
    | NoSource
    | Visit
    | Confirmation
    | FollowUp
    | FollowUpDone
    | Answer
    | Figure
    | Reorganize
    | Class
)

STEPS = (
    "identify", "put_on_list", "certify", "assign_mentor", "permit", "receive_paper", "vote_cell",
    "vote_grassroots", "vote_competent", "decide", "admit",
)  # fmt: skip
"""The steps of a file in the order in which they are entered on one day."""


@dataclass(frozen=True)
class AdmissionRound:
    """A day on which admissions are held, with the share of a year's admissions it brings."""

    day: date
    name: str
    weight: int


@dataclass
class Plan:
    """A whole scenario before it's loaded."""

    name: str
    title: str
    seed: int
    day: date
    """The day the demonstration stands on."""
    year: int
    top: str
    since: date
    units: list[Unit] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    others: list[Event] = field(default_factory=list)
    """What happens beside the files."""
    rounds: list[AdmissionRound] = field(default_factory=list)
    authorities: dict[str, int] = field(default_factory=dict)
    """{organisation that decides admissions: members of its deciding body}"""
    clerks: dict[str, str] = field(default_factory=dict)
    """{organisation: who keeps the books of its cells, by sign-in name}; the nearest."""
    staff: dict[str, str] = field(default_factory=dict)
    """{organisation: who enters its votes and figures}, where that is another than its clerk."""
    approvers: dict[str, str] = field(default_factory=dict)
    """{authority: sign-in name that approves its decisions}"""
    years: tuple[int, ...] = ()
    """The years whose figures are computed."""
    index: dict[str, Unit] = field(default_factory=dict, repr=False)
    """The units by address."""

    def unit(self, slug: str) -> Unit:
        return self._by_slug()[slug]

    def above(self, slug: str) -> Iterator[Unit]:
        """Yield the unit `slug` and those above it, nearest first."""
        units = self._by_slug()
        here: str | None = slug
        while here is not None:
            yield units[here]
            here = units[here].parent

    def beneath(self, slug: str) -> list[Unit]:
        """Return the units directly beneath `slug`."""
        return [unit for unit in self.units if unit.parent == slug]

    def ended(self) -> set[str]:
        """Return the units that a decision has ended by the scenario's day."""
        return {
            source
            for event in self.others
            if isinstance(event, Reorganize) and event.effective_on <= self.day
            for change in event.changes
            if change.kind in ENDING_KINDS
            for source in change.sources
        }

    def cells_of(self, slug: str) -> list[Unit]:
        """Return the cells of the subtree of `slug`, itself included."""
        return [
            unit
            for unit in self.units
            if unit.kind in CELL_KINDS
            and any(above.slug == slug for above in self.above(unit.slug))
        ]

    def admitted(self, *, year: int | None = None) -> Counter[str]:
        """Return {organisation: admissions in its subtree}, of `year` or of all years."""
        counted: Counter[str] = Counter()
        for cell, day in self._admissions():
            if year is None or day.year == year:
                counted.update(unit.slug for unit in self.above(cell))
        return counted

    def generated_members(self) -> dict[str, int]:
        """Return {organisation: members generated in its subtree} of every organisation."""
        members = dict.fromkeys((unit.slug for unit in self.units), 0)
        for cell in self.units:
            if cell.members:
                for above in self.above(cell.slug):
                    members[above.slug] += cell.members
        return members

    def events(self) -> list[Event]:
        """Return everything that happens, by day; on one day in the order of the way."""
        steps = [
            FileStep(day, file, step) for file in self.files for step, day in file.days.items()
        ]
        years = {member.admitted_on.year for member in self.members if member.admitted_on}
        past = [TakeOver(date(year + 1, 1, 2), year) for year in sorted(years)]
        happening: list[Event] = [*past, *self.others, *steps]
        late = [event for event in happening if event.day > self.day]
        if late:
            raise ValueError(f"{self.name}: {late[0]} lies after {self.day}")
        return sorted(happening, key=_order)

    def _admissions(self) -> Iterable[tuple[str, date]]:
        for file in self.files:
            if "admit" in file.days:
                yield file.cell, file.days["admit"]
        for member in self.members:
            if member.admitted_on:
                yield member.cell, member.admitted_on

    def _by_slug(self) -> dict[str, Unit]:
        # Units are only ever added, each under an address of its own.
        for unit in self.units[len(self.index) :]:
            self.index[unit.slug] = unit
        return self.index


CELL_KINDS = frozenset({"cell", "grassroots-cell"})
ENDING_KINDS = frozenset({"merge", "consolidate", "dissolve", "disband"})
"""Kinds of a decision's rows after which their sources exist no more."""
GRASSROOTS_KINDS = frozenset({"commune", "grassroots", "grassroots-cell"})


def _order(event: Event) -> tuple[date, int, int]:
    if isinstance(event, FileStep):
        return event.day, 1 + STEPS.index(event.step), event.file.number
    return event.day, 0, 0

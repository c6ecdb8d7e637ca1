"""Making a plan: members of cells, past admissions, and files that run back from one day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from django.utils.text import slugify

from admissions.rules import add_months, full_years, is_working_day
from admissions.stages import Stage
from config import names

from .people import Population, Someone
from .plan import (
    CELL_KINDS,
    GRASSROOTS_KINDS,
    STEPS,
    Account,
    File,
    Member,
    Plan,
)

GAPS = {
    "admit": (6, 16),
    "decide": (0, 3),
    "vote_competent": (7, 18),
    "vote_grassroots": (7, 20),
    "vote_cell": (4, 20),
    "receive_paper": (90, 260),
    "assign_mentor": (4, 60),
    "certify": (30, 120),
    "put_on_list": (10, 90),
}
"""Days between a step and the one before it, from and to."""

PERMITTED_BEFORE = 60
"""Days before the papers on which the committee permitted the procedure: they are made after it,
and the helper was assigned long before."""

LAST_STEP = {
    Stage.SOURCE: "identify",
    Stage.SYMPATHISER: "put_on_list",
    Stage.CERTIFIED: "assign_mentor",
    Stage.DOSSIER: "receive_paper",
    Stage.READY: "receive_paper",
    Stage.CELL_RESOLVED: "vote_cell",
    Stage.GRASSROOTS_RESOLVED: "vote_grassroots",
    Stage.COMPETENT_RESOLVED: "vote_competent",
    Stage.DECIDED: "decide",
    Stage.ADMITTED: "admit",
}

# Where open files of five columns stand; of several stages, each next file takes the next.
COLUMNS = (
    (Stage.SOURCE, Stage.SYMPATHISER),
    (Stage.CERTIFIED,),
    (Stage.DOSSIER,),
    (Stage.READY, Stage.CELL_RESOLVED),
    (Stage.GRASSROOTS_RESOLVED, Stage.COMPETENT_RESOLVED, Stage.DECIDED),
)

# Years in which people of working age were born, seen from the scenario's year.
MEMBERS_BORN = (60, 26)
CANDIDATES_BORN = (34, 20)

YOUNGEST_CERTIFIED = 18
"""Nobody has a certificate before that age: no rule set admits anybody younger."""

YOUTH_AGE = 30

LACKING = ("5-KNĐ", "3-KNĐ", "TTLL")


@dataclass(frozen=True)
class Work:
    """What people of a unit do, and the groups that candidates from it are counted in."""

    occupations: tuple[str, ...]
    groups: tuple[str, ...] = ()
    women_percent: int | None = None


@dataclass
class Maker:
    """Fills one plan from one seeded source."""

    plan: Plan
    population: Population
    without_files: frozenset[str] = frozenset()
    """Cells in which nobody is on the way, such as those that change in the year."""

    @property
    def random(self) -> Random:
        return self.population.random

    def settle(self, *, works: dict[str, Work], admitted_before: dict[str, dict[int, int]]) -> None:
        """Generate the members of every cell on 1 January, past admissions among them.

        `works` is {cell: work}; `admitted_before` is {cell: {year: admissions}}, whose people are
        part of the cell's members.
        """
        for unit in self.plan.units:
            if unit.kind not in CELL_KINDS:
                continue
            work = works[unit.slug]
            newcomers = [
                self._newcomer(unit.slug, year, work)
                for year, count in sorted(admitted_before.get(unit.slug, {}).items())
                for _ in range(count)
            ]
            old = [self._old_hand(unit.slug, work) for _ in range(unit.members - len(newcomers))]
            self.plan.members += [*old, *newcomers]

    def _old_hand(self, cell: str, work: Work) -> Member:
        year = self.plan.year
        oldest, youngest = MEMBERS_BORN
        someone = self.population.someone(
            born=(date(year - oldest, 1, 1), date(year - youngest, 12, 31)),
            occupations=work.occupations,
            women_percent=work.women_percent,
        )
        first = max(self.plan.since, date(someone.born_on.year + 20, 1, 1))
        last = date(year - 5, 12, 31)
        since = self.between(first, last) if first < last else last
        return Member(cell, someone, since)

    def _newcomer(self, cell: str, year: int, work: Work) -> Member:
        admitted_on = self.near(self.choose_round(year))
        someone = self._candidate(work, on=admitted_on)
        is_new = add_months(admitted_on, 12) > self.plan.day
        return Member(
            cell,
            someone,
            since=admitted_on,
            status="probationary" if is_new else "official",
            admitted_on=admitted_on,
            groups=self._groups(someone, work, on=admitted_on),
        )

    def _candidate(self, work: Work, *, on: date) -> Someone:
        oldest, youngest = CANDIDATES_BORN
        # Two in three are not yet thirty.
        oldest = 30 if self.random.random() < 0.66 else oldest + 6
        return self.population.someone(
            born=(date(on.year - oldest, 1, 1), date(on.year - youngest, 12, 31)),
            occupations=work.occupations,
            women_percent=work.women_percent,
        )

    def _groups(self, someone: Someone, work: Work, *, on: date) -> tuple[str, ...]:
        youth = ("youth_union",) if full_years(someone.born_on, on) <= YOUTH_AGE else ()
        return tuple(sorted({*work.groups, *youth}))

    def file(
        self,
        cell: str,
        work: Work,
        *,
        stage: Stage,
        on: date,
        someone: Someone | None = None,
        lacks_paper: str = "",
        certified_on: date | None = None,
    ) -> File:
        """Add a file of `cell` that reached `stage` on day `on`, with earlier steps before it.

        `certified_on` is the day on its certificate, where that is older than its entry.
        """
        someone = someone or self._candidate(work, on=on)
        if stage is Stage.DOSSIER and not lacks_paper:
            lacks_paper = self.random.choice(LACKING)
        days = self._way_to(LAST_STEP[stage], on=on, cell=cell)
        certificate_on = certified_on or days.get("certify", on)
        too_young = YOUNGEST_CERTIFIED - full_years(someone.born_on, certificate_on)
        if too_young > 0:
            someone = self.population.older(someone, years=too_young)
        # A member of the Youth Union as long as of its age when the cell considers: then it and
        # one member introduce, else two members.
        groups = self._groups(someone, work, on=days.get("vote_cell", self.plan.day))
        file = File(
            number=len(self.plan.files) + 1,
            cell=cell,
            person=someone,
            groups=groups,
            is_youth_union_member="youth_union" in groups,
            days=days,
            lacks_paper=lacks_paper,
            certified_on=certified_on,
        )
        self.plan.files.append(file)
        return file

    def _way_to(self, last: str, *, on: date, cell: str) -> dict[str, date]:
        steps = [step for step in STEPS if self._takes(step, cell)]
        day = on
        days = {}
        for step in reversed(steps[: steps.index(last) + 1]):
            days[step] = day
            least, most = GAPS.get(step, (0, 0))
            day = working_day_by(day - timedelta(days=self.random.randint(least, most)))
        if "receive_paper" in days:
            days["permit"] = working_day_by(
                days["receive_paper"] - timedelta(days=PERMITTED_BEFORE)
            )
        return dict(sorted(days.items(), key=lambda one: STEPS.index(one[0])))

    def _takes(self, step: str, cell: str) -> bool:
        if step == "permit":
            return False  # its day follows from that of the papers
        return step != "vote_grassroots" or self.plan.unit(cell).kind not in GRASSROOTS_KINDS

    def admit(self, cell: str, work: Work, *, count: int = 1) -> None:
        """Add `count` files of `cell` that end with a ceremony near a round of the year so far."""
        held = [round_ for round_ in self.plan.rounds if round_.day <= self.plan.day]
        for _ in range(count):
            round_ = self.random.choices(held, [one.weight for one in held])[0]
            day = min(self.near(round_.day), self.plan.day)
            self.file(cell, work, stage=Stage.ADMITTED, on=day)

    def admit_beneath(self, unit: str, total: int, *, works: dict[str, Work]) -> None:
        """Add `total` admissions in the cells of `unit`, drawn by size."""
        for cell in self._draw(unit, total):
            self.admit(cell, works[cell])

    def wait(self, cell: str, work: Work, *, stage: Stage) -> None:
        """Add a file of `cell` that stands at `stage` on the scenario's day."""
        longest = 200 if stage in {Stage.SOURCE, Stage.SYMPATHISER} else 32
        ago = self.random.randint(3, longest)
        on = working_day_by(self.plan.day - timedelta(days=ago))
        self.file(cell, work, stage=stage, on=on)

    def wait_beneath(self, unit: str, columns: Sequence[int], *, works: dict[str, Work]) -> None:
        """Add files on their way in the cells of `unit`: how many in each of `COLUMNS`."""
        for stages, total in zip(COLUMNS, columns, strict=True):
            for index, cell in enumerate(self._draw(unit, total)):
                self.wait(cell, works[cell], stage=stages[index % len(stages)])

    def spread(self, unit: str, totals: dict[int, int]) -> dict[str, dict[int, int]]:
        """Spread {year: admissions} of `unit` over its cells by the room they have.

        Each cell keeps at least four members who came otherwise.
        """
        before: dict[str, dict[int, int]] = {}
        room = {cell.slug: cell.members - 4 for cell in self.plan.cells_of(unit)}
        for year, total in totals.items():
            for _ in range(total):
                able = [slug for slug, left in room.items() if left > 0]
                slug = self.random.choices(able, [room[slug] for slug in able])[0]
                room[slug] -= 1
                years = before.setdefault(slug, {})
                years[year] = years.get(year, 0) + 1
        return before

    def _draw(self, unit: str, total: int) -> list[str]:
        cells = [
            cell
            for cell in (self.plan.cells_of(unit) if total else [])
            if cell.slug not in self.without_files
        ]
        weights = [cell.members for cell in cells]
        return [cell.slug for cell in self.random.choices(cells, weights, k=total)] if cells else []

    def choose_round(self, year: int) -> date:
        """Return the day of one of the rounds of a past year, by weight."""
        rounds = self.plan.rounds
        chosen = self.random.choices(rounds, [round_.weight for round_ in rounds])[0]
        return date(year, chosen.day.month, chosen.day.day)

    def near(self, day: date) -> date:
        """Return a day for a ceremony of the round of `day`: it, or up to four days before."""
        return day - timedelta(days=self.random.choice((0, 0, 0, 1, 2, 3, 4)))

    def between(self, first: date, last: date) -> date:
        return first + timedelta(days=self.random.randrange((last - first).days + 1))

    def account(
        self,
        username: str,
        *posts: tuple[str, str, str],
        member_of: str | None = None,
        is_shown: bool = False,
    ) -> None:
        """Add an account with `posts`; of a member of `member_of` who has none yet, if given."""
        taken = {account.member for account in self.plan.accounts}
        member = next(
            (
                index
                for index, person in enumerate(self.plan.members)
                if person.cell == member_of
                and person.status == "official"
                and person.admitted_on is None
                and index not in taken
            ),
            None,
        )
        full_name = (
            self.population.name(self.population.sex())
            if member is None
            else self.plan.members[member].person.full_name
        )
        self.plan.accounts.append(Account(username, full_name, posts, member, is_shown))

    def centre(self, unit: str) -> None:
        """Add the sign-in of the political centre of `unit`; last, as it draws a name too."""
        self.account("trungtam", (unit, "centre", "Trung tâm chính trị"), is_shown=True)

    def clerk(self, unit: str, *, short_name: str, also: Sequence[str] = ()) -> None:
        """Add the account that keeps the books of `unit` and of the committees `also` beneath."""
        username = f"nhap-lieu-{unit}"
        title = f"Nhập liệu {short_name}"[:80]
        self.account(
            username,
            (unit, "secretary", title),
            *((committee, "staff", title) for committee in (unit, *also)),
        )
        self.plan.clerks[unit] = username


def share_out(total: int, weights: Sequence[int], *, least: int = 0) -> list[int]:
    """Split `total` over `weights` in proportion, to whole people, each at least `least`.

    Largest remainder, ties to the first.

    >>> share_out(10, [1, 1, 1])
    [4, 3, 3]
    """
    rest = total - least * len(weights)
    whole = sum(weights)
    if rest < 0 or not whole:
        raise ValueError(f"{total} cannot be shared over {len(weights)}")
    shares = [rest * weight // whole for weight in weights]
    remainders = sorted(
        range(len(weights)), key=lambda index: (-(rest * weights[index] % whole), index)
    )
    for index in remainders[: rest - sum(shares)]:
        shares[index] += 1
    return [least + share for share in shares]


def slug_of(name: str) -> str:
    """Return `name` as an address.

    >>> slug_of("Phân xưởng Thông gió – Đo khí")
    'phan-xuong-thong-gio-do-khi'
    """
    return slugify(names.search_key(name))


def working_day_by(day: date) -> date:
    """Return the last working day up to `day`."""
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day

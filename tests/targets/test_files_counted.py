"""Members on probation, certificates, people identified, files closed: counted where they lay.

Each at the cell, the committee and the top, in both lenses, as news are folded, as of a past day,
and by the judge, which counts all of it anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from admissions.models import (
    Admission,
    Candidate,
    Certificate,
    DecisionReview,
    Milestone,
    RuleSet,
)
from admissions.operations.cancellations import ask_cancellation, cancel_decision
from admissions.operations.candidates import close_candidate
from admissions.operations.ceremonies import hold_ceremony, reverse_admission
from admissions.operations.preparation import issue_certificate, put_on_list
from admissions.operations.recording import record, tell_stage
from admissions.stages import Stage, Step
from organizations.models import Organization, Outbox, Person, Placement
from organizations.models.person import name_columns
from organizations.operations.outbox import announce
from organizations.operations.people import depart, restore
from organizations.operations.structure import move
from organizations.operations.transfers import accept, release, request_transfer
from reports.selectors.records import records
from reports.selectors.standing import look
from targets import sql
from targets.measures import BY_NAME
from targets.models import Attainment, FiguredYear
from targets.operations.attainment import fold, recompute
from tests.makers import (
    DAY,
    WAY,
    World,
    account,
    candidate,
    logged,
    membership_of,
    moves,
    officer,
    on_probation,
    recognised,
    unit,
    voted_on_recognition,
    world,
)
from tests.targets.makers import apart, cells_of, committees_of, grow, line_above, parted, stand_on

pytestmark = pytest.mark.django_db
NAMES = ("on_probation", "certified", "identified", "closed_unadmitted")


def counted(name: str, *units: Organization, year: int = 2021, lens: str = "now") -> list[int]:
    """What `name` came to in each of `units`."""
    rows = Attainment.objects.filter(year=year, lens=lens)
    found = {row.organization_id: getattr(row, name) for row in rows}
    return [found[one.pk] for one in units]


def then(name: str, *units: Organization, on: date, today: date, lens: str = "then") -> list[int]:
    """What `name` came to in each of `units` as of day `on`."""
    keys = [one.pk for one in units]
    rows = sql.read(keys, year=on.year, lens=lens, on=on, today=today)
    return [getattr(rows[key], name) for key in keys]


@pytest.fixture
def w(computed: list[set[int]]) -> World:
    """The world whose figures of 2020 and 2021 are known and of this very day."""
    made = world()
    fold()
    for year in (2020, 2021):
        recompute(year)
    del computed[:]
    return made


def line(w: World) -> tuple[Organization, ...]:
    return w.cell, w.committee, w.top


def everywhere(w: World, name: str, *, year: int = 2021) -> list[list[int]]:
    """`name` of cell, committee and top, in lens *then* and *now*."""
    return [counted(name, *line(w), year=year, lens=lens) for lens in ("then", "now")]


# ---------------------------------------------------------------- on probation


def test_whoever_is_admitted_is_on_probation_from_the_ceremony_on_at_every_level(
    w: World, computed: list[set[int]]
) -> None:
    file = candidate(w, at=Stage.DECIDED)
    fold()
    assert everywhere(w, "on_probation") == [[0, 0, 0]] * 2
    del computed[:]

    hold_ceremony(file, by=w.secretary, on=DAY, ceremony_on=WAY["ceremony_on"])
    fold()

    assert computed == [set()]
    assert everywhere(w, "on_probation") == [[1, 1, 1]] * 2
    assert everywhere(w, "files_decided") == [[0, 0, 0]] * 2
    assert then("on_probation", *line(w), on=date(2021, 5, 18), today=DAY) == [0, 0, 0]
    assert then("on_probation", *line(w), on=date(2021, 5, 19), today=DAY) == [1, 1, 1]
    assert not parted()


def test_probation_ends_with_recognition_in_the_running_year_and_not_in_the_one_before(
    w: World, computed: list[set[int]]
) -> None:
    file = on_probation(w)
    fold()
    today = date(2022, 7, 1)
    stand_on(today)
    voted_on_recognition(w, file, from_day=date(2022, 5, 19), on=today)
    fold()
    recompute(2022)
    assert everywhere(w, "on_probation", year=2022) == [[1, 1, 1]] * 2
    del computed[:]

    recognised(w, file, signed_on=date(2022, 6, 20), on=today)
    fold()

    assert computed == [set()]
    assert everywhere(w, "on_probation", year=2022) == [[0, 0, 0]] * 2
    assert everywhere(w, "on_probation", year=2021) == [[1, 1, 1]] * 2
    assert then("on_probation", w.cell, on=date(2022, 6, 19), today=today) == [1]
    assert then("on_probation", w.cell, on=date(2022, 6, 20), today=today) == [0]
    assert not parted()


def test_a_reversed_admission_is_no_probation_from_the_day_of_its_reversal(w: World) -> None:
    file = on_probation(w)
    fold()

    reverse_admission(
        Admission.objects.get(candidate=file), by=officer("duyet-khac", w.top, "approver"), on=DAY,
        reason="Không đủ tiêu chuẩn", decided_on=date(2021, 5, 25),
    )  # fmt: skip
    fold()

    assert everywhere(w, "on_probation") == [[0, 0, 0]] * 2
    assert then("on_probation", w.top, on=date(2021, 5, 24), today=DAY) == [1]
    # Not among the files closed: it counts minus one among the admitted.
    assert everywhere(w, "closed_unadmitted") == [[0, 0, 0]] * 2
    assert not parted()


def test_a_cancelled_decision_takes_the_member_back_among_the_open_files(w: World) -> None:
    file = on_probation(w)
    fold()
    review = ask_cancellation(
        file, by=w.staff2, on=DAY, ground=DecisionReview.Ground.PROCEDURE, reason="Sai thẩm quyền",
        asked_on=date(2021, 5, 24), back_to=Stage.READY,
    )  # fmt: skip

    cancel_decision(
        review, by=officer("duyet-khac", w.top, "approver"), on=DAY, number="1-HB/ĐU",
        signed_on=date(2021, 5, 26), signer="Nguyễn Văn Bí thư",
    )  # fmt: skip
    fold()

    assert everywhere(w, "on_probation") == [[0, 0, 0]] * 2
    assert everywhere(w, "files_cell") == [[1, 1, 1]] * 2
    assert then("on_probation", w.top, on=date(2021, 5, 25), today=DAY) == [1]
    assert not parted()


def test_a_member_on_probation_counts_in_the_new_cell_from_the_day_of_the_transfer_on(
    w: World, computed: list[set[int]]
) -> None:
    file = on_probation(w)
    fold()
    day = DAY + timedelta(days=4)
    asked = request_transfer(
        file.person, by=w.secretary, on=DAY, kind="official", destination=w.sibling
    )
    del computed[:]

    accept(release(asked, by=w.secretary, on=DAY, effective_on=day), by=w.secretary2, on=DAY)
    fold()

    # Agreed for a day to come: until then the member is of the old cell.
    assert computed == [set()]
    assert counted("on_probation", w.cell, w.sibling, w.committee) == [1, 0, 1]
    assert [people(w, one) for one in (w.cell, w.sibling)] == [1, 0]
    assert not parted()
    stand_on(day)
    assert not recompute(2021).errors
    assert counted("on_probation", w.cell, w.sibling, w.committee) == [0, 1, 1]
    assert [people(w, one, day=day) for one in (w.cell, w.sibling)] == [0, 1]
    before = day - timedelta(days=1)
    assert then("on_probation", w.cell, w.sibling, on=before, today=day) == [1, 0]


def people(w: World, of: Organization, *, name: str = "on_probation", day: date = DAY) -> int:
    """How many are listed behind the number."""
    found = records(of, BY_NAME[name], look(day.year, lens="now", today=day), user=w.staff2)
    assert found.people == found.seen
    return found.people


def test_a_transfer_of_a_day_gone_by_is_told_at_once(w: World, computed: list[set[int]]) -> None:
    file = on_probation(w)
    fold()
    asked = request_transfer(
        file.person, by=w.secretary, on=DAY, kind="official", destination=w.sibling
    )
    released = release(asked, by=w.secretary, on=DAY, effective_on=DAY)
    del computed[:]

    accept(released, by=w.secretary2, on=DAY)
    fold()

    assert computed == [set()]
    assert counted("on_probation", w.cell, w.sibling, w.committee) == [0, 1, 1]
    assert not parted()


def test_a_year_to_come_with_figures_hears_of_the_day_of_the_transfer(
    w: World, computed: list[set[int]]
) -> None:
    file = on_probation(w)
    recompute(2022)
    day = DAY + timedelta(days=4)
    asked = request_transfer(
        file.person, by=w.secretary, on=DAY, kind="official", destination=w.sibling
    )
    accept(release(asked, by=w.secretary, on=DAY, effective_on=day), by=w.secretary2, on=DAY)
    fold()
    assert counted("on_probation", w.cell, w.sibling, year=2022) == [1, 0]

    stand_on(day)
    logged(w)
    fold()

    assert counted("on_probation", w.cell, w.sibling, year=2022) == [0, 1]
    assert not parted()


def test_who_dies_or_is_expelled_on_probation_is_on_probation_no_more_unless_restored(
    w: World,
) -> None:
    dead, expelled = on_probation(w), on_probation(w)
    fold()
    assert everywhere(w, "on_probation") == [[2, 2, 2]] * 2

    depart(
        membership_of(dead.person), by=w.secretary, on=DAY, reason="deceased",
        happened_on=date(2021, 5, 24),
    )  # fmt: skip
    fold()
    assert everywhere(w, "on_probation") == [[1, 1, 1]] * 2
    gone = membership_of(expelled.person)
    depart(
        gone, by=w.secretary, on=DAY, reason="expelled", happened_on=date(2021, 5, 25),
        decision_number="7-QĐ/ĐU", decided_on=date(2021, 5, 24),
    )  # fmt: skip
    fold()
    assert everywhere(w, "on_probation") == [[0, 0, 0]] * 2
    assert people(w, w.top) == 0
    assert then("on_probation", w.top, on=date(2021, 5, 23), today=DAY) == [2]
    assert then("on_probation", w.top, on=date(2021, 5, 24), today=DAY) == [1]
    assert not parted()

    restore(gone, by=w.staff2, on=DAY, restored_on=date(2021, 5, 27), cell=w.cell)
    fold()
    assert everywhere(w, "on_probation") == [[1, 1, 1]] * 2
    assert people(w, w.top) == 1
    assert not parted()


def test_whoever_left_and_whose_decision_is_cancelled_is_not_taken_off_twice(w: World) -> None:
    file = on_probation(w)
    depart(
        membership_of(file.person), by=w.secretary, on=DAY, reason="deceased",
        happened_on=date(2021, 5, 24),
    )  # fmt: skip
    fold()
    file = Candidate.objects.get(pk=file.pk)

    back = Milestone(
        candidate=file, step=Step.CANCEL, on=DAY, back_to=Stage.READY, entered_by=w.secretary
    )
    record(file, [back], announced_on=DAY)
    fold()

    assert everywhere(w, "on_probation") == [[0, 0, 0]] * 2
    assert everywhere(w, "files_cell") == [[1, 1, 1]] * 2
    assert not parted()


def test_of_a_moved_cell_members_on_probation_stand_beneath_their_committee_of_the_day(
    w: World,
) -> None:
    on_probation(w)
    fold()
    other = unit("other", w.top)

    move(w.cell, under=other, on=date(2021, 5, 21))
    fold()

    assert counted("on_probation", w.committee, other, w.top, lens="now") == [0, 1, 1]
    assert counted("on_probation", w.committee, other, w.top, lens="then") == [0, 1, 1]
    day = date(2021, 5, 20)
    assert then("on_probation", w.committee, w.top, on=day, today=DAY) == [1, 1]
    assert not parted()


# ---------------------------------------------------------------- certificates


def certify(w: World, file: Candidate, on: date, *, number: str = "CN-1") -> Certificate:
    return issue_certificate(
        file, by=w.secretary, on=DAY, number=number, issuer="Trung tâm chính trị thành phố",
        issued_on=on,
    )  # fmt: skip


def test_a_certificate_counts_in_the_year_of_its_issue_at_every_level(
    w: World, computed: list[set[int]]
) -> None:
    file = logged(w)
    fold()
    del computed[:]

    certify(w, file, date(2021, 3, 5))
    fold()

    assert computed == [set()]
    assert everywhere(w, "certified") == [[1, 1, 1]] * 2
    assert everywhere(w, "certified", year=2020) == [[0, 0, 0]] * 2
    assert then("certified", *line(w), on=date(2021, 3, 4), today=DAY) == [0, 0, 0]
    assert then("certified", *line(w), on=date(2021, 3, 5), today=DAY) == [1, 1, 1]
    assert not parted()


def test_a_certificate_of_last_year_that_is_entered_now_counts_in_last_year(w: World) -> None:
    file = logged(w)
    fold()

    certify(w, file, date(2020, 11, 28))
    fold()

    assert everywhere(w, "certified", year=2020) == [[1, 1, 1]] * 2
    assert everywhere(w, "certified") == [[0, 0, 0]] * 2
    assert not parted()


def test_the_class_for_new_members_gives_no_certificate_of_awareness(w: World) -> None:
    file = on_probation(w)
    today = date(2022, 7, 1)
    stand_on(today)
    voted_on_recognition(w, file, from_day=date(2022, 5, 19), on=today)
    fold()
    recompute(2022)

    assert Certificate.objects.filter(issued_on__year=2022).count() == 1
    assert everywhere(w, "certified", year=2022) == [[0, 0, 0]] * 2


def test_a_certificate_stays_with_the_cell_that_had_the_file_when_the_file_moves_later(
    w: World, computed: list[set[int]]
) -> None:
    file = logged(w)
    certify(w, file, date(2021, 3, 5))
    fold()
    del computed[:]

    go(file, w.sibling, on=date(2021, 4, 1), by=w.secretary)
    fold()

    assert computed == [set()]
    assert counted("certified", w.cell, w.sibling, w.committee) == [1, 0, 1]
    assert counted("files_class", w.cell, w.sibling, w.committee) == [0, 1, 1]
    assert [people(w, one, name="certified") for one in (w.cell, w.sibling, w.top)] == [1, 0, 1]
    assert not parted()


def go(file: Candidate, to: Organization, *, on: date, by: Any) -> None:
    """Let the file go to the cell `to` on day `on`, as a take-over records it."""
    file = Candidate.objects.select_related("cell").get(pk=file.pk)
    was = file.cell_id
    moves(file, to, by=by, on=on)
    file.cell = to
    step = Milestone(candidate=file, step=Step.MOVE, on=on, entered_by=by)
    record(file, [step], announced_on=on, also=["cell"], cell_was=was)


def test_a_move_entered_after_the_certificate_takes_it_along_from_its_day_on(
    w: World, computed: list[set[int]]
) -> None:
    file = logged(w)
    certify(w, file, date(2021, 3, 5))
    fold()
    del computed[:]

    go(file, w.sibling, on=date(2021, 3, 5), by=w.secretary)
    fold()

    assert computed == [set(), {2021}]
    assert counted("certified", w.cell, w.sibling, w.committee) == [0, 1, 1]
    assert not parted()


def test_of_a_moved_cell_each_lens_counts_the_certificate_above_it_then_and_now(
    w: World,
) -> None:
    file = logged(w)
    certify(w, file, date(2021, 3, 5))
    other = unit("other", w.top)
    move(w.cell, under=other, on=date(2021, 4, 1))
    fold()
    certify(w, logged(w), date(2021, 5, 5), number="CN-2")
    fold()

    assert counted("certified", w.committee, other, w.top, lens="then") == [1, 1, 2]
    assert counted("certified", w.committee, other, w.top, lens="now") == [0, 2, 2]
    for lens in ("then", "now"):
        for of in (w.committee, other, w.top, w.cell):
            found = records(
                of, BY_NAME["certified"], look(2021, lens=lens, today=DAY), user=w.staff2
            )
            assert [found.people] == counted("certified", of, lens=lens)
            assert found.seen == found.people
    assert not parted()


# ---------------------------------------------------------------- identified


def test_who_was_identified_counts_in_that_year_though_entered_later(
    w: World, computed: list[set[int]]
) -> None:
    logged(w, identified_on=date(2021, 2, 3))
    fold()
    assert computed == [set()]
    assert everywhere(w, "identified") == [[1, 1, 1]] * 2

    logged(w, identified_on=date(2020, 6, 1))
    fold()

    assert everywhere(w, "identified", year=2020) == [[1, 1, 1]] * 2
    assert everywhere(w, "identified") == [[1, 1, 1]] * 2
    assert then("identified", w.top, on=date(2021, 2, 2), today=DAY) == [0]
    assert not parted()


def test_somebody_who_turns_out_to_be_known_since_last_year_is_one_of_last_year(w: World) -> None:
    file = logged(w, identified_on=date(2021, 2, 3))
    fold()

    put_on_list(file, by=w.secretary, on=DAY, held_on=date(2020, 12, 1))
    fold()

    assert everywhere(w, "identified") == [[0, 0, 0]] * 2
    assert everywhere(w, "identified", year=2020) == [[1, 1, 1]] * 2
    assert not parted()


def test_known_earlier_in_the_same_year_computes_nothing_anew(
    w: World, computed: list[set[int]]
) -> None:
    file = logged(w, identified_on=date(2021, 2, 3))
    fold()
    del computed[:]

    put_on_list(file, by=w.secretary, on=DAY, held_on=date(2021, 1, 5))
    fold()

    assert computed == [set()]
    assert everywhere(w, "identified") == [[1, 1, 1]] * 2
    assert not parted()


def test_known_before_the_cell_came_beneath_another_committee_counts_with_the_first(
    w: World,
) -> None:
    other = unit("other", w.top)
    move(w.cell, under=other, on=date(2021, 2, 1))
    file = logged(w, identified_on=date(2021, 3, 3))
    fold()
    assert counted("identified", w.committee, other, lens="then") == [0, 1]

    put_on_list(file, by=w.secretary, on=DAY, held_on=date(2021, 1, 5))
    fold()

    assert counted("identified", w.committee, other, lens="then") == [1, 0]
    assert counted("identified", w.committee, other, lens="now") == [0, 1]
    assert not parted()


def test_a_file_opened_and_known_earlier_in_one_run_counts_once(w: World) -> None:
    file = logged(w, identified_on=date(2021, 2, 3))
    put_on_list(file, by=w.secretary, on=DAY, held_on=date(2020, 12, 1))

    fold()

    assert everywhere(w, "identified") == [[0, 0, 0]] * 2
    assert everywhere(w, "identified", year=2020) == [[1, 1, 1]] * 2
    assert not parted()


# ---------------------------------------------------------------- closed


def test_a_file_that_is_closed_counts_in_the_year_of_its_closing(
    w: World, computed: list[set[int]]
) -> None:
    file = candidate(w, at=Stage.READY)
    fold()
    del computed[:]

    close_candidate(file, by=w.secretary, on=DAY, closed_on=date(2021, 4, 1), reason="Xin dừng")
    fold()

    assert computed == [set()]
    assert everywhere(w, "closed_unadmitted") == [[1, 1, 1]] * 2
    assert everywhere(w, "files_cell") == [[0, 0, 0]] * 2
    assert then("closed_unadmitted", w.top, on=date(2021, 3, 31), today=DAY) == [0]
    assert people(w, w.top, name="closed_unadmitted") == 1
    assert not parted()


def test_a_second_file_of_the_same_person_is_another_one_identified(w: World) -> None:
    file = logged(w, identified_on=date(2021, 2, 3))
    close_candidate(file, by=w.secretary, on=DAY, closed_on=date(2021, 4, 1), reason="Xin dừng")
    logged(
        w, full_name=file.person.full_name, born_on=file.person.born_on,
        identified_on=date(2021, 5, 3),
    )  # fmt: skip

    fold()

    assert everywhere(w, "identified") == [[2, 2, 2]] * 2
    assert everywhere(w, "closed_unadmitted") == [[1, 1, 1]] * 2
    assert not parted()


# ---------------------------------------------------------------- random lives


class Lives:
    """Files of a random country, made without the process: steps, moves and closings in bulk."""

    def __init__(self, random: Random, cells: list[Organization]) -> None:
        self.random, self.cells = random, cells
        self.by = account("nhap")
        self.rules = RuleSet.objects.in_force(on=date(2021, 1, 1))
        self.files: list[int] = []
        self.numbers = iter(range(1, 10_000))

    def day(self, today: date) -> date:
        return today - timedelta(days=self.random.choice([0, 0, 3, 40, 300]))

    def open(self, today: date) -> None:
        day = self.day(today)
        person = Person.objects.create(
            **name_columns("Nguyễn Văn An"), born_on=date(1990, 1, 1), sex="male"
        )
        file = Candidate.objects.create(
            number=f"N-{next(self.numbers):05d}", person=person, rules=self.rules,
            cell=self.random.choice(self.cells), stage=Stage.SOURCE, stage_since=day,
            identified_on=day, entered_by=self.by,
        )  # fmt: skip
        Milestone.objects.create(candidate=file, step=Step.IDENTIFY, on=day, entered_by=self.by)
        tell_stage(file, was=None, on=day)
        self.files.append(file.pk)

    def any(self) -> Iterator[Candidate]:
        if self.files:
            yield Candidate.objects.select_related("cell").get(pk=self.random.choice(self.files))

    def step(self, today: date) -> None:
        for file in self.any():
            if file.stage in {Stage.CLOSED, Stage.OFFICIAL}:
                continue
            steps = [Step.ENROL, Step.CERTIFY, Step.DECIDE, Step.ADMIT]
            if file.stage == Stage.ADMITTED:
                steps = [Step.RECOGNISE]
            step = self.random.choice(steps)
            day = max(self.day(today), file.stage_since, file.identified_on)
            if step == Step.CERTIFY:
                made = Certificate.objects.create(
                    candidate=file, number=f"{next(self.numbers)}", issuer="Trung tâm",
                    issued_on=day, expires_on=day + timedelta(days=1800), rules=self.rules,
                    entered_by=self.by,
                )  # fmt: skip
                announce(made, organization=file.cell, on=day)
            self._record(file, step, day)

    def close(self, today: date) -> None:
        for file in self.any():
            if file.stage in {Stage.CLOSED, Stage.OFFICIAL, Stage.ADMITTED}:
                continue
            day = max(self.day(today), file.stage_since, file.identified_on)
            file.closed_on, file.closed_reason = day, "Xin dừng"
            self._record(file, Step.CLOSE, day, also=["closed_on", "closed_reason"])

    def _record(self, file: Candidate, step: Step, day: date, **more: Any) -> None:
        last = max(file.milestones.values_list("on", flat=True))
        moved = max(file.moves.values_list("on", flat=True), default=day)
        day = max(day, last, min(moved, last))
        if "also" in more:
            file.closed_on = day
        milestone = Milestone(candidate=file, step=step, on=day, entered_by=self.by)
        record(file, [milestone], announced_on=day, **more)

    def go(self, today: date) -> None:
        for file in self.any():
            others = [one for one in self.cells if one.pk != file.cell_id]
            last = max(file.moves.values_list("on", flat=True), default=date(2000, 1, 1))
            day = max(self.day(today), last)
            if file.stage != Stage.CLOSED:
                go(file, self.random.choice(others), on=day, by=self.by)

    def known_earlier(self, today: date) -> None:
        for file in self.any():
            was = file.identified_on
            file.identified_on = was - timedelta(days=self.random.choice([1, 60, 400]))
            file.save(update_fields=["identified_on"])
            Milestone.objects.create(
                candidate=file, step=Step.PUT_ON_LIST, on=file.identified_on, entered_by=self.by
            )
            tell_stage(file, was=file.stage, on=file.identified_on, identified_was=was)


def count_by_hand(year: int, *, lens: str, on: date) -> dict[tuple[int, str], int]:
    """Return {(organisation, measure): number} fact by fact, each file where it lay that day."""
    placements = list(Placement.objects.all())
    upto = min(on, date(year, 12, 31))
    found: Counter[tuple[int, str]] = Counter()

    def add(name: str, cell: int, day: date) -> None:
        tree = (day if lens == "then" else on) if name != "on_probation" else on
        if name == "on_probation" and lens == "then":
            tree = upto
        for above in line_above(cell, on=tree, placements=placements):
            found[above, name] += 1

    for file in Candidate.objects.prefetch_related("moves", "milestones", "certificates"):
        days = {"identified": file.identified_on}
        if file.stage == Stage.CLOSED and file.closed_on:
            days["closed_unadmitted"] = file.closed_on
        facts = [*days.items(), *(("certified", one.issued_on) for one in file.certificates.all())]
        for name, day in facts:
            if day.year == year and day <= upto:
                add(name, file.cell_on(day), day)
        steps = {one.step for one in file.milestones.all() if one.on <= upto}
        if Step.ADMIT in steps and not steps & {Step.RECOGNISE, Step.CLOSE}:
            add("on_probation", file.cell_on(upto), upto)
    return dict(found)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(6))
def test_in_random_lives_news_judge_and_an_independent_count_agree(db: None, seed: int) -> None:
    random = Random(seed)
    today = date(2021, 3, 1)
    stand_on(today)
    units = grow(random, cells=10, since=date(2018, 1, 1), until=date(2021, 2, 1))
    cells = cells_of(units)
    committees = committees_of(units)
    lives = Lives(random, cells)
    fold()
    for year in (2020, 2021):
        recompute(year)

    for _turn in range(90):
        what = random.random()
        if what < 0.3:
            lives.open(today)
        elif what < 0.6:
            lives.step(today)
        elif what < 0.7:
            lives.close(today)
        elif what < 0.83:
            lives.go(today)
        elif what < 0.88:
            lives.known_earlier(today)
        elif what < 0.91:
            move(random.choice(cells), under=random.choice(committees), on=today)
        else:
            today += timedelta(days=random.choice([1, 1, 20, 150]))
            stand_on(today)
        if random.random() < 0.5:
            fold()

    while fold():
        pass
    assert not parted()
    assert not Outbox.objects.exists()
    for year in FiguredYear.objects.values_list("year", flat=True):
        for lens in ("then", "now"):
            rows = Attainment.objects.filter(year=year, lens=lens)
            shown = {
                (row.organization_id, name): getattr(row, name)
                for row in rows
                for name in NAMES
                if getattr(row, name)
            }
            assert shown == count_by_hand(year, lens=lens, on=today), (year, lens)
        cut = random.sample(committees + cells, 3)
        assert recompute(year, cut=apart(cut, on=today)).changed == 0

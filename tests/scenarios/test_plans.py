"""Plans, which are made without a database: their figures, their people, the same every time."""

from collections import defaultdict
from dataclasses import replace

import pytest

from admissions.rules import full_years
from organizations.models import Role
from reports.scenarios import DEFAULT, SCENARIOS, check, plan_of
from reports.scenarios.plan import CELL_KINDS, FileStep, Plan

SIGN_INS = ["quantri", "bithu", "bithu2", "canbo", "canbo2", "duyet", "lanhdao", "giamsat"]
SIGN_INS += ["trungtam"]


@pytest.fixture(scope="module", params=SCENARIOS)
def plan(request: pytest.FixtureRequest) -> Plan:
    return plan_of(request.param)


def test_the_default_is_the_first_of_five() -> None:
    assert next(iter(SCENARIOS)) == DEFAULT
    assert len(SCENARIOS) == 5


@pytest.mark.sweep
def test_a_plan_is_the_same_every_time(plan: Plan) -> None:
    assert plan_of(plan.name) == plan


@pytest.mark.thorough
def test_a_plan_that_misses_a_published_figure_is_refused() -> None:
    plan = plan_of(DEFAULT)
    admitted = next(file for file in plan.files if "admit" in file.days)
    plan.files.remove(admitted)

    with pytest.raises(ValueError, match="than-quang-ninh: admitted is 184, not 185"):
        check(plan)


@pytest.mark.thorough
def test_a_plan_in_which_something_lies_ahead_of_its_day_is_refused() -> None:
    plan = plan_of(DEFAULT)

    with pytest.raises(ValueError, match="lies after"):
        replace(plan, day=plan.day.replace(month=5, day=1)).events()


def test_nobody_is_there_twice(plan: Plan) -> None:
    people = [member.person for member in plan.members] + [file.person for file in plan.files]

    assert len({(one.full_name, one.born_on) for one in people}) == len(people)


def test_only_cells_have_members_and_files(plan: Plan) -> None:
    cells = {unit.slug for unit in plan.units if unit.kind in CELL_KINDS}

    assert {member.cell for member in plan.members} <= cells
    assert {file.cell for file in plan.files} <= cells


def test_every_cell_that_votes_has_enough_official_members(plan: Plan) -> None:
    voters = defaultdict(list)
    for member in plan.members:
        if member.status == "official":
            voters[member.cell].append(member.since)

    for file in plan.files:
        if held_on := file.days.get("vote_cell"):
            assert sum(1 for since in voters[file.cell] if since <= held_on) >= 3


@pytest.mark.sweep
def test_everybody_signs_in_under_the_names_that_are_documented(plan: Plan) -> None:
    shown = [account for account in plan.accounts if account.is_shown]

    assert [account.username for account in shown] == SIGN_INS
    roles = {account.username: account.posts[0][1] for account in shown}
    assert roles == {
        "quantri": Role.ADMINISTRATOR,
        "bithu": Role.SECRETARY,
        "bithu2": Role.SECRETARY,
        "canbo": Role.STAFF,
        "canbo2": Role.STAFF,
        "duyet": Role.APPROVER,
        "lanhdao": Role.LEADER,
        "giamsat": Role.AUDITOR,
        "trungtam": Role.CENTRE,
    }


def test_who_approves_takes_no_other_part(plan: Plan) -> None:
    approvers = set(plan.approvers.values())

    assert not approvers & {*plan.clerks.values(), *plan.staff.values()}


@pytest.mark.sweep
def test_the_steps_of_a_file_follow_one_another(plan: Plan) -> None:
    for file in plan.files:
        days = [*file.days.values()]
        assert days == sorted(days)


@pytest.mark.sweep
def test_nobody_has_a_certificate_before_eighteen(plan: Plan) -> None:
    certified = {
        file.number: full_years(file.person.born_on, file.certified_on or file.days["certify"])
        for file in plan.files
        if "certify" in file.days
    }

    assert {number: age for number, age in certified.items() if age < 18} == {}


@pytest.mark.thorough
def test_the_secretary_of_the_default_finds_something_at_every_step() -> None:
    plan = plan_of(DEFAULT)
    (cell,) = {
        organization
        for account in plan.accounts
        if account.username == "bithu"
        for organization, _role, _title in account.posts
    }
    last = {
        [*file.days][-1] for file in plan.files if file.cell == cell and "admit" not in file.days
    }

    assert last == {"decide", "vote_cell", "receive_paper", "assign_mentor", "identify"}
    assert any(isinstance(event, FileStep) for event in plan.events())

"""How the tests carry an assignment of targets through its course, by the operations alone."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from organizations.models import Organization, User
from targets.models import Cycle, TargetDecision
from targets.operations.cycles import move_cycle, open_cycle
from targets.operations.decisions import issue_cycle
from targets.operations.drafts import Number, save_drafts
from tests.makers import DAY


def opened(
    superior: Organization, *, by: User, year: int = 2021, on: date = DAY, **days: Any
) -> Cycle:
    """A cycle whose registration, or for an adjustment whose drafting, begins."""
    days = {"register_by": date(2021, 6, 30), "issue_by": date(2021, 7, 31), **days}
    return open_cycle(superior, by=by, on=on, year=year, **days)


def drafting(superior: Organization, *, by: User, year: int = 2021, on: date = DAY) -> Cycle:
    """A cycle that is drafted, registration over."""
    cycle = opened(superior, by=by, year=year, on=on)
    if cycle.state == Cycle.State.DRAFTING:
        return cycle
    return move_cycle(cycle, by=by, on=on, step="draft")


def submitted(
    superior: Organization,
    numbers: Mapping[int, Number | None],
    *,
    by: User,
    year: int = 2021,
    on: date = DAY,
) -> Cycle:
    """A cycle whose `numbers` are before the standing committee."""
    cycle = drafting(superior, by=by, year=year, on=on)
    save_drafts(cycle, by=by, on=on, numbers=numbers)
    return move_cycle(cycle, by=by, on=on, step="submit")


def issued(
    superior: Organization,
    numbers: Mapping[int, Number | None],
    *,
    by: User,
    year: int = 2021,
    on: date = DAY,
    **paper: Any,
) -> TargetDecision:
    """A decision that gives `numbers`: {organisation id: people}."""
    paper = {"decision_number": "24-QĐ/ĐU", "decided_on": date(2021, 1, 21), **paper}
    return issue_cycle(submitted(superior, numbers, by=by, year=year, on=on), by=by, on=on, **paper)

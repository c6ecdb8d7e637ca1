"""News of facts reach the figures exactly once, whatever breaks in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from config.locks import Lock, hold
from organizations.models import Job, Organization, Outbox
from organizations.operations import outbox
from organizations.operations.structure import move
from targets import deltas, tasks
from targets.models import Attainment
from targets.operations import attainment
from targets.operations.attainment import fold, recompute
from targets.operations.targets import assign_target
from tests.organizations.makers import cell, officer, unit
from tests.targets.makers import admit, reverse, stand_on

DAY = date(2021, 5, 28)


def tell(admission: object) -> Outbox:
    return outbox.announce(
        admission,  # type: ignore[arg-type]
        organization=admission.cell,  # type: ignore[attr-defined]
        on=admission.ceremony_on,  # type: ignore[attr-defined]
        sign=admission.sign,  # type: ignore[attr-defined]
    )


def admitted(organization: Organization, *, year: int = 2021) -> int:
    row = Attainment.objects.filter(organization=organization, year=year, lens="then").first()
    return row.admitted if row else 0  # type: ignore[attr-defined]


@contextmanager
def another_connection() -> Iterator[None]:
    """For a thread of its own: its connection is closed when it ends."""
    try:
        yield
    finally:
        connections.close_all()


@pytest.fixture
def top(db: None) -> Organization:
    stand_on(DAY)
    return unit("top", kind="province")


@pytest.fixture
def c1(top: Organization) -> Organization:
    return cell("c1", unit("a", top))


def test_a_fact_reaches_all_above_it_and_its_news_is_gone(
    top: Organization, c1: Organization
) -> None:
    fold()
    tell(admit(c1, DAY)[0])

    assert fold() == 1

    assert admitted(top) == admitted(c1) == 1
    assert not Outbox.objects.exists()
    assert fold() == 0


def test_a_reversal_reaches_all_above_it(top: Organization, c1: Organization) -> None:
    fact = admit(c1, date(2021, 3, 1))[0]
    tell(fact)
    fold()
    tell(reverse(fact, on=DAY))

    fold()

    assert admitted(top) == 0


def test_a_late_fact_reaches_its_own_year_and_the_years_since(
    db: None,
) -> None:
    stand_on(DAY)
    top = unit("top", kind="province", on=date(2019, 1, 1))
    c1 = cell("c1", top, on=date(2019, 1, 1))
    staff = officer("canbo", top, "staff")
    assign_target(
        top, by=staff, on=DAY, year=2020, span="term", low=5000,
        decision_number="NQ 01", decided_on=date(2021, 1, 5),
    )  # fmt: skip
    fold()
    tell(admit(c1, date(2020, 9, 2))[0])

    fold()

    assert (admitted(top, year=2020), admitted(top, year=2021)) == (1, 0)
    row = Attainment.objects.get(organization=top, year=2021, lens="then")
    assert (row.term_admitted, row.last_admission_on) == (1, date(2020, 9, 2))


def test_a_target_and_a_move_reach_the_figures_too(top: Organization, c1: Organization) -> None:
    b = unit("b", top)
    staff = officer("canbo", top, "staff")
    admit(c1, date(2021, 2, 3))
    fold()

    assign_target(b, by=staff, on=DAY, year=2021, low=4, decision_number="QĐ 12", decided_on=DAY)
    move(c1, under=b, on=date(2021, 5, 1))
    fold()

    now = Attainment.objects.get(organization=b, year=2021, lens="now")
    assert (now.target_low, now.admitted, now.units) == (4, 1, 1)  # type: ignore[attr-defined]


def test_an_empty_outbox_costs_one_query(top: Organization) -> None:
    fold()

    with CaptureQueriesContext(connection) as queries:
        assert fold() == 0
    assert len(queries) == 1


def test_a_crash_undoes_figures_and_keeps_the_news(
    top: Organization, c1: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold()
    tell(admit(c1, DAY)[0])
    in_one_statement = deltas.fold

    def breaks_afterwards(**asked: Any) -> deltas.Folded:
        in_one_statement(**asked)
        raise RuntimeError("the worker died")

    monkeypatch.setattr(deltas, "fold", breaks_afterwards)
    with pytest.raises(RuntimeError):
        fold()
    assert (admitted(top), Outbox.objects.count()) == (0, 1)

    monkeypatch.undo()
    assert fold() == 1
    assert (admitted(top), Outbox.objects.count()) == (1, 0)


def test_the_recompute_folds_what_waits_so_that_its_drift_is_none(
    top: Organization, c1: Organization
) -> None:
    recompute(2021)
    tell(admit(c1, DAY)[0])

    job = recompute(2021)

    assert job.changed == 0
    assert admitted(top) == 1
    assert not Outbox.objects.exists()


def test_two_folds_at_once_take_each_news_once(transactional_db: None) -> None:
    stand_on(DAY)
    top = unit("top", kind="province")
    c1 = cell("c1", unit("a", top))
    for fact in admit(c1, *[DAY] * 5):
        tell(fact)
    taken: list[int] = []
    together = threading.Barrier(2)

    def work() -> None:
        with another_connection():
            together.wait()
            taken.append(fold())

    waiting = Outbox.objects.count()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # The second finds the lock held, or nothing left; the news are never taken twice.
    assert sorted(taken) == [0, waiting]
    assert admitted(top) == 5
    assert not Outbox.objects.exists()


def test_a_fold_leaves_at_once_while_another_works(transactional_db: None) -> None:
    stand_on(DAY)
    top = unit("top", kind="province")
    c1 = cell("c1", unit("a", top))
    tell(admit(c1, DAY)[0])
    taken: list[int] = []

    def work() -> None:
        with another_connection():
            taken.append(fold())

    with transaction.atomic():
        hold(Lock.ATTAINMENT)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(timeout=2)
        assert taken == [0]

    assert fold() > 0
    assert admitted(top) == 1


def test_news_that_commit_during_a_fold_wait_for_the_next(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_on(DAY)
    top = unit("top", kind="province")
    c1 = cell("c1", unit("a", top))
    fold()
    tell(admit(c1, DAY)[0])
    in_one_statement = deltas.fold

    def write() -> None:
        with another_connection(), transaction.atomic():
            tell(admit(c1, DAY)[0])

    def meanwhile(**asked: Any) -> deltas.Folded:
        folded = in_one_statement(**asked)
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        return folded

    monkeypatch.setattr(deltas, "fold", meanwhile)
    assert fold() == 1
    assert (admitted(top), Outbox.objects.count()) == (1, 1)

    monkeypatch.undo()
    assert fold() == 1
    assert (admitted(top), Outbox.objects.count()) == (2, 0)


def test_a_conflict_is_tried_again(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_on(DAY)
    top = unit("top", kind="province")
    in_one_statement = deltas.fold
    attempts: list[date] = []

    def conflicts_once(*, on: date, **asked: Any) -> deltas.Folded:
        attempts.append(on)
        if len(attempts) == 1:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$")
        return in_one_statement(on=on, **asked)

    monkeypatch.setattr(deltas, "fold", conflicts_once)

    assert recompute(2021).state == Job.State.DONE

    assert len(attempts) > 1
    assert Attainment.objects.filter(organization=top).exists()


def test_a_dead_broker_neither_fails_nor_delays_whoever_saved_something(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stand_on(DAY)
    monkeypatch.setattr(tasks, "_next_try", 0.0)
    before = tasks.monotonic()

    with transaction.atomic():
        top = unit("top", kind="province")
        c1 = cell("c1", top)
        for fact in admit(c1, *[DAY] * 50):
            tell(fact)

    assert tasks.monotonic() - before < 3
    assert [line.levelname for line in caplog.records if line.name == "targets.tasks"] == [
        "WARNING"
    ]
    tasks.fold_attainment()
    assert admitted(top) == 50


def test_the_tasks_do_their_operations(top: Organization, c1: Organization) -> None:
    tell(admit(c1, date(2020, 5, 19))[0])
    tasks.fold_attainment()
    admit(c1, DAY)

    tasks.recompute_all()

    assert admitted(top) == 1
    jobs = Job.objects.filter(kind=attainment.RECOMPUTE)
    assert set(jobs.values_list("subject", "changed")) == {("2020", 0), ("2021", 6)}

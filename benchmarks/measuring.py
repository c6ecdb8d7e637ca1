"""How things are measured here: in turn, in one run, and told beside the bar they should keep."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection, transaction

Case = Callable[[], object]


@dataclass(frozen=True)
class Figure:
    """One thing measured: `value` in `unit` ("×" is a ratio of one run), and what it should be.

    `bar` is the most that is allowed, or the least where `at_least`; None where it is only told.
    `note` says what the number leaves out.
    """

    key: str
    title: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Say whether the bar is kept, as shown; None without one."""
        if self.bar is None:
            return None
        shown = round_to(self.value)
        return shown >= self.bar if self.at_least else shown <= self.bar

    def as_json(self) -> dict[str, Any]:
        return {
            "title": self.title, "value": round_to(self.value), "unit": self.unit,
            "bar": self.bar, "at_least": self.at_least, "met": self.is_met, "note": self.note,
        }  # fmt: skip


def round_to(value: float, *, digits: int = 3) -> float:
    """Return `value` with three digits that count, whole from 100 upwards.

    >>> round_to(0.12345), round_to(1234.5)
    (0.123, 1234)
    """
    if not value or not math.isfinite(value):
        return value
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return round(value, places) if places > 0 else round(value)


def milliseconds(case: Case) -> float:
    """Return how long `case` takes."""
    began = perf_counter()
    case()
    return (perf_counter() - began) * 1000


def interleaved(cases: Mapping[str, Case], *, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each case; they take turns, so that all meet the same machine.

    The first turn warms up and is not counted.
    """
    times: dict[str, list[float]] = {name: [] for name in cases}
    for round_number in range(rounds + 1):
        for name, case in cases.items():
            taken = milliseconds(case)
            if round_number:
                times[name].append(taken)
    return times


def medians(times: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: median(taken) for name, taken in times.items()}


def p95(taken: list[float]) -> float:
    """Return what 95 of 100 stay within.

    >>> p95([1.0] * 95 + [9.0] * 5)
    1.0
    """
    return sorted(taken)[max(0, math.ceil(len(taken) * 0.95) - 1)]


def sampled(case: Callable[[], float], *, most: int, seconds: float) -> list[float]:
    """Return what `case` says, asked `most` times or for `seconds`, at the least three times."""
    found: list[float] = []
    began = perf_counter()
    while len(found) < 3 or (len(found) < most and perf_counter() - began < seconds):
        found.append(case())
    return found


def asked(*statements: str, settings: str = "", parameters: Any = None) -> Case:
    """Return a case that asks `statements` in one transaction, under `settings` of it."""

    def ask() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if settings:
                cursor.execute(settings)
            for statement in statements:
                cursor.execute(statement, parameters)
                if cursor.description:
                    cursor.fetchall()

    return ask


class InTheDatabase:
    """Adds up the milliseconds that the statements of a block spend in the database."""

    def __init__(self) -> None:
        self.milliseconds = 0.0
        self.statements = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        began = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.milliseconds += (perf_counter() - began) * 1000
            self.statements += 1


@contextmanager
def in_the_database() -> Iterator[InTheDatabase]:
    """Give the clock of the block's statements."""
    clock = InTheDatabase()
    with connection.execute_wrapper(clock):
        yield clock


class UndoneError(Exception):
    """Raised to take back what was only tried."""


def taken_back(case: Case) -> float:
    """Return the milliseconds of `case`, which runs in a transaction that is then taken back."""
    taken = 0.0
    try:
        with transaction.atomic():
            taken = milliseconds(case)
            raise UndoneError
    except UndoneError:
        return taken

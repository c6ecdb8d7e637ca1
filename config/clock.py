"""The one door to the clock, which is the database's `app_now()`.

A demonstration stands on its own day; outside demonstration mode `app_now()` is the real time.
Only doors (views, tasks, commands, forms) read the clock; operations and selectors take `on`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import DateTimeField, Func

HERE = ZoneInfo("Asia/Ho_Chi_Minh")

_held: ContextVar[datetime | None] = ContextVar("held_now", default=None)


def now() -> datetime:
    """Return the product's present instant, in Vietnam's time; one query unless held."""
    if held := _held.get():
        return held
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_now()")
        instant: datetime = cursor.fetchone()[0]
    return instant.astimezone(HERE)


def today() -> date:
    """Return the product's present day, in Vietnam."""
    return now().date()


@contextmanager
def held() -> Iterator[datetime]:
    """Keep one instant for the whole block, so that a page asks once and agrees with itself."""
    token = _held.set(None)
    try:
        instant = now()
        _held.set(instant)
        yield instant
    finally:
        _held.reset(token)


class AppNow(Func):
    """The database's `app_now()` as an expression and as a column's default."""

    function = "app_now"
    template = "%(function)s()"
    allowed_default = True
    output_field = DateTimeField()

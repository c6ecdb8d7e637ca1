"""Querysets of what one user reads on one day, compiled once for all users and days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from config.together import Prepared
from organizations.models import User

SOME_USER, SOME_DAY = User(pk=-103), date(1, 2, 3)
"""What stands in a statement, compiled once, where each reading has its own values."""


class ForReader:
    """Reads what `rows(user, on, *further)` gives, as a list; empty for a deactivated account.

    Compiling a queryset of scopes takes longer than asking it. `rows` is called once for each
    `further`, so it makes no list on its way and asks nothing of `user` but the key.
    """

    def __init__(self, rows: Callable[..., QuerySet[Any]]) -> None:
        @lru_cache(maxsize=64)
        def prepared(*further: Any) -> Prepared:
            stand_ins = {"user": SOME_USER.pk, "on": SOME_DAY}
            return Prepared({"rows": rows(SOME_USER, SOME_DAY, *further)}, stand_ins)

        self.prepared = prepared

    def __call__(self, user: User, on: date, *further: Any) -> list[Any]:
        """Return the rows of `user` on day `on`; one query."""
        if not user.is_active:
            return []
        return self.prepared(*further).fetch(user=user.pk, on=on)["rows"]

"""News upward: a row in the fact's own transaction, and a hint that wakes the worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import models, transaction

from organizations.models import Organization, Outbox

wakers: list[Callable[[], None]] = []
"""Called after a commit that left news; an app above adds its own. They must never raise."""


def announce(
    fact: models.Model,
    *,
    organization: Organization,
    on: date,
    sign: int = 1,
    snapshot: dict[str, Any] | None = None,
    kind: str = "",
) -> Outbox:
    """Write the news that `fact` happened in `organization` on day `on`, and wake the worker.

    `kind` is the fact's own, unless it is told for many at once.

    The row shares the fact's transaction: both are there, or neither. Waking is only a hint;
    nothing is lost when no worker hears it.
    """
    row = Outbox.objects.create(
        kind=kind or fact._meta.label_lower,
        fact=fact.pk,
        organization=organization,
        on=on,
        sign=sign,
        snapshot=snapshot or {},
    )
    transaction.on_commit(_wake, robust=True)
    return row


def _wake() -> None:
    for waker in wakers:
        waker()

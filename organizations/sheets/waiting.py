"""What waits for one user, in every app: as the second person, or to be mended.

The page of tasks shows it: `settings.WAITING_TASKS` names the kinds of each app.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Window
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from config.together import Prepared
from organizations.models import (
    Appointment,
    AppointmentProposal,
    PersonMerge,
    Reorganization,
    ReorganizationEvent,
    Role,
    Transfer,
    User,
)
from organizations.operations.duplicates import merges_of
from organizations.permissions import same_human
from organizations.reading import SOME_USER
from organizations.sheets import people

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from organizations.models.reorganization import ReorganizationQuerySet

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Kind:
    """A kind of work that may wait for somebody.

    `rows(user, on=…)` are the records, the one to do first at the head: no lists made on the way,
    for the queryset is compiled once for all users and days. `page(first, on)` is where it is done,
    by the `columns` of the first. `title` may name the `%(year)s`. Where a query alone cannot tell
    what counts, `judge(rows, on)` says how many of all the rows do.
    """

    title: StrPromise
    rows: Callable[..., QuerySet[Any]]
    page: Callable[[Row, date], str]
    columns: tuple[str, ...] = ("pk",)
    judge: Callable[[list[Row], date], int] | None = None


@dataclass(frozen=True)
class Waiting:
    """How much of one kind waits, and the page where it is done."""

    title: str
    count: int
    url: str


def waiting_for(user: User, *, on: date) -> list[Waiting]:
    """Return what waits for `user` on day `on`, by the order of the kinds; one query, one or two
    more for what has to be judged."""
    kinds, statement = _prepared()
    found = statement.fetch(
        user=user.pk if user.is_active else SOME_USER.pk, on=on, year=on.year, opening=_opening(on)
    )
    rows = [_counted(kind, found[str(place)], on=on) for place, kind in enumerate(kinds)]
    return [one for one in rows if one.count]


def _counted(kind: Kind, rows: list[Row], *, on: date) -> Waiting:
    title = str(kind.title) % {"year": on.year}
    if not rows:
        return Waiting(title, 0, "")
    *first, number = rows[0]
    if kind.judge:
        number = kind.judge(rows, on)
    return Waiting(title, number, kind.page(tuple(first), on))


SOME_DAY = date(1902, 3, 4)
"""Stands for the day in the statement; its year is unlike any other number there."""


def _opening(on: date) -> date:
    return on.replace(month=1, day=1)


@cache
def _prepared() -> tuple[list[Kind], Prepared]:
    kinds: list[Kind] = [kind for name in settings.WAITING_TASKS for kind in import_string(name)]
    querysets = {str(place): _compiled(kind) for place, kind in enumerate(kinds)}
    stand_ins = {
        "user": SOME_USER.pk, "on": SOME_DAY, "year": SOME_DAY.year, "opening": _opening(SOME_DAY),
    }  # fmt: skip
    return kinds, Prepared(querysets, stand_ins)


def _compiled(kind: Kind) -> QuerySet[Any]:
    """Return the first row's columns with how many rows there are; all rows where judged."""
    rows = kind.rows(SOME_USER, on=SOME_DAY)
    counted = rows.annotate(in_all=Window(Count("pk"))).values_list(*kind.columns, "in_all")
    return counted if kind.judge else counted[:1]


def at(page: str, query: str = "") -> Callable[[Row, date], str]:
    """Return what gives the address of `page`, the same whatever comes first."""
    return lambda _first, _on: f"{reverse(page)}{query}"


def to_confirm(user: User, *, on: date) -> ReorganizationQuerySet:
    """Return the previewed drafts that `user` confirms: drafted, in no row, by themselves."""
    me = same_human(user)
    own = ReorganizationEvent.objects.filter(is_withdrawn=False, entered_by__in=me)
    drafts = Reorganization.objects.filter(
        state=Reorganization.State.DRAFT, preview__refusals=[], organization__in=_answered(user, on)
    )
    others = drafts.exclude(Q(entered_by__in=me) | Q(pk__in=own.values("reorganization")))
    return others.order_by(F("effective_on"), "pk")


def _answered(user: User, on: date) -> QuerySet[Any]:
    """The organisations whose drafts `user` may draft or confirm: nobody else is second person."""
    kept = Appointment.objects.organizations_of(user, roles=[Role.STAFF, Role.APPROVER], on=on)
    return kept.values("pk")


def _failed(user: User, on: date) -> ReorganizationQuerySet:
    failed = Reorganization.objects.filter(
        state=Reorganization.State.FAILED, entered_by=user, organization__in=_answered(user, on)
    )
    return failed.order_by("effective_on", "pk")


def _decision(first: Row, _on: date) -> str:
    return reverse("reorganization-detail", args=first)


def _merges(user: User, on: date) -> QuerySet[PersonMerge]:
    return merges_of(user, on=on).exclude(entered_by__in=same_human(user))


def _proposals(user: User, on: date) -> QuerySet[AppointmentProposal]:
    asked = AppointmentProposal.objects.filter(state=AppointmentProposal.State.ASKED)
    own = same_human(user)
    proposed = asked.confirmed_by(user, on=on).exclude(Q(entered_by__in=own) | Q(user__in=own))
    return proposed.order_by("pk")


def _transfers(part: str) -> Callable[[User, date], QuerySet[Transfer]]:
    return lambda user, on: people.panel(user, part, on=on).order_by()


KINDS = [
    Kind(_("Reorganisation decisions to confirm"), to_confirm, _decision, ("public_id",)),
    Kind(
        _("Your reorganisation decisions that could not be applied"),
        _failed,
        _decision,
        ("public_id",),
    ),
    *(
        Kind(title, _transfers(part), at("transfer-list", f"?phan={part}"))
        for part, title in (
            (people.TO_RELEASE, _("Transfers to release")),
            (people.TO_ACCEPT, _("Transfers to accept")),
        )
    ),
    Kind(_("Duplicate records to approve"), _merges, at("duplicate-list")),
    Kind(_("Proposed roles to confirm"), _proposals, at("appointment-proposals")),
]

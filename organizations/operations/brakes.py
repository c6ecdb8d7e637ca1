"""How much one account may read or try in an hour or a day: T3, T4 and T10 of trust.md.

Counted are the audit's own events, or rows that stay for ever, so that nothing is counted twice or
forgotten with a cache.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from config.clock import HERE, AppNow
from config.errors import DomainError, KnownAlready
from config.locks import Lock, hold_one
from organizations.models import Appointment, AuditEvent, Role

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from organizations.models import User

READINGS_AN_HOUR = 30
READINGS_A_DAY = 200
TRIES_A_DAY = 20
EMERGENCIES_A_DAY = 5
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

BRAKED = "reading.braked"
BRAKED_WORDS = gettext_noop("Asked for more scans and sealed data than are opened at once")


class ReadTooMuch(Exception):
    """The account opened as much as is opened in that time; it goes on at `goes_on_at`."""

    def __init__(self, *, most: int, goes_on_at: datetime) -> None:
        self.most, self.goes_on_at = most, goes_on_at
        super().__init__(f"{most} until {goes_on_at}")


class TriedTooOften(DomainError):
    """The account was told too often today that somebody is known: nobody is compared any more."""

    action = "identity.braked"
    told_as = gettext_noop("Tried too often whether somebody is known")


class NoSuchFile(DomainError):
    """Nothing that may be opened in an emergency is called so: each one is a try."""

    action = "emergency.not_found"
    told_as = gettext_noop("Found no file to open in an emergency")


class OpenedTooOften(DomainError):
    """The account opened, or looked in vain for, as many files in an emergency as a day has."""

    action = "emergency.braked"
    told_as = gettext_noop("Asked for more files in an emergency than are opened in a day")


def brake_reading(user: User, *, cell: int | None, on: date) -> None:
    """Refuse to open another scan or sealed record, of somebody of `cell` (id), by `user`.

    30 an hour and 200 a day, each hour and day counted back from now. What the secretary of a cell
    opens of that cell counts for the day alone: going through all papers of a meeting is their
    work. Call it in the transaction that writes the event; two at once are counted one after the
    other. Raises ReadTooMuch.
    """
    hold_one(Lock.READING, str(user.pk))
    read = AuditEvent.objects.filter(actor=user, kind=AuditEvent.Kind.READ)
    _brake(read, within=DAY, most=READINGS_A_DAY)
    own = Appointment.objects.of(user, on=on, roles=[Role.SECRETARY])
    if not own.filter(organization=cell).exists():
        elsewhere = read.exclude(organization__in=own.values("organization"))
        _brake(elsewhere, within=HOUR, most=READINGS_AN_HOUR)


def _brake(read: QuerySet[AuditEvent], *, within: timedelta, most: int) -> None:
    # Not after now: the clock of a demonstration begins its day anew at midnight.
    lately = Q(entered_at__gt=AppNow() - within, entered_at__lte=AppNow())
    latest = read.filter(lately).order_by("-entered_at")
    # The one that must be older before there is room again.
    first = latest.values_list("entered_at", flat=True)[most - 1 : most].first()
    if first is not None:
        raise ReadTooMuch(most=most, goes_on_at=first + within)


def brake_emergencies(user: User, *, made: QuerySet[Any]) -> None:
    """Refuse to open another file in an emergency, for `user`; `made` are the openings so far.

    After 5 in 24 hours, or 20 tries that found none. Call it in the transaction that opens: two at
    once are counted one after the other. Raises OpenedTooOften.
    """
    hold_one(Lock.READING, str(user.pk))
    lately = Q(entered_at__gt=AppNow() - DAY, entered_at__lte=AppNow())
    tried = AuditEvent.objects.filter(lately, actor=user, action=NoSuchFile.action)
    if tried.count() >= TRIES_A_DAY:
        raise OpenedTooOften(_("No more is looked for today: ask the auditors."))
    latest = made.filter(lately).order_by("-entered_at").values_list("entered_at", flat=True)
    first = latest[EMERGENCIES_A_DAY - 1 : EMERGENCIES_A_DAY].first()
    if first is not None:
        raise OpenedTooOften(
            _(
                "You opened %(number)s files in an emergency within a day; the next is opened from"
                " %(moment)s on. The auditors are told."
            )
            % {
                "number": EMERGENCIES_A_DAY,
                "moment": f"{(first + DAY).astimezone(HERE):%d/%m/%Y %H:%M}",
            }
        )


def brake_tries(user: User) -> None:
    """Refuse to compare another person with those who are known, for `user`.

    After 20 refusals in 24 hours that told that somebody is: whoever guesses would go on. Raises
    TriedTooOften.
    """
    told = AuditEvent.objects.filter(
        actor=user, kind=AuditEvent.Kind.DENIED, action=KnownAlready.action
    )
    if told.filter(entered_at__gt=AppNow() - DAY).count() >= TRIES_A_DAY:
        raise TriedTooOften(
            _(
                "You were told %(number)s times within a day that somebody is known here already."
                " Nobody is compared for you until tomorrow; the auditor is told. Ask your superior"
                " committee."
            )
            % {"number": TRIES_A_DAY}
        )

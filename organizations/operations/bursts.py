"""Telling the audit of what may happen without end: the first few singly, the others counted.

Whoever asks for refused pages, or guesses passwords, would else fill the audit. The row that counts
is locked before the event is written, so that the chain's lock stays the last of a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from config import clock
from organizations.models import AuditEvent, Burst, Organization, User


@dataclass(frozen=True)
class Kind:
    """How many are told one by one in a span, and what the others together are called.

    `of_all`: so many of them with whatever account; None: as many as there are accounts.
    `is_about` the account; else it is what the account did.
    """

    singly: int
    span: timedelta
    kind: str
    words: str
    is_about: bool = True
    of_all: int | None = None


HOUR = timedelta(hours=1)
TRIES = 5
"""So often a row that another deletes at this moment is made anew."""
DENIED = "access.denied"
WRONG = "sign-in.wrong"
LOCKED = "sign-in.locked"
KINDS = {
    DENIED: Kind(
        10,
        timedelta(minutes=1),
        AuditEvent.Kind.DENIED,
        gettext_noop("Was refused more pages"),
        is_about=False,
    ),
    WRONG: Kind(
        20,
        HOUR,
        AuditEvent.Kind.SIGN_IN,
        gettext_noop("More wrong passwords or codes"),
        of_all=200,
    ),
    LOCKED: Kind(
        5,
        HOUR,
        AuditEvent.Kind.SIGN_IN,
        gettext_noop("Sign-in was locked more often"),
        of_all=50,
    ),
}


@transaction.atomic
def is_told_singly(action: str, account: User | None, *, only_counted: bool = False) -> bool:
    """Count one more `action` with `account`; say whether the caller tells of it by itself.

    Not where it is `only_counted`, or there were enough in this span: then it is told with others.
    """
    kind = KINDS[action]
    row = _row(action, account)
    singly = not only_counted and row.told < kind.singly and _is_below_all(action, kind)
    row.told, row.untold = row.told + singly, row.untold + (not singly)
    row.save(update_fields=["told", "untold", "began_at"])
    return singly


def _is_below_all(action: str, kind: Kind) -> bool:
    if kind.of_all is None:
        return True
    row = _row(f"{action} of all", None, span=kind.span)
    row.told += 1
    row.save(update_fields=["told", "untold", "began_at"])
    return row.told <= kind.of_all


def _row(action: str, account: User | None, *, span: timedelta | None = None) -> Burst:
    """Return the locked row of the span that runs; what the one before left is told first."""
    over = ExpressionWrapper(
        Q(began_at__lte=Now() - (span or KINDS[action].span)), output_field=BooleanField()
    )
    rows = Burst.objects.select_for_update().filter(action=action, account=account)
    for _try in range(TRIES):
        Burst.objects.get_or_create(action=action, account=account)
        row = rows.annotate(is_over=over, now=Now()).first()
        if row is None:
            continue  # told by another meanwhile, and taken away
        if row.is_over:
            _tell(row)
            row.told, row.untold, row.began_at = 0, 0, row.now
        return row
    raise Burst.DoesNotExist(f"{action}: taken away {TRIES} times while it was counted")


def _tell(row: Burst) -> None:
    if not row.untold:
        return
    kind = KINDS[row.action]
    about = row.account if kind.is_about else None
    AuditEvent.objects.create(
        actor=None if kind.is_about else row.account,
        kind=kind.kind,
        action=row.action,
        words=kind.words,
        object="organizations.user" if about else "",
        reference=str(about.pk) if about else "",
        organization=home_of(about),
        payload={"count": row.untold, "since": row.began_at.isoformat(timespec="seconds")},
    )


@transaction.atomic
def tell_counted(action: str, account: User) -> None:
    """Tell at once what was counted of `account`, whose span begins anew."""
    for row in Burst.objects.select_for_update().filter(action=action, account=account):
        _tell(row)
        row.delete()


@transaction.atomic
def tell_what_is_over() -> int:
    """Tell what was counted in spans that are over; return how many events that took."""
    told = 0
    for action, kind in KINDS.items():
        over = Burst.objects.filter(began_at__lte=Now() - kind.span)
        for row in over.filter(action=action).select_for_update(skip_locked=True):
            told += bool(row.untold)
            _tell(row)
            row.delete()
        over.filter(action=f"{action} of all").delete()
    return told


def home_of(account: User | None) -> Organization | None:
    """Return the organisation whose administrators are told of `account`: where it acts today.

    One query whether there is such an account or not: neither answers sooner.
    """
    held = Organization.objects.filter(
        appointments__user=account.pk if account else 0,
        appointments__period__contains=clock.today(),
    )
    return held.order_by("appointments__pk").first()

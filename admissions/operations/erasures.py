"""Erasing the person of a closed file: asked for, answered by an approver, carried out by a job."""

from __future__ import annotations

import logging
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from admissions import attachments
from admissions.models import Admission, Candidate, Erasure, Scan
from admissions.permissions import ANSWER_ERASURE, ASK_ERASURE
from admissions.rules import add_months
from admissions.stages import Stage
from config import names
from config.errors import DomainError
from config.locks import Lock, hold_one
from config.rows import beyond_scope
from organizations.models import Membership, Person, User
from organizations.operations.people import is_own_record
from organizations.permissions import accounts_of_human, acts

from .recording import locked

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)


@transaction.atomic
def ask_erasure(candidate: Candidate, *, by: User, on: date, ground: str, reason: str) -> Erasure:
    """Ask that what is known of the person of a closed file be erased.

    A member's file is a secret paper of the Party and is never erased (QĐ 294, 6.2.4, certainty
    H): only of somebody who was never admitted. Raises PermissionDenied where `by` is neither
    secretary nor staff over the cell, or it is their own record; DomainError at `reason`, or where
    the person belongs or a file is open.
    """
    file = locked(candidate, by=by, on=on)
    if not acts(by, *ASK_ERASURE.roles, over=file.cell, on=on) or is_own_record(by, file.person):
        raise PermissionDenied
    if refusal := refusal_to_erase(file):
        raise DomainError(refusal)
    if file.erasures.filter(declined_because="").exists():
        raise DomainError(_("This was asked for already."))
    if not names.written(reason):
        raise DomainError(fields={"reason": _("Write why.")})
    return Erasure.objects.create(
        candidate=file, ground=ground, reason=names.written(reason)[:300], entered_by=by
    )


@transaction.atomic
def answer_erasure(
    erasure: Erasure, *, by: User, on: date, at: datetime, declined_because: str = ""
) -> Erasure:
    """Agree to an erasure, or decline it with `declined_because`; `at` is the clock's instant.

    Raises PermissionDenied where `by` is no approver over the cell, or it is their own record;
    DomainError where they asked for it themselves, it was answered, or may no longer be.
    """
    file = locked(erasure.candidate, by=by, on=on)
    found = Erasure.objects.select_for_update().get(pk=erasure.pk)
    if not acts(by, *ANSWER_ERASURE.roles, over=file.cell, on=on) or is_own_record(by, file.person):
        raise PermissionDenied
    if found.entered_by_id in accounts_of_human(by):
        raise DomainError(_("You asked for this: a second person answers."))
    if found.answered_at is not None:
        raise DomainError(_("This was answered already."))
    found.declined_because = names.written(declined_because)[:300]
    if not found.declined_because and (refusal := refusal_to_erase(file)):
        raise DomainError(refusal)
    found.answered_at, found.answered_by = at, by
    found.save(update_fields=["answered_at", "answered_by", "declined_because"])
    return found


@beyond_scope()
def refusal_to_erase(file: Candidate) -> str | None:
    """Return why the person of `file` is not erased; the database says the same."""
    if file.stage != Stage.CLOSED:
        return _("The file is open: close it first.")
    same = Candidate.objects.filter(person=file.person_id)
    if same.exclude(stage=Stage.CLOSED).exists():
        return _("The person has another file, which is open.")
    if (
        Membership.objects.filter(person=file.person_id).exists()
        or Admission.objects.filter(person=file.person_id).exists()
    ):
        return _("The person was or is a member: the records of members are kept.")
    if (
        User.objects.filter(person=file.person_id).exists()
        or Person.objects.filter(merged_into=file.person_id).exists()
        or file.person.merged_into_id is not None
    ):
        return _("The person has an account here, or a second record: it is kept.")
    return None


def carry_out_erasures() -> int:
    """Erase what was agreed to and is not done; return how many. Safe twice, and at once.

    What meets somebody who writes gives way to them: the next run does it.
    """
    done = 0
    for key in Erasure.objects.to_carry_out().order_by("pk").values_list("pk", flat=True):
        try:
            done += _carry_out(key)
        except OperationalError as busy:
            if not isinstance(busy.__cause__, LockNotAvailable):
                raise
            logger.warning("erasure %s waits: its tables are in use", key)
        except IntegrityError:
            # Agreed to, and no longer allowed: the others go on.
            logger.exception("erasure %s is refused by the database", key)
    forget_scans()
    return done


def _carry_out(key: int) -> bool:
    with transaction.atomic():
        found = Erasure.objects.to_carry_out().select_for_update(skip_locked=True).filter(pk=key)
        erasure = found.select_related("candidate").first()
        if erasure is None:
            return False  # another does it, or did
        with connection.cursor() as cursor:
            cursor.execute("SELECT erase_person(%s)", [key])
    return True


def forget_scans() -> None:
    """Take away the contents that scans of erased people alone name. Safe twice, after a crash too.

    An identical paper of somebody else keeps its content; who brings one in meanwhile waits.
    """
    erased = Candidate.objects.filter(person__in=_erased_people()).values("pk")
    scans = Scan.objects.filter(paper__candidate__in=erased)
    others = Scan.objects.exclude(paper__candidate__in=erased).filter(sha256=OuterRef("sha256"))
    for content in set(scans.exclude(Exists(others)).values_list("sha256", flat=True)):
        with transaction.atomic():
            hold_one(Lock.SCANS, content)
            if not Scan.objects.filter(sha256=content).exclude(pk__in=scans).exists():
                attachments.forget(content)


def _erased_people() -> QuerySet[Any]:
    done = Erasure.objects.filter(carried_out_at__isnull=False)
    return done.values("candidate__person")


def kept_too_long(*, on: date) -> QuerySet[Candidate]:
    """Return the closed files whose time is over on day `on`, the oldest first.

    The months are the installation's (`RETENTION_CLOSED_MONTHS`): no rule says how long a file
    without an admission is kept (domain.md 7.3.9, certainty L).
    """
    last = add_months(on, -settings.RETENTION_CLOSED_MONTHS)
    others = Candidate.objects.filter(person=OuterRef("person")).exclude(
        stage=Stage.CLOSED, closed_on__lte=last
    )
    return (
        Candidate.objects.filter(stage=Stage.CLOSED, closed_on__lte=last)
        .exclude(Exists(others))
        .exclude(Exists(Membership.objects.filter(person=OuterRef("person"))))
        .exclude(Exists(Admission.objects.filter(person=OuterRef("person"))))
        .exclude(Exists(Erasure.objects.filter(candidate=OuterRef("pk"), declined_because="")))
        .order_by("closed_on", "pk")
    )

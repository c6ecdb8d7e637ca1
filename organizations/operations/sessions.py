"""Ending sessions, and taking away the second proofs of somebody who lost theirs."""

from __future__ import annotations

from datetime import date

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from config.errors import DomainError
from organizations.models import OpenSession, ProofReset, User
from organizations.permissions import accounts_kept_by


def end_sessions(user: User, *, besides: str | None = None) -> int:
    """End every session of `user`, from the next request on, except the one whose key is `besides`.

    Return how many were ended.
    """
    ended, _rows = OpenSession.objects.of(user).exclude(session_key=besides).delete()
    return ended


def end_session(user: User, *, mark: str, besides: str) -> int:
    """End the session of `user` with this `mark`, not the one whose key is `besides`.

    Return 1, or 0 where there is none such.
    """
    others = OpenSession.objects.of(user).exclude(session_key=besides).only("session_key")
    found = [one.pk for one in others if one.mark == mark]
    ended, _rows = OpenSession.objects.of(user).filter(pk__in=found).delete()
    return ended


def forget_ended_sessions() -> int:
    """Delete the sessions that ended by themselves: device and address are kept no longer.

    Return how many there were.
    """
    ended, _rows = OpenSession.objects.exclude(pk__in=OpenSession.objects.alive()).delete()
    return ended


def end_sessions_of(user: User, *, by: User, on: date) -> int:
    """Let an administrator end every session of `user`; return how many there were.

    Raises PermissionDenied where `by` is no administrator over all that `user` acts for.
    """
    _refuse_unless_kept(user, by=by, on=on)
    return end_sessions(user)


@transaction.atomic
def reset_proofs(user: User, *, reason: str, by: User, on: date) -> ProofReset:
    """Take away every second proof of `user`, who lost theirs, and end their sessions.

    They sign in with their password and give themselves new ones; nobody else sees or chooses
    these. Raises PermissionDenied as `end_sessions_of` does, DomainError on one's own account,
    without a reason, or where there is nothing to take away.
    """
    _refuse_unless_kept(user, by=by, on=on)
    if user.pk == by.pk:
        raise DomainError(_("Nobody takes away their own second proof here."))
    if not reason.strip():
        raise DomainError(fields={"reason": _("Say why.")})
    proofs = Authenticator.objects.filter(user=user)
    if not proofs.exists():
        raise DomainError(_("This account has no second proof."))
    proofs.delete()
    end_sessions(user)
    return ProofReset.objects.create(user=user, reset_by=by, reason=reason.strip())


def _refuse_unless_kept(user: User, *, by: User, on: date) -> None:
    if not accounts_kept_by(by, on=on).filter(pk=user.pk).exists():
        raise PermissionDenied

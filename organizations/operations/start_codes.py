"""First passwords and forgotten ones: a start code is handed over, its owner sets a password.

An administrator neither chooses nor sees a password that lasts.
"""

from __future__ import annotations

import secrets
from datetime import date

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from config.errors import DomainError
from organizations.models import Appointment, Person, StartCode, User
from organizations.permissions import accounts_kept_by

from .accounts import open_account
from .sessions import end_sessions

SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""What codes are made of: nothing that two people read differently."""
GROUPS, OF = 4, 4
"""Four groups of four signs: 79 bits."""


def new_code() -> str:
    """Return a random code, in groups, to be written on paper and typed once."""
    groups = ("".join(secrets.choice(SIGNS) for _sign in range(OF)) for _group in range(GROUPS))
    return "-".join(groups)


def written_code(typed: str) -> str:
    """Return `typed` as codes are hashed: without blanks and hyphens, in capitals.

    >>> written_code(" abcd-efgh 2345 6789 ")
    'ABCDEFGH23456789'
    """
    return "".join(sign for sign in typed.upper() if sign.isalnum())


@transaction.atomic
def open_account_with_code(
    *, username: str, full_name: str, by: User, on: date, person: Person | None = None
) -> StartCode:
    """Open an account whose owner sets the password; return the start code to hand over.

    Raises as `open_account` does.
    """
    user = open_account(
        username=username, full_name=full_name, password=None, by=by, on=on, person=person
    )
    return _issued(user, by=by, reason="")


@transaction.atomic
def reset_password(user: User, *, reason: str, by: User, on: date) -> StartCode:
    """Take the password of `user` away, end their sessions; return the start code to hand over.

    A second proof stays, unless the account never held a role: whoever had it until now may be
    another than who gets the code. Raises PermissionDenied where `by` is no administrator over
    all that `user` acts for, DomainError on one's own account, a closed one, or without a reason.
    """
    if not accounts_kept_by(by, on=on).filter(pk=user.pk).exists():
        raise PermissionDenied
    held = User.objects.select_for_update().get(pk=user.pk)  # two resets, one after the other
    if held.pk == by.pk:
        raise DomainError(
            _("Nobody resets their own password here: it is changed on one's own page.")
        )
    if not held.is_active:
        raise DomainError(_("This account is closed."))
    if not reason.strip():
        raise DomainError(fields={"reason": _("Say why.")})
    made = _issued(held, by=by, reason=reason.strip())
    end_sessions(held)
    return made


def _issued(user: User, *, by: User, reason: str) -> StartCode:
    StartCode.objects.open().filter(user=user).update(is_replaced=True)
    if not Appointment.objects.filter(user=user).exists():
        Authenticator.objects.filter(user=user).delete()
    code = new_code()
    made = StartCode.objects.create(
        user=user, issued_by=by, reason=reason, code_hash=make_password(written_code(code))
    )
    made.code = code
    return made


@transaction.atomic
def set_password(*, username: str, code: str, password: str) -> User | None:
    """Let the owner of a start code set their password; the code is used up. Return the account.

    None where name and code do not fit, or the code is too old, used or replaced: all alike, and
    after the same time. Raises DomainError at `password` where it is weak; the code stays then.
    """
    rows = StartCode.objects.taken().select_for_update(of=("self",)).select_related("user")
    held = rows.filter(user__username=username.strip().lower(), user__is_active=True).first()
    if held is None:
        make_password(written_code(code))
        return None
    if not check_password(written_code(code), held.code_hash):
        return None
    user = held.user
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise DomainError(fields={"password": " ".join(error.messages)}) from None
    held.used_at = held.issued_at  # the trigger writes the instant
    held.save(update_fields=["used_at"])
    user.set_password(password)
    user.save(update_fields=["password"])
    end_sessions(user)
    return user

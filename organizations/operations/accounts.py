"""Accounts, what they may do, and the first of an installation."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from psycopg.types.range import DateRange

from config import names
from config.errors import DomainError
from config.locks import Lock, hold
from config.periods import between
from organizations.models import Appointment, Installation, Organization, Person, Role, User
from organizations.permissions import accounts_kept_by, acts, holds

from .handovers import open_for_ended, take_over
from .sessions import end_sessions
from .structure import found


def open_account(
    *,
    username: str,
    full_name: str,
    password: str | None,
    by: User | None,
    on: date,
    person: Person | None = None,
) -> User:
    """Open an account; what it may do comes from appointments.

    With `password` None nobody signs in with it: it keeps the books of a unit that is taken over.
    `by` is None only while nobody has an account that could open one. Raises PermissionDenied
    where `by` is no administrator, DomainError at `username` when taken or at `password` when weak.
    """
    if by is not None and not holds(by, Role.ADMINISTRATOR, on=on):
        raise PermissionDenied
    username = User.normalize_username(username).strip().lower()
    user = User(username=username, full_name=names.written(full_name), person=person)
    refusals = {}
    try:
        User._meta.get_field("username").run_validators(username)
    except ValidationError as error:
        refusals["username"] = " ".join(error.messages)
    if not username:
        refusals["username"] = _("Enter a sign-in name.")
    if not user.full_name:
        refusals["full_name"] = _("Enter the full name.")
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as error:
            refusals["password"] = " ".join(error.messages)
    if refusals:
        raise DomainError(fields=refusals)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise DomainError(
            fields={"username": _("The sign-in name “%(name)s” is taken.") % {"name": username}}
        ) from error
    return user


def appoint(
    user: User,
    *,
    to: Organization,
    role: str,
    by: User | None,
    on: date,
    since: date | None = None,
    until: date | None = None,
    title: str = "",
) -> Appointment:
    """Let `user` act as `role` for `to` and all beneath it, from `since` (day `on` unless given).

    `until` is the first day out. `by` is None only for the first of an installation. Raises
    PermissionDenied where `by` is no administrator over `to`, DomainError where they would grant
    it to themselves, `user` already holds it, or an auditor would also write (SoD-12: an auditor
    holds no writing role anywhere).
    """
    since = since or on
    if role not in Role.values:
        raise DomainError(fields={"role": _("There is no such role.")})
    if not user.is_active:
        raise DomainError(fields={"user": _("This account is closed.")})
    if by is not None:
        if not acts(by, Role.ADMINISTRATOR, over=to, on=on):
            raise PermissionDenied
        if by.pk == user.pk:
            raise DomainError(fields={"user": _("Nobody grants a role to themselves.")})
    if until is not None and until <= since:
        raise DomainError(fields={"until": _("The last day lies before the first.")})
    period = between(since, until)
    try:
        with transaction.atomic():
            # The account's row is the lock: two grants to one account are looked at in turn.
            User.objects.select_for_update().get(pk=user.pk)
            _refuse_auditing_oneself(user, role, period)
            made = Appointment.objects.create(
                user=user,
                organization=to,
                role=role,
                title=names.written(title),
                period=period,
                granted_by=by,
            )
            take_over(made)
            if until is not None:
                open_for_ended([made], on=until, is_ahead=True)
            return made
    except IntegrityError as error:
        raise DomainError(
            fields={"role": _("%(user)s already holds this role there.") % {"user": user}}
        ) from error


def _refuse_auditing_oneself(user: User, role: str, period: DateRange) -> None:
    held = Appointment.objects.filter(user=user, period__overlap=period)
    writes = [Role.SECRETARY, Role.STAFF, Role.APPROVER, Role.ADMINISTRATOR, Role.CENTRE]
    if role == Role.AUDITOR and held.filter(role__in=writes).exists():
        raise DomainError(fields={"role": _("Who writes in the records cannot audit them.")})
    if role in writes and held.filter(role=Role.AUDITOR).exists():
        raise DomainError(fields={"role": _("An auditor cannot also write in the records.")})


@transaction.atomic
def end_appointment(appointment: Appointment, *, by: User, on: date) -> Appointment:
    """End `appointment`: day `on` is the first on which it no longer holds.

    One that begins today ends tomorrow, since a period has at least one day. Raises
    PermissionDenied where `by` is no administrator over its organisation, DomainError where it
    has ended already, or where `by` would end their own.
    """
    locked = Appointment.objects.select_for_update().get(pk=appointment.pk)
    if not acts(by, Role.ADMINISTRATOR, over=locked.organization, on=on):
        raise PermissionDenied
    if locked.user_id == by.pk:
        raise DomainError(_("Nobody ends a role of their own."))
    if locked.period.upper is not None and locked.period.upper <= on:
        raise DomainError(_("This role has ended already."))
    first_day_out = max(on, locked.period.lower + timedelta(days=1))
    locked.period = between(locked.period.lower, first_day_out)
    locked.save(update_fields=["period"])
    open_for_ended([locked], on=first_day_out)
    return locked


def deactivate(user: User, *, by: User, on: date) -> User:
    """Close `user`'s account: from the next request on it may do nothing.

    Raises PermissionDenied where `by` is no administrator over all that `user` acts for,
    DomainError on their own account.
    """
    return _set_active(user, active=False, by=by, on=on)


def reactivate(user: User, *, by: User, on: date) -> User:
    """Open `user`'s account again; the roles are those whose periods still run.

    Raises as `deactivate` does.
    """
    return _set_active(user, active=True, by=by, on=on)


@transaction.atomic
def _set_active(user: User, *, active: bool, by: User, on: date) -> User:
    if user.pk == by.pk:
        raise DomainError(_("Nobody closes their own account."))
    if not accounts_kept_by(by, on=on).filter(pk=user.pk).exists():
        raise PermissionDenied
    user.is_active = active
    user.save(update_fields=["is_active"])
    if not active:
        end_sessions(user)
        open_for_ended(user.appointments.filter(period__contains=on), on=on)
    return user


def is_empty() -> bool:
    """Say whether nobody has begun: no organisation, no account, no installation."""
    return not any(model.objects.exists() for model in (Organization, User, Installation))


@transaction.atomic
def start_installation(
    *,
    organization_name: str,
    short_name: str,
    kind: str,
    slug: str,
    username: str,
    full_name: str,
    password: str,
    on: date,
    since: date | None = None,
) -> Organization:
    """Make an empty database a real installation: its first organisation and administrator.

    Return the organisation. Raises PermissionDenied where there is one already, also when two
    people send the first-start page at once, and DomainError at the field that is impossible.
    """
    hold(Lock.INSTALLATION)
    if not is_empty():
        raise PermissionDenied
    Installation.objects.create(mode=Installation.Mode.REAL)
    organization = found(
        slug,
        name=organization_name,
        short_name=short_name,
        kind=kind,
        under=None,
        on=since or date(on.year, 1, 1),
    )
    administrator = open_account(
        username=username, full_name=full_name, password=password, by=None, on=on
    )
    appoint(administrator, to=organization, role=Role.ADMINISTRATOR, by=None, on=on)
    return organization

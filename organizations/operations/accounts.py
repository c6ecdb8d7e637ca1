"""Accounts, what they may do, and the first of an installation.

A role is granted by two people (SoD-10 of trust.md c.3): an administrator proposes it, and staff
of the organisation or of one above confirm it. Alone only the first administrator of an
installation and the first staff at the top of a tree are appointed, since nobody could confirm
them; whoever confirms afterwards stands under the same rule.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from psycopg.types.range import DateRange

from config import clock, names
from config.errors import DomainError
from config.locks import Lock, hold
from config.periods import between
from organizations.models import (
    Appointment,
    AppointmentProposal,
    AuditEvent,
    Installation,
    Organization,
    Person,
    Placement,
    Role,
    StartCode,
    User,
)
from organizations.models.audit import kind_of, reference_of
from organizations.permissions import (
    accounts_kept_by,
    accounts_of_human,
    acts,
    holds,
    is_one_human,
)
from organizations.rights import CONFIRM_ROLE, END_ROLE, KEEP_ACCOUNTS, PROPOSE_ROLE

from .handovers import open_for_ended, take_over
from .sessions import end_sessions
from .structure import found

SIGN_IN_NAME = re.compile(r"[a-z0-9.@+_-]*")
CODE_DAYS = 30
"""So long whoever made a start code for somebody of the staff is not confirmed by them."""
SAID_WHO = gettext_noop("Said which person the account is of")
SAID_NOBODY = gettext_noop("Said that the account is of nobody recorded here")


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

    With `password` None nobody signs in with it: it keeps the books of a unit that is taken over,
    or waits for a start code. `by` is None only while nobody has an account that could open one.
    Raises PermissionDenied where `by` is no administrator, or chooses a password for somebody else
    outside a demonstration, DomainError at `username` when taken or at `password` when weak.
    """
    if by is not None and not holds(by, *KEEP_ACCOUNTS.roles, on=on):
        raise PermissionDenied
    if by is not None and password is not None and not _is_demonstration():
        raise PermissionDenied
    username = User.normalize_username(username).strip().lower()
    user = User(username=username, full_name=names.written(full_name), person=person)
    refusals = {}
    try:
        User._meta.get_field("username").run_validators(username)
    except ValidationError as error:
        refusals["username"] = " ".join(error.messages)
    if not SIGN_IN_NAME.fullmatch(username):
        refusals["username"] = _(
            "Letters without diacritics, digits and the signs . - _ @ + alone, without blanks."
        )
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


def _is_demonstration() -> bool:
    return Installation.objects.filter(mode=Installation.Mode.DEMONSTRATION).exists()


def is_first_staff(*, to: Organization, role: str, on: date) -> bool:
    """Say whether `role` would be the first staff ever at `to`, the top of its tree on day `on`.

    Nobody could confirm it; that it may be only once ever keeps anybody from ending the staff
    there to appoint others alone.
    """
    if role != Role.STAFF or Appointment.objects.filter(organization=to, role=role).exists():
        return False
    tops = Placement.objects.filter(parent__isnull=True, period__contains=on)
    return tops.filter(organization=to).exists()


@transaction.atomic
def propose_appointment(
    user: User,
    *,
    to: Organization,
    role: str,
    by: User,
    on: date,
    since: date | None = None,
    until: date | None = None,
    title: str = "",
) -> AppointmentProposal | Appointment:
    """Propose that `user` act as `role` for `to` and all beneath it, from `since` (`on` if None).

    It gives nothing until it is confirmed. Return the proposal, or the appointment where that is
    the first staff at the top of a tree. `until` is the first day out. Raises PermissionDenied
    where `by` is no administrator over `to`, DomainError where they propose it to themselves, it
    begins in the past, is proposed already, or could not be granted (`appoint`).
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two propose one after the other
    if is_first_staff(to=to, role=role, on=on):
        if until is not None:
            sentence = _("The first staff at the top have no last day: they confirm all others.")
            raise DomainError(fields={"until": sentence})
        return appoint(user, to=to, role=role, by=by, on=on, since=since, until=until, title=title)
    if since is not None and since < on:
        raise DomainError(
            fields={"since": _("A role begins on the day on which it is proposed, or later.")}
        )
    period = _refuse_granting(user, to=to, role=role, by=by, on=on, since=since, until=until)
    open_ones = AppointmentProposal.objects.filter(state=AppointmentProposal.State.ASKED)
    if open_ones.filter(user=user, organization=to, role=role).exists():
        raise DomainError(
            fields={"role": _("This role is proposed already, and waits for confirmation.")}
        )
    held = Appointment.objects.filter(user=user, organization=to, role=role)
    if held.filter(period__overlap=period).exists():
        raise _held_already(user)
    return AppointmentProposal.objects.create(
        user=user,
        organization=to,
        role=role,
        title=names.written(title),
        period=period,
        entered_by=by,
    )


@transaction.atomic
def confirm_appointment(
    proposal: AppointmentProposal,
    *,
    by: User,
    on: date,
    born_on: date | None = None,
    is_unrecorded: bool = False,
) -> Appointment:
    """Confirm `proposal`: the role is in force from its first day on, at the earliest from `on`.

    Of an account that has no person yet `by` says who it is: the one recorded here who has its
    full name and was `born_on` that day, or nobody (`is_unrecorded`). Raises PermissionDenied
    where `by` is not staff of the organisation or of one above, DomainError where they proposed
    it or it is for themselves, they got a start code from who proposed it, it was answered, its
    last day is over, nobody or several are found, or it could not be granted any more.
    """
    held = _answerable(proposal, by=by, on=on)
    _say_who(held, by=by, on=on, born_on=born_on, is_unrecorded=is_unrecorded)
    _refuse_answering_oneself(held, by=by)  # as it is known now who they are
    first, out = max(held.period.lower, on), held.period.upper
    if out is not None and out <= on:
        raise DomainError(_("The last day of this role is over: decline the proposal."))
    made = appoint(
        held.user,
        to=held.organization,
        role=held.role,
        by=held.entered_by,
        confirmed_by=by,
        on=on,
        since=first,
        until=out,
        title=held.title,
    )
    _answered(held, AppointmentProposal.State.CONFIRMED, by=by, appointment=made)
    return made


@transaction.atomic
def decline_appointment(
    proposal: AppointmentProposal, *, by: User, on: date, reason: str
) -> AppointmentProposal:
    """Decline `proposal` with a `reason`; the row stays. Raises as `confirm_appointment` does."""
    held = _answerable(proposal, by=by, on=on)
    reason = names.written(reason)
    if not reason:
        raise DomainError(fields={"reason": _("Say why it is declined.")})
    return _answered(held, AppointmentProposal.State.DECLINED, by=by, reason=reason)


def _answerable(proposal: AppointmentProposal, *, by: User, on: date) -> AppointmentProposal:
    held = (
        AppointmentProposal.objects.select_for_update(of=("self",))
        .select_related("user", "organization", "entered_by")
        .get(pk=proposal.pk)
    )
    if not acts(by, *CONFIRM_ROLE.roles, over=held.organization, on=on):
        raise PermissionDenied
    if held.state != AppointmentProposal.State.ASKED:
        raise DomainError(_("This proposal was answered already."))
    _refuse_answering_oneself(held, by=by)
    return held


def _refuse_answering_oneself(held: AppointmentProposal, *, by: User) -> None:
    if is_one_human(by, held.user):
        raise DomainError(_("Nobody confirms a role of their own."))
    if is_one_human(by, held.entered_by):
        raise DomainError(_("You proposed this role, so somebody else answers."))
    if gave_code_lately(held.entered_by, to=by):
        raise DomainError(
            _(
                "Within the last %(days)s days %(who)s, who proposed this role, made a start code"
                " for your account, so another of the staff answers."
            )
            % {"days": CODE_DAYS, "who": held.entered_by}
        )


def codes_lately(user: User) -> QuerySet[StartCode]:
    """Return the start codes by which somebody may have come into the account of `user` lately.

    Not the one with which it was opened, nor any from before it held a role: by these nobody came
    to act as staff whom another had not confirmed since.
    """
    held = Appointment.objects.filter(user=user.pk, entered_at__lt=OuterRef("issued_at"))
    return StartCode.objects.filter(
        Exists(held), user=user.pk, issued_at__gt=Now() - timedelta(days=CODE_DAYS)
    ).exclude(reason="")


def gave_code_lately(administrator: User, *, to: User) -> bool:
    """Say whether `administrator`, by any account of theirs, could have signed in as `to` lately.

    Whoever reads a start code may use it: who proposes would confirm by the other's account.
    """
    return codes_lately(to).filter(issued_by__in=accounts_of_human(administrator)).exists()


def _say_who(
    held: AppointmentProposal, *, by: User, on: date, born_on: date | None, is_unrecorded: bool
) -> None:
    """Link the account of `held` to the person that it is of, unless it is linked already."""
    user = User.objects.select_for_update(of=("self",)).get(pk=held.user_id)
    held.user = user
    if user.person_id is not None:
        return
    if (born_on is None) is not is_unrecorded:
        sentence = _("Give the date of birth, or say that they are not recorded here: one of both.")
        raise DomainError(fields={"born_on": sentence})
    if born_on is None:
        action, words = "account.unrecorded", SAID_NOBODY
    else:
        _link(user, born_on=born_on, by=by, on=on)
        action, words = "account.linked", SAID_WHO
    AuditEvent.objects.create(
        actor=by,
        kind=AuditEvent.Kind.SECURITY,
        action=action,
        words=words,
        object=kind_of(user),
        reference=reference_of(user),
        organization=held.organization,
    )


@transaction.atomic
def say_whose(appointment: Appointment, *, by: User, on: date, born_on: date) -> User:
    """Link the account that holds `appointment` to who has its name and was `born_on` that day.

    For accounts whose role nobody confirmed, or before it was asked whose they are. Raises
    PermissionDenied where `by` is not staff of its organisation or of one above, DomainError
    where it is their own account or linked already, or where nobody or several are found.
    """
    if not acts(by, *CONFIRM_ROLE.roles, over=appointment.organization, on=on):
        raise PermissionDenied
    user = User.objects.select_for_update(of=("self",)).get(pk=appointment.user_id)
    if user.pk == by.pk:
        raise DomainError(_("Another of the staff says whose your account is."))
    if user.person_id is not None:
        raise DomainError(_("It was said already whose this account is."))
    _link(user, born_on=born_on, by=by, on=on)
    return user


def _link(user: User, *, born_on: date, by: User, on: date) -> None:
    user.person_id = _recorded(user, born_on=born_on, by=by, on=on)
    user.save(update_fields=["person"])


def _recorded(user: User, *, born_on: date, by: User, on: date) -> int:
    """Return the key of the record kept of who has the name of `user` and was `born_on` that day.

    Among the people whom `by` sees; names are compared without diacritics.
    """
    alike = Person.objects.visible_to(by, on=on).filter(
        name_search=names.search_key(user.full_name)[:120], born_on=born_on
    )
    found = {person.kept_id for person in alike}
    if not found:
        raise DomainError(
            fields={
                "born_on": _("No %(name)s with this date of birth is recorded where you work.")
                % {"name": user}
            }
        )
    if len(found) > 1:
        raise DomainError(
            fields={
                "born_on": _(
                    "Several people called %(name)s with this date of birth are recorded: first"
                    " clear up which of them are the same."
                )
                % {"name": user}
            }
        )
    return found.pop()


def _answered(
    held: AppointmentProposal, state: AppointmentProposal.State, *, by: User, **columns: Any
) -> AppointmentProposal:
    held.state, held.answered_by, held.answered_at = state, by, clock.now()
    for name, value in columns.items():
        setattr(held, name, value)
    held.save(update_fields=["state", "answered_by", "answered_at", *columns])
    return held


def appoint(
    user: User,
    *,
    to: Organization,
    role: str,
    by: User | None,
    on: date,
    confirmed_by: User | None = None,
    since: date | None = None,
    until: date | None = None,
    title: str = "",
) -> Appointment:
    """Let `user` act as `role` for `to` and all beneath it, from `since` (day `on` unless given).

    `until` is the first day out. `by` is None only for the first of an installation, and
    `confirmed_by` besides for the first staff at the top (`is_first_staff`). Raises
    PermissionDenied where `by` is no administrator over `to` or `confirmed_by` no staff,
    DomainError where somebody would grant a role to themselves, `user` already holds it, or an
    auditor would also write (SoD-12: an auditor holds no writing role anywhere).
    """
    period = _refuse_granting(user, to=to, role=role, by=by, on=on, since=since, until=until)
    if confirmed_by is not None:
        if not acts(confirmed_by, *CONFIRM_ROLE.roles, over=to, on=on):
            raise PermissionDenied
        if is_one_human(confirmed_by, user) or (by and is_one_human(confirmed_by, by)):
            raise DomainError(_("A role is proposed by one, confirmed by another, for a third."))
    elif by is not None and not is_first_staff(to=to, role=role, on=on):
        raise PermissionDenied
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
                approved_by=confirmed_by,
            )
            take_over(made)
            if until is not None:
                open_for_ended([made], on=until, is_ahead=True)
            return made
    except IntegrityError as error:
        raise _held_already(user) from error


def _held_already(user: User) -> DomainError:
    return DomainError(
        fields={"role": _("%(user)s already holds this role there.") % {"user": user}}
    )


def _refuse_granting(
    user: User,
    *,
    to: Organization,
    role: str,
    by: User | None,
    on: date,
    since: date | None,
    until: date | None,
) -> DateRange:
    """Return the period of the role, unless nobody may grant it so."""
    since = since or on
    if role not in Role.values:
        raise DomainError(fields={"role": _("There is no such role.")})
    if not user.is_active:
        raise DomainError(fields={"user": _("This account is closed.")})
    if by is not None:
        if not acts(by, *PROPOSE_ROLE.roles, over=to, on=on):
            raise PermissionDenied
        if is_one_human(by, user):
            raise DomainError(fields={"user": _("Nobody grants a role to themselves.")})
    if until is not None and until <= since:
        raise DomainError(fields={"until": _("The last day lies before the first.")})
    period = between(since, until)
    _refuse_auditing_oneself(user, role, period)
    return period


def _refuse_auditing_oneself(user: User, role: str, period: DateRange) -> None:
    held = Appointment.objects.filter(user__in=accounts_of_human(user), period__overlap=period)
    writes = Role.writes()
    if role == Role.AUDITOR and held.filter(role__in=writes).exists():
        raise DomainError(fields={"role": _("Who writes in the records cannot audit them.")})
    if role in writes and held.filter(role=Role.AUDITOR).exists():
        raise DomainError(fields={"role": _("An auditor cannot also write in the records.")})


def _is_last_staff(appointment: Appointment, *, on: date) -> bool:
    """Say whether without `appointment` the top of a tree has no staff who could confirm others."""
    if appointment.role != Role.STAFF or not appointment.user.is_active:
        return False
    at = Placement.objects.filter(
        organization=appointment.organization_id, parent__isnull=True, period__contains=on
    )
    # Who has a last day does not count: after it nobody could confirm the next.
    others = Appointment.objects.filter(
        organization=appointment.organization_id,
        role=Role.STAFF,
        period__contains=on,
        period__endswith__isnull=True,
        user__is_active=True,
    )
    return at.exists() and not others.exclude(user=appointment.user_id).exists()


def _last_of_the_top() -> str:
    return _(
        "They are the only staff at the top without a last day, who confirm the roles of others:"
        " first let another be confirmed."
    )


@transaction.atomic
def end_appointment(appointment: Appointment, *, by: User, on: date) -> Appointment:
    """End `appointment`: day `on` is the first on which it no longer holds.

    One that begins today ends tomorrow, since a period has at least one day. Raises
    PermissionDenied where `by` is no administrator over its organisation, DomainError where it
    has ended already, where `by` would end their own, or the last of the staff at the top.
    """
    locked = Appointment.objects.select_for_update().get(pk=appointment.pk)
    if not acts(by, *END_ROLE.roles, over=locked.organization, on=on):
        raise PermissionDenied
    if locked.user_id == by.pk:
        raise DomainError(_("Nobody ends a role of their own."))
    if locked.period.upper is not None and locked.period.upper <= on:
        raise DomainError(_("This role has ended already."))
    if _is_last_staff(locked, on=on):
        raise DomainError(_last_of_the_top())
    first_day_out = max(on, locked.period.lower + timedelta(days=1))
    locked.period = between(locked.period.lower, first_day_out)
    locked.save(update_fields=["period"])
    open_for_ended([locked], on=first_day_out)
    return locked


def deactivate(user: User, *, by: User, on: date) -> User:
    """Close `user`'s account: from the next request on it may do nothing.

    Raises PermissionDenied where `by` is no administrator over all that `user` acts for,
    DomainError on their own account, or where they are the last of the staff at the top.
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
    held = user.appointments.filter(role=Role.STAFF, period__contains=on).select_related("user")
    if not active and any(_is_last_staff(one, on=on) for one in held):
        raise DomainError(_last_of_the_top())
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

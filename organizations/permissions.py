"""Who may act where: every answer comes from the dated appointments, read at the asking."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from config.rows import beyond_scope

from .models import Ancestry, Appointment, AppointmentProposal, Person, Placement, Role, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .models import Organization


def acts(user: User | AnonymousUser, *roles: Role, over: Organization, on: date) -> bool:
    """Say whether `user` holds one of `roles` on day `on` at `over` or at an organisation above."""
    above = Ancestry.objects.on(on).filter(descendant=over.pk).values("ancestor")
    return Appointment.objects.of(user, on=on, roles=roles).filter(organization__in=above).exists()


def acts_at(user: User | AnonymousUser, *roles: Role, at: Organization, on: date) -> bool:
    """Say whether `user` holds one of `roles` on day `on` at `at` itself: its own level."""
    return Appointment.objects.of(user, on=on, roles=roles).filter(organization=at.pk).exists()


def holds(user: User | AnonymousUser, *roles: Role, on: date) -> bool:
    """Say whether `user` holds one of `roles` anywhere on day `on`."""
    return Appointment.objects.of(user, on=on, roles=roles).exists()


def readers_of(cells: Collection[int], *, on: date) -> QuerySet[Appointment]:
    """Return the appointments that show the people of `cells` (ids) by name on day `on`.

    The reverse of `visible_to`: roles in force that see names, at a cell or above it.
    """
    above = Ancestry.objects.on(on).filter(descendant__in=cells).values("ancestor")
    return Appointment.objects.filter(
        organization__in=above,
        role__in=Role.sees_names(),
        period__contains=on,
        user__is_active=True,
    )


def is_one_human(one: User, other: User) -> bool:
    """Say whether both accounts are of one human being: also where two records were merged."""
    if one.pk == other.pk:
        return True
    if one.person_id is None or other.person_id is None:
        return False
    if one.person_id == other.person_id:
        return True
    people = Person.objects.filter(pk__in=[one.person_id, other.person_id])
    with beyond_scope():  # whoever is at the page need not see either of them
        return len(set(people.values_list(_kept(), flat=True))) == 1


def _kept() -> Coalesce:
    """Return a column of people: the key of the record that is kept of them."""
    return Coalesce("merged_into_id", "pk", output_field=BigIntegerField())


def accounts_of_human(user: User) -> set[int]:
    """Return the keys of every account of the human being whose account `user` is."""
    if user.person_id is None:
        return {user.pk}
    with beyond_scope():  # whoever is at the page need not see who that is
        return set(same_human(user).values_list("pk", flat=True))


def same_human(user: User) -> QuerySet[Any]:
    """Return the keys of `accounts_of_human` for an `__in`, compiled once for all users."""
    kept = kept_of(user)
    # The few records first: an OR across the join would look at the person of every account.
    records = Person.objects.filter(Q(pk__in=kept) | Q(merged_into__in=kept)).values("pk")
    return User.objects.filter(Q(pk=user.pk) | Q(person__in=records)).values("pk")


def kept_of(user: User) -> QuerySet[Any]:
    """Return the record that is kept of the person of `user`, for an `__in`."""
    with_person = User.objects.filter(pk=user.pk, person__isnull=False)
    return with_person.values(kept=Coalesce("person__merged_into", "person"))


def accounts_kept_by(administrator: User | AnonymousUser, *, on: date) -> QuerySet[User]:
    """Return the accounts that `administrator` keeps on day `on`: none beyond their subtree.

    Those without any role still to run are kept by every administrator. One who keeps a part of
    the tree may not close the account of somebody who also acts outside it, or whose role there
    waits for confirmation.
    """
    if not holds(administrator, Role.ADMINISTRATOR, on=on):
        return User.objects.none()
    scope = Appointment.objects.organizations_of(
        administrator, roles=[Role.ADMINISTRATOR], on=on
    ).values("pk")
    beyond = Appointment.objects.filter(
        ~Q(organization__in=scope),
        Q(period__endswith__isnull=True) | Q(period__endswith__gt=on),
        user=OuterRef("pk"),
    )
    waiting = AppointmentProposal.objects.filter(
        ~Q(organization__in=scope), state=AppointmentProposal.State.ASKED, user=OuterRef("pk")
    )
    return User.objects.filter(~Exists(beyond), ~Exists(waiting))


def keeps_kinds(user: User | AnonymousUser, *, on: date) -> bool:
    """Say whether `user` administers a whole tree on day `on`, and so the kinds that all share."""
    tops = Placement.objects.filter(parent__isnull=True, period__contains=on)
    held = Appointment.objects.of(user, on=on, roles=[Role.ADMINISTRATOR])
    return held.filter(organization__in=tops.values("organization")).exists()

"""Who may act where: every answer comes from the dated appointments, read at the asking."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from .models import Ancestry, Appointment, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .models import Organization, User


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

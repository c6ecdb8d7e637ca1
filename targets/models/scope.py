"""One scoping word for the rows that belong to one organisation and carry no names."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

from organizations.models import Appointment, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

Row = TypeVar("Row", bound=models.Model, covariant=True)


class FiguresQuerySet(models.QuerySet[Row]):
    """Rows with an `organization`, seen by those who see its figures."""

    def visible_to(self, user: User | AnonymousUser, *, on: date | None = None) -> Self:
        """Keep the rows of organisations whose figures `user` may see on day `on`."""
        return self.filter(
            organization__in=Appointment.objects.organizations_of(
                user, roles=Role.sees_figures(), on=on
            )
        )

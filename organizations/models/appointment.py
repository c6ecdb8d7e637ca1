"""Posts (who signs) and appointments (who may do what in the software), both dated."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from config import clock

from .guards import NEVER_DELETED, EnteredAt, entered_now, real_period
from .organization import Organization
from .scope import Scope

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .organization import OrganizationQuerySet
    from .user import User


class Role(models.TextChoices):
    """What an appointment lets its holder do, within the subtree of its organisation."""

    SECRETARY = "secretary", _("Cell secretary")
    STAFF = "staff", _("Committee staff")
    APPROVER = "approver", _("Approver")
    LEADER = "leader", _("Leader")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")
    CENTRE = "centre", _("Political centre")

    @classmethod
    def sees_figures(cls) -> list[Role]:
        """Return the roles that see attainment and targets; the administrator is not one."""
        return [cls.SECRETARY, cls.STAFF, cls.APPROVER, cls.LEADER, cls.AUDITOR]

    @classmethod
    def sees_names(cls) -> list[Role]:
        """Return the roles that see people by name; leaders see counts."""
        return [cls.SECRETARY, cls.STAFF, cls.APPROVER, cls.AUDITOR]


@pghistory.track(append_only=True)
class Post(models.Model):
    """`person` holds `title` in `organization` during `period`: who signs for it."""

    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="posts")
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="posts"
    )
    title = models.CharField(_("title"), max_length=80)
    period = DateRangeField(_("period"))

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="post_held_once_by_a_person_on_any_day",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("organization", RangeOperators.EQUAL),
                    ("title", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            real_period(name="post_begins_on_some_day"),
        ]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return f"{self.title}: {self.person_id}"


# As many as stand beneath an appointment's organisation, itself among them, up to some number.
BENEATH = """
    SELECT count(*) FROM (
        SELECT 1 FROM organizations_ancestry
        WHERE ancestor_id = organizations_appointment.organization_id
            AND valid_from <= %s AND valid_to > %s
        LIMIT %s
    ) AS line
"""


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def of(
        self, user: User | AnonymousUser, *, on: date, roles: Collection[Role] | None = None
    ) -> AppointmentQuerySet:
        """Keep the appointments that `user` holds on day `on`, in `roles` if given.

        A deactivated user holds none.
        """
        if not (user.is_authenticated and user.is_active):
            return self.none()
        held = self.filter(user=user.pk, period__contains=on)
        return held if roles is None else held.filter(role__in=roles)

    def organizations_of(
        self, user: User | AnonymousUser, *, roles: Collection[Role], on: date | None = None
    ) -> OrganizationQuerySet:
        """Return the organisations beneath which `user` acts in one of `roles` on day `on`."""
        on = on or clock.today()
        roots = self.of(user, on=on, roles=roles)
        return Organization.objects.under(
            Organization.objects.filter(pk__in=roots.values("organization")), on=on
        )

    def scope_of(self, user: User | AnonymousUser, *, roles: Collection[Role], on: date) -> Scope:
        """Return the scope whose organisations are those of `organizations_of`; one query."""
        beneath = RawSQL(BENEATH, [on, on, Scope.MANY])  # noqa: S611 - our own words alone
        held = self.of(user, on=on, roles=roles).annotate(beneath=beneath)
        sizes = dict(held.order_by("organization").values_list("organization", "beneath"))
        return Scope(tuple(sizes), on, sum(sizes.values()))


@pghistory.track(append_only=True)
class Appointment(models.Model):
    """`user` acts as `role` for `organization` and all beneath it during `period`.

    Read from the database at every request. Ended by closing the period, never deleted.
    """

    Role = Role

    user = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="appointments", verbose_name=_("account")
    )
    organization = models.ForeignKey(
        "organizations.Organization",
        models.PROTECT,
        related_name="appointments",
        verbose_name=_("organisation"),
    )
    role = models.CharField(_("role"), max_length=13, choices=Role)
    title = models.CharField(
        _("title"), max_length=80, blank=True, help_text=_("As shown beside the name.")
    )
    period = DateRangeField(_("period"))
    granted_by = models.ForeignKey(
        "organizations.User",
        models.PROTECT,
        related_name="+",
        null=True,
        help_text=_("Nobody for the first administrator of an installation."),
    )
    approved_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    entered_at = EnteredAt()

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="appointment_once_in_a_role_on_any_day",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("organization", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            real_period(name="appointment_begins_on_some_day"),
            models.CheckConstraint(
                name="appointment_not_granted_to_oneself",
                condition=Q(granted_by__isnull=True) | ~Q(granted_by=F("user")),
            ),
            models.CheckConstraint(
                name="appointment_not_approved_by_its_holder",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("user")),
            ),
        ]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role} @ {self.organization_id}"

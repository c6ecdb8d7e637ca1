"""Posts (who signs) and appointments (who may do what in the software), both dated.

An appointment is granted by two people: an administrator proposes it (`AppointmentProposal`), and
staff of the organisation or of one above confirm it. Nothing is in this table before that.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from config import clock
from config.locks import Lock

from .guards import NEVER_DELETED, EnteredAt, entered_now, real_period, stays_once, two_people
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

    @classmethod
    def writes(cls) -> list[Role]:
        """Return the roles that write in the records: an auditor holds none of them (SoD-12)."""
        return [cls.SECRETARY, cls.STAFF, cls.APPROVER, cls.ADMINISTRATOR, cls.CENTRE]


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


class AppointmentProposalQuerySet(models.QuerySet["AppointmentProposal"]):
    def confirmed_by(
        self, user: User | AnonymousUser, *, on: date | None = None
    ) -> AppointmentProposalQuerySet:
        """Keep the proposals, of whatever state, for organisations of which `user` is staff."""
        scope = Appointment.objects.organizations_of(user, roles=[Role.STAFF], on=on)
        return self.filter(organization__in=scope.values("pk"))


GRANTED_BY_TWO = """
    DECLARE
        today date := (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date;
        humans bigint[];
    BEGIN
        -- A demonstration that is being written has nobody to confirm yet.
        IF NOT EXISTS (SELECT 1 FROM organizations_installation
            WHERE mode = 'real' OR is_complete) THEN
            RETURN NEW;
        END IF;
        IF NEW.granted_by_id IS NULL THEN
            PERFORM pg_advisory_xact_lock({lock});
            IF NEW.role = 'administrator' AND NEW.approved_by_id IS NULL
                AND NOT EXISTS (SELECT 1 FROM organizations_appointment) THEN
                RETURN NEW;
            END IF;
        ELSIF NEW.approved_by_id IS NULL THEN
            -- Two who would each be the first: the second sees the row of the one before.
            PERFORM pg_advisory_xact_lock({lock});
            IF NEW.role = 'staff'
                AND NOT EXISTS (SELECT 1 FROM organizations_appointment AS held
                    WHERE held.organization_id = NEW.organization_id AND held.role = 'staff')
                AND EXISTS (SELECT 1 FROM organizations_placement AS top
                    WHERE top.organization_id = NEW.organization_id AND top.parent_id IS NULL
                    AND top.period @> today) THEN
                RETURN NEW;
            END IF;
        ELSE
            SELECT array_agg(coalesce(one.merged_into_id, one.id, -account.id)) INTO humans
            FROM organizations_user AS account
            LEFT JOIN organizations_person AS one ON one.id = account.person_id
            WHERE account.id IN (NEW.user_id, NEW.granted_by_id, NEW.approved_by_id);
            IF (SELECT count(DISTINCT human) FROM unnest(humans) AS human) = 3
                AND NOT EXISTS (
                    SELECT 1 FROM (VALUES (NEW.granted_by_id, 'administrator'),
                        (NEW.approved_by_id, 'staff')) AS acting(account, role)
                    WHERE NOT EXISTS (SELECT 1 FROM organizations_appointment AS held
                        JOIN organizations_user AS account ON account.id = held.user_id
                        JOIN organizations_ancestry AS line
                            ON line.ancestor_id = held.organization_id
                        WHERE held.user_id = acting.account AND held.role = acting.role
                        AND held.period @> today AND account.is_active
                        AND line.descendant_id = NEW.organization_id
                        AND line.valid_from <= today AND line.valid_to > today)) THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION 'a role is proposed by an administrator and confirmed by staff, for a third'
            USING ERRCODE = '23514', CONSTRAINT = 'appointment_granted_by_two_people';
    END;
"""

ONLY_ENDED = """
    IF lower(NEW.period) IS DISTINCT FROM lower(OLD.period)
        OR coalesce(upper(NEW.period), 'infinity') > coalesce(upper(OLD.period), 'infinity') THEN
        RAISE EXCEPTION 'a role is ended, never begun earlier nor made longer'
            USING ERRCODE = '23514', CONSTRAINT = 'appointment_is_ended_and_never_extended';
    END IF;
    RETURN NEW;
"""


AUDITS = Case(When(role="auditor", then=Value(1)), default=Value(0), output_field=IntegerField())
"""1 for an auditor, 0 for a role that writes: one account never has both on one day."""


@pghistory.track(append_only=True)
class Appointment(models.Model):
    """`user` acts as `role` for `organization` and all beneath it during `period`.

    Read from the database at every request. Ended by closing the period, never deleted. Proposed
    by `granted_by`, an administrator, and confirmed by `approved_by`, staff there or above; alone
    only the first administrator of an installation and the first staff at the top of a tree.
    """

    Role = Role
    fixed = frozenset({"user", "organization", "role", "granted_by", "approved_by"})

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
            models.CheckConstraint(
                name="appointment_not_approved_by_who_granted_it",
                condition=Q(approved_by__isnull=True)
                | (Q(granted_by__isnull=False) & ~Q(approved_by=F("granted_by"))),
            ),
            ExclusionConstraint(
                name="appointment_of_an_auditor_beside_none_that_writes",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    (AUDITS, RangeOperators.NOT_EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=~Q(role="leader"),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(
                appointment_not_granted_to_oneself=("granted_by", "user"),
                appointment_not_approved_by_its_holder=("approved_by", "user"),
                appointment_not_approved_by_who_granted_it=("approved_by", "granted_by"),
            ),
            pgtrigger.Trigger(
                name="granted_by_two_people",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=GRANTED_BY_TWO.format(lock=int(Lock.INSTALLATION)),
            ),
            pgtrigger.Trigger(
                name="ended_and_never_extended",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=ONLY_ENDED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role} @ {self.organization_id}"


@pghistory.track(append_only=True)
class AppointmentProposal(models.Model):
    """An administrator proposes that `user` act as `role` for `organization`; it gives nothing.

    Staff of the organisation or of one above confirm it, which makes the `appointment`, or decline
    it with a reason; the row stays.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for confirmation")
        CONFIRMED = "confirmed", _("Confirmed")
        DECLINED = "declined", _("Declined")

    fixed = frozenset({"user", "organization", "role", "title", "period"})

    user = models.ForeignKey(
        "organizations.User",
        models.PROTECT,
        related_name="proposed_appointments",
        verbose_name=_("account"),
    )
    organization = models.ForeignKey(
        "organizations.Organization",
        models.PROTECT,
        related_name="+",
        verbose_name=_("organisation"),
    )
    role = models.CharField(_("role"), max_length=13, choices=Role)
    title = models.CharField(_("title"), max_length=80, blank=True)
    period = DateRangeField(_("period"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.ASKED)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    answered_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    appointment = models.OneToOneField(
        Appointment, models.PROTECT, related_name="proposal", null=True, blank=True
    )

    objects = AppointmentProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            real_period(name="proposed_appointment_begins_on_some_day"),
            models.UniqueConstraint(
                fields=["user", "organization", "role"],
                condition=Q(state="asked"),
                name="appointment_proposed_once_at_a_time",
            ),
            models.CheckConstraint(
                name="appointment_not_proposed_to_oneself",
                condition=~Q(entered_by=F("user")),
            ),
            models.CheckConstraint(
                name="proposed_appointment_answered_by_a_third_person",
                condition=Q(state="asked", answered_by__isnull=True, answered_at__isnull=True)
                | (
                    Q(answered_by__isnull=False, answered_at__isnull=False)
                    & ~Q(state="asked")
                    & ~Q(answered_by=F("entered_by"))
                    & ~Q(answered_by=F("user"))
                ),
            ),
            models.CheckConstraint(
                name="proposed_appointment_answered_as_its_state_says",
                condition=Q(state="asked", appointment__isnull=True)
                | Q(state="confirmed", appointment__isnull=False)
                | (Q(state="declined", appointment__isnull=True) & ~Q(reason="")),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(
                appointment_not_proposed_to_oneself=("entered_by", "user"),
                proposed_appointment_answered_by_a_third_person=(
                    "answered_by",
                    "entered_by",
                    "user",
                ),
            ),
            stays_once("OLD.state <> 'asked'", name="proposed_appointment_answered_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role} @ {self.organization_id}?"

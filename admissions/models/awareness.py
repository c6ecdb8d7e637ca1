"""Classes: of awareness of the Party, and for new members; who is sent, attends and passes."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

import pghistory
from django.db import models
from django.db.models import Case, Count, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from config import clock
from organizations.models import Ancestry, Appointment, Role
from organizations.models.guards import NEVER_DELETED, EnteredAt, entered_now

from .candidate import Candidate
from .preparation import Certificate

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User


class AwarenessClassQuerySet(models.QuerySet["AwarenessClass"]):
    def above(self, organizations: Any, *, on: date) -> AwarenessClassQuerySet:
        """Keep the classes of `organizations` (ids or rows) and of all above them on day `on`."""
        line = Ancestry.objects.on(on).filter(descendant__in=organizations)
        return self.filter(organization__in=line.values("ancestor"))

    def open_on(self, on: date) -> AwarenessClassQuerySet:
        """Keep the awareness classes that take names on day `on`, the first due first.

        `taken` is how many places are.
        """
        return (
            self.filter(
                kind=Certificate.Kind.AWARENESS,
                state=AwarenessClass.State.PLANNED,
                enrol_by__gte=on,
            )
            .annotate(taken=Count("enrolments", filter=Q(enrolments__state__in=TAKEN)))
            .order_by("enrol_by", "starts_on", "pk")
        )

    def standing_on(self, on: date) -> AwarenessClassQuerySet:
        """Annotate `standing`: how the class stands by its dates on day `on`, a `Standing`."""
        standing = AwarenessClass.Standing
        return self.annotate(
            standing=Case(
                When(state=AwarenessClass.State.CANCELLED, then=Value(standing.CANCELLED)),
                When(starts_on__gt=on, then=Value(standing.TO_COME)),
                When(ends_on__gte=on, then=Value(standing.UNDER_WAY)),
                When(state=AwarenessClass.State.PLANNED, then=Value(standing.TO_MARK)),
                default=Value(standing.OVER),
                output_field=models.CharField(),
            )
        )

    def visible_to(
        self, user: User | AnonymousUser, *, on: date | None = None
    ) -> AwarenessClassQuerySet:
        """Keep those that `user` runs, and for who sees names those above and beneath their own.

        Of its roll each sees their own cells; that is the page's matter.
        """
        on = on or clock.today()
        naming = Appointment.objects.of(user, on=on, roles=Role.sees_names())
        beneath = Appointment.objects.organizations_of(
            user, roles=[*Role.sees_names(), Role.CENTRE], on=on
        )
        line = Ancestry.objects.on(on).filter(descendant__in=naming.values("organization"))
        return self.filter(
            Q(organization__in=beneath) | Q(organization__in=line.values("ancestor"))
        )


@pghistory.track(append_only=True)
class AwarenessClass(models.Model):
    """A class that the political centre of `organization` holds, with so many places."""

    Kind = Certificate.Kind

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        HELD = "held", _("Held")
        CANCELLED = "cancelled", _("Cancelled")

    class Standing(models.TextChoices):
        """What a reader is told of the class on some day: by its dates, not by what was entered."""

        TO_COME = "to_come", _("To be held")
        UNDER_WAY = "under_way", _("Under way")
        TO_MARK = "to_mark", _("Over, results not entered")
        OVER = "over", _("Over")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.AWARENESS)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PLANNED)
    name = models.CharField(_("name"), max_length=160)
    centre = models.CharField(_("political centre"), max_length=160)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    enrol_by = models.DateField(_("names due by"))
    places = models.PositiveSmallIntegerField(_("places"))
    sessions = models.PositiveSmallIntegerField(_("sessions"))
    cancelled_because = models.CharField(_("cancelled because"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = AwarenessClassQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="class_ends_after_it_starts",
                condition=Q(ends_on__gte=F("starts_on"), enrol_by__lte=F("ends_on")),
            ),
            models.CheckConstraint(
                name="class_has_places_and_sessions", condition=Q(places__gt=0, sessions__gt=0)
            ),
            models.CheckConstraint(
                name="class_cancelled_with_a_reason",
                condition=~Q(state="cancelled") | ~Q(cancelled_because=""),
            ),
        ]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return self.name


@pghistory.track(append_only=True)
class Enrolment(models.Model):
    """A cell proposed its candidate for a class; the committee accepts; the centre marks."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed by the cell")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Not accepted")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        PASSED = "passed", _("Passed")
        FAILED = "failed", _("Not passed")
        ABSENT = "absent", _("Did not attend")

    school = models.ForeignKey(AwarenessClass, models.PROTECT, related_name="enrolments")
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="enrolments")
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PROPOSED)
    proposed_on = models.DateField(_("proposed on"))
    answered_on = models.DateField(_("answered on"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    attended = models.PositiveSmallIntegerField(_("sessions attended"), null=True, blank=True)
    grade = models.CharField(_("grade"), max_length=40, blank=True)
    certificate = models.OneToOneField(
        Certificate, models.PROTECT, null=True, blank=True, related_name="enrolment"
    )
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    answered_by = models.ForeignKey(
        "organizations.User", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["school", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "candidate"], name="enrolment_once_in_a_class"
            ),
            models.UniqueConstraint(
                fields=["candidate"],
                condition=Q(state__in=["proposed", "accepted"]),
                name="enrolment_one_open_per_candidate",
            ),
            models.CheckConstraint(
                name="enrolment_certificate_of_those_who_passed",
                condition=Q(certificate__isnull=True) | Q(state="passed"),
            ),
            models.CheckConstraint(
                name="enrolment_refused_with_a_reason",
                condition=~Q(state__in=["refused", "withdrawn"]) | ~Q(reason=""),
            ),
        ]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return f"{self.candidate_id} @ {self.school_id}"


TAKEN = (
    Enrolment.State.ACCEPTED,
    Enrolment.State.PASSED,
    Enrolment.State.FAILED,
    Enrolment.State.ABSENT,
)
"""Enrolments that take a place, on the roll of the class."""

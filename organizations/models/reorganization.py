"""Reorganisations: one signed decision made of typed events, and the lineage that follows."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

import pgtrigger
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext_lazy as _

from .appointment import Appointment, Role
from .guards import APPEND_ONLY, NEVER_DELETED, EnteredAt, entered_now, not_sealed, two_people

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .user import User


class ReorganizationKind(models.TextChoices):
    """The eight kinds of event; guidance of party committees on founding and reorganising."""

    FOUND = "found", _("Founding")
    MERGE = "merge", _("Merging into another")
    CONSOLIDATE = "consolidate", _("Uniting into a new one")
    SPLIT = "split", _("Splitting")
    MOVE = "move", _("Moving to another superior")
    CONVERT = "convert", _("Upgrading, changing its kind")
    DISSOLVE = "dissolve", _("Dissolving, its task being done")
    DISBAND = "disband", _("Disbanding, as discipline")


class ReorganizationQuerySet(models.QuerySet["Reorganization"]):
    def visible_to(
        self, user: User | AnonymousUser, *, on: date | None = None
    ) -> ReorganizationQuerySet:
        """Keep those of organisations beneath which `user` acts in any role but administration."""
        return self.filter(
            organization__in=Appointment.objects.organizations_of(
                user, roles=Role.sees_figures(), on=on
            )
        )

    def due(self, *, on: date) -> ReorganizationQuerySet:
        """Keep the confirmed ones whose effective day has come by `on`, earliest first."""
        return self.filter(state=Reorganization.State.CONFIRMED, effective_on__lte=on).order_by(
            "effective_on", "pk"
        )


STAYS = """
    IF OLD.state IN ('applied', 'cancelled') THEN
        RAISE EXCEPTION 'a reorganisation that was % is never changed', OLD.state
            USING ERRCODE = '23514', CONSTRAINT = 'reorganization_applied_or_cancelled_stays';
    END IF;
    IF OLD.state <> NEW.state AND OLD.state || ' ' || NEW.state NOT IN (
        'draft confirmed', 'draft cancelled', 'confirmed applied', 'confirmed failed',
        'confirmed cancelled', 'failed confirmed', 'failed draft', 'failed cancelled') THEN
        RAISE EXCEPTION 'a decision does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = '23514', CONSTRAINT = 'reorganization_goes_step_by_step';
    END IF;
    IF NEW.entered_by_id <> OLD.entered_by_id OR OLD.state <> 'draft' AND (NEW.organization_id,
        NEW.number, NEW.signed_on, NEW.effective_on, NEW.signer, NEW.note) IS DISTINCT FROM
        (OLD.organization_id, OLD.number, OLD.signed_on, OLD.effective_on, OLD.signer, OLD.note)
        OR OLD.state = 'confirmed' AND (NEW.confirmed_by_id, NEW.confirmed_at) IS DISTINCT FROM
        (OLD.confirmed_by_id, OLD.confirmed_at) THEN
        RAISE EXCEPTION 'a confirmed decision is not rewritten'
            USING ERRCODE = '23514', CONSTRAINT = 'reorganization_confirmed_is_not_rewritten';
    END IF;
    RETURN NEW;
"""

BEGINS = """
    IF NEW.state <> 'draft' THEN
        RAISE EXCEPTION 'a decision begins as a draft, not %', NEW.state
            USING ERRCODE = '23514', CONSTRAINT = 'reorganization_begins_as_a_draft';
    END IF;
    RETURN NULL;
"""


class NumberKey(Func):
    """A decision's number as it is compared: in capitals, without blanks."""

    template = "upper(regexp_replace(normalize(%(expressions)s, NFKC), '[\\s\u200b]+', '', 'g'))"
    output_field = models.CharField()


class Reorganization(models.Model):
    """One decision of `organization` that changes the tree from `effective_on`, in typed events.

    Drafted by one person, confirmed by a second; applied by a job once its day has come, and
    cancelled until then. `preview` is what it was last shown to do, `outcome` what it did:
    {"counts": {what: how many}, …}, see `organizations.reorganizing`. Changed by
    `organizations.operations.reorganizations` alone; nothing is deleted.
    """

    Kind = ReorganizationKind

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        CONFIRMED = "confirmed", _("Confirmed, waits for its day")
        APPLIED = "applied", _("Applied")
        FAILED = "failed", _("Could not be applied")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(
        "organizations.Organization",
        models.PROTECT,
        related_name="reorganizations",
        verbose_name=_("deciding organisation"),
        help_text=_("All units of the decision stand beneath it."),
    )
    number = models.CharField(_("decision number"), max_length=40)
    signed_on = models.DateField(_("signed on"))
    year = models.GeneratedField(
        expression=ExtractYear("signed_on"), output_field=models.IntegerField(), db_persist=True
    )
    signer = models.CharField(_("signer"), max_length=120)
    effective_on = models.DateField(_("in force from"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.DRAFT)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(_("reason for cancelling"), max_length=300, blank=True)
    preview = models.JSONField(null=True, blank=True)
    previewed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.JSONField(null=True, blank=True)
    job = models.ForeignKey(
        "organizations.Job", models.PROTECT, related_name="+", null=True, blank=True
    )
    version = models.PositiveIntegerField(default=1)

    objects = ReorganizationQuerySet.as_manager()

    class Meta:
        ordering = ["-effective_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                "organization",
                "year",
                NumberKey("number"),
                condition=~Q(state="cancelled"),
                name="reorganization_number_once_per_organization_and_year",
            ),
            models.CheckConstraint(name="reorganization_has_a_number", condition=~Q(number="")),
            models.CheckConstraint(
                name="reorganization_confirmed_by_a_second_person",
                condition=Q(state__in=["draft", "cancelled"])
                | (
                    Q(confirmed_by__isnull=False, confirmed_at__isnull=False)
                    & ~Q(confirmed_by=F("entered_by"))
                ),
            ),
            models.CheckConstraint(
                name="reorganization_cancelled_with_a_reason",
                condition=~Q(state="cancelled")
                | (
                    Q(cancelled_by__isnull=False, cancelled_at__isnull=False) & ~Q(cancel_reason="")
                ),
            ),
            models.CheckConstraint(
                name="reorganization_applied_at_an_instant",
                condition=~Q(state="applied") | Q(applied_at__isnull=False, outcome__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["state", "effective_on"], name="reorganization_due")]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(reorganization_confirmed_by_a_second_person=("confirmed_by", "entered_by")),
            not_sealed(
                organization="NEW.organization_id",
                day="NEW.effective_on",
                constraint="reorganization_outside_what_is_sealed",
                runs_on=True,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("effective_on", "organization_id"),  # type: ignore[no-untyped-call]
            ),
            pgtrigger.Trigger(
                name="begins_as_a_draft",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func=BEGINS,
            ),
            pgtrigger.Trigger(
                name="applied_or_cancelled_stays",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=STAYS,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.effective_on}"


ONLY_DRAFTS = """
    DECLARE found_state text;
    BEGIN
        FOR found_state IN SELECT state FROM organizations_reorganization AS decision
            WHERE decision.id IN ({decisions}) ORDER BY decision.id FOR SHARE
        LOOP
            IF found_state <> 'draft' {unless} THEN
                RAISE EXCEPTION 'the decision is % already', found_state
                    USING ERRCODE = '23514', CONSTRAINT = 'reorganization_only_a_draft_is_edited';
            END IF;
        END LOOP;
        RETURN NEW;
    END;
"""

OWN = "NEW.reorganization_id, OLD.reorganization_id"
OF_THE_EVENT = (
    "SELECT reorganization_id FROM organizations_reorganizationevent"
    " WHERE id IN (NEW.event_id, OLD.event_id)"
)
"""The decisions that a row belongs to and belonged to, as SQL; before its insertion to none."""


def _only_in_a_draft(decisions: str, *, unless: str = "") -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name="only_a_draft_is_edited",
        operation=pgtrigger.Insert | pgtrigger.Update,
        when=pgtrigger.Before,
        func=ONLY_DRAFTS.format(decisions=decisions, unless=unless),
    )


class ReorganizationEvent(models.Model):
    """One typed event of a decision: its units are `EventUnit`s, sources and results.

    `choices` holds what upper apps ask of it: {app label: whatever its handler validates}, such
    as what becomes of the targets. One taken out of a draft again is `is_withdrawn`.
    """

    Kind = ReorganizationKind

    reorganization = models.ForeignKey(Reorganization, models.PROTECT, related_name="events")
    position = models.PositiveSmallIntegerField(_("row"))
    kind = models.CharField(_("kind"), max_length=11, choices=ReorganizationKind)
    choices = models.JSONField(default=dict, blank=True)
    is_withdrawn = models.BooleanField(default=False)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["reorganization", "position"], name="reorganization_event_one_per_row"
            )
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            _only_in_a_draft(OWN),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.kind}"


class EventUnit(models.Model):
    """An organisation in an event: a source that it changes, or a result that it leads to.

    A result is an organisation that exists, or a new one with `name`, `kind` and its superior:
    `under`, or `under_unit` where that is new as well; applying fills `organization` in.
    """

    class Part(models.TextChoices):
        SOURCE = "source", _("Source")
        RESULT = "result", _("Result")

    event = models.ForeignKey(ReorganizationEvent, models.PROTECT, related_name="units")
    part = models.CharField(max_length=6, choices=Part)
    position = models.PositiveSmallIntegerField(default=1)
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_new = models.BooleanField(default=False)
    name = models.CharField(_("name"), max_length=160, blank=True)
    short_name = models.CharField(_("short name"), max_length=60, blank=True)
    kind = models.ForeignKey(
        "organizations.OrganizationKind", models.PROTECT, null=True, blank=True, related_name="+"
    )
    under = models.ForeignKey(
        "organizations.Organization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    under_unit = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["part", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="event_unit_exists_or_is_described",
                condition=Q(is_new=False, organization__isnull=False)
                | (Q(is_new=True, part="result", kind__isnull=False) & ~Q(name="")),
            ),
            models.UniqueConstraint(
                fields=["event", "part", "organization"], name="event_unit_once_in_its_part"
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            # Applying a confirmed decision writes which organisation a new one became.
            _only_in_a_draft(
                OF_THE_EVENT,
                unless="AND NOT (TG_OP = 'UPDATE' AND NEW.is_new AND found_state = 'confirmed'"
                " AND OLD.organization_id IS NULL AND to_jsonb(NEW) - 'organization_id'"
                " = to_jsonb(OLD) - 'organization_id')",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.organization_id)

    @property
    def place_id(self) -> int:
        """The id of the organisation that it is, negative while it is not founded."""
        return self.organization_id or -self.pk


class EventAssignment(models.Model):
    """`person`, a member or a candidate of a source, goes to the result `unit` of the event."""

    event = models.ForeignKey(ReorganizationEvent, models.PROTECT, related_name="assignments")
    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="+")
    unit = models.ForeignKey(EventUnit, models.PROTECT, related_name="assignments")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "person"], name="event_assignment_one_unit_per_person"
            )
        ]
        triggers = [
            *NEVER_DELETED,
            _only_in_a_draft(OF_THE_EVENT),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} > {self.unit_id}"


class Lineage(models.Model):
    """`predecessor` went into `successor` from day `on`, by `reorganization`; never changed."""

    append_only = True

    predecessor = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="successors"
    )
    successor = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="predecessors"
    )
    kind = models.CharField(max_length=11, choices=ReorganizationKind)
    reorganization = models.ForeignKey(Reorganization, models.PROTECT, related_name="lineages")
    on = models.DateField(_("in force from"))

    class Meta:
        ordering = ["on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["predecessor", "successor", "reorganization"], name="lineage_said_once"
            ),
            models.CheckConstraint(
                name="lineage_not_of_itself", condition=~Q(predecessor=F("successor"))
            ),
        ]
        triggers = [*APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.predecessor_id} > {self.successor_id} {self.on}"

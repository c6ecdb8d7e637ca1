"""A file that follows a person who moves while on the way."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from organizations.models import Appointment, Designation, Role
from organizations.models.guards import NEVER_DELETED, EnteredAt, entered_now, stays_once

from .candidate import Candidate
from .separation import ACCOUNTS, human_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User


class FileTransferQuerySet(models.QuerySet["FileTransfer"]):
    def visible_to(
        self, user: User | AnonymousUser, *, on: date | None = None
    ) -> FileTransferQuerySet:
        """Keep those that leave or reach a cell whose people `user` may see by name.

        Also those of a file that came to such a cell meanwhile, by a reorganisation.
        """
        cells = Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
        return self.filter(
            Q(origin__in=cells) | Q(destination__in=cells) | Q(candidate__cell__in=cells)
        )

    def open(self) -> FileTransferQuerySet:
        """Keep those on their way: asked for or sent, not answered yet."""
        return self.filter(state__in=FileTransfer.OPEN)

    def called(self) -> FileTransferQuerySet:
        """Annotate `origin_name` and `destination_name`, the latest names of both sides."""
        latest = Designation.objects.order_by("-period__startswith")
        return self.annotate(
            **{
                f"{side}_name": Subquery(
                    latest.filter(organization=OuterRef(side)).values("name")[:1]
                )
                for side in ("origin", "destination")
            }
        )


# A member on probation goes by a transfer of the membership, which two people made; outside this
# system nobody takes the file over.
TAKEN_OVER_BY_ANOTHER = """
    DECLARE
        me bigint := {receiving};
        accounts int[] := {accounts};
    BEGIN
        IF NEW.entered_by_id = ANY (accounts) OR EXISTS (
            SELECT 1 FROM admissions_milestone AS sending
            WHERE sending.candidate_id = NEW.candidate_id AND sending.step = 'send_file'
            AND sending.entered_by_id = ANY (accounts) AND sending.entered_at >= NEW.entered_at)
        THEN
            RAISE EXCEPTION 'who asked for the move or sent the file does not take it over'
                USING ERRCODE = '23514', CONSTRAINT = 'file_transfer_taken_over_by_another_person';
        END IF;
        RETURN NEW;
    END;
"""


@pghistory.track(append_only=True)
class FileTransfer(models.Model):
    """The person of a file moves from `origin`: asked, sent, taken over; by where the file stood.

    Source of the five situations and their terms: HD 06-HD/TW 2025, 3.9, 3.10 and 10; the numbers
    are columns of the rule set.
    """

    class Situation(models.TextChoices):
        HELPED = "helped", _("Being helped, no resolution yet")
        RESOLVED = "resolved", _("Resolved below, file not yet with the competent committee")
        SUBMITTED = "submitted", _("File with the competent committee, no decision")
        DECIDED = "decided", _("Decision issued")
        PROBATION = "probation", _("On probation")

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        SENT = "sent", _("File sent")
        RECEIVED = "received", _("File taken over")
        REFUSED = "refused", _("Not taken over")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    OPEN = (State.ASKED, State.SENT)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="file_transfers")
    situation = models.CharField(_("where the file stood"), max_length=9, choices=Situation)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.ASKED)
    origin = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    destination = models.ForeignKey(
        "organizations.Organization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    destination_place = models.CharField(_("place outside"), max_length=200, blank=True)
    moved_on = models.DateField(_("day of the decision to move"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    certificate_number = models.CharField(
        _("certificate of being helped, number"), max_length=40, blank=True
    )
    letter_number = models.CharField(_("letter"), max_length=40, blank=True)
    send_by = models.DateField(_("file to be sent by"), null=True, blank=True)
    sent_on = models.DateField(_("file sent on"), null=True, blank=True)
    received_on = models.DateField(_("file received on"), null=True, blank=True)
    decide_by = models.DateField(_("decision at the new place by"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=300, blank=True)
    review_asked_on = models.DateField(_("review asked for on"), null=True, blank=True)
    review_by = models.DateField(_("faults to be answered by"), null=True, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    received_by = models.ForeignKey(
        "organizations.User", models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = FileTransferQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="file_transfer_goes_somewhere",
                condition=Q(destination__isnull=False, destination_place="")
                | (Q(destination__isnull=True) & ~Q(destination_place="")),
            ),
            models.CheckConstraint(
                name="file_transfer_goes_somewhere_else",
                condition=Q(destination__isnull=True) | ~Q(origin=F("destination")),
            ),
            models.UniqueConstraint(
                fields=["candidate"],
                condition=Q(state__in=["asked", "sent"]),
                name="file_transfer_one_open_per_file",
            ),
            models.CheckConstraint(
                name="file_transfer_received_after_it_was_sent",
                condition=Q(received_on__isnull=True) | Q(received_on__gte=F("sent_on")),
            ),
            models.CheckConstraint(
                name="file_transfer_reviewed_where_it_was_not_taken_over",
                condition=Q(review_asked_on__isnull=True, review_by__isnull=True)
                | Q(
                    state="refused",
                    review_asked_on__isnull=False,
                    review_by__isnull=False,
                    review_by__gte=F("review_asked_on"),
                ),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            stays_once(
                "OLD.state IN ('received', 'refused', 'withdrawn')",
                name="file_transfer_answered_once",
            ),
            pgtrigger.Trigger(
                name="taken_over_by_another_person",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Condition(
                    "NEW.state = 'received' AND NEW.destination_id IS NOT NULL"
                    " AND NEW.situation <> 'probation'"
                ),
                func=TAKEN_OVER_BY_ANOTHER.format(
                    receiving=human_of("NEW.received_by_id"),
                    accounts=ACCOUNTS.format(account="NEW.received_by_id"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.candidate_id}: {self.get_situation_display()}"

    @property
    def place(self) -> str:
        """Where the file goes, in words; without a query after `called()`."""
        if self.destination_id is None:
            return self.destination_place
        return str(self.__dict__.get("destination_name") or self.destination)

    @property
    def is_open(self) -> bool:
        """Say whether the file is on its way: its old cell takes no step meanwhile."""
        return self.state in self.OPEN

    @property
    def is_under_review(self) -> bool:
        """Say whether the new place sent it back for its faults."""
        return self.review_by is not None

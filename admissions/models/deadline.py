"""Clocks that run on a file, as rows: by which clause, whose, until when, and how they ended."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import NEVER_DELETED, EnteredAt, entered_now

from .candidate import Candidate
from .rule_set import RuleSet


class Deadline(models.Model):
    """One clock on one file, from `began_on`; its days are reckoned once, when it begins.

    Rows follow from the file by `operations.deadlines.reckon`, in the transaction that changes the
    file; a job scans for those whose day has come. A row that no longer applies is void, never
    deleted.
    """

    class Clock(models.TextChoices):
        CERTIFICATE = "certificate", _("Class certificate runs out")
        PAPERS = "papers", _("Papers go stale")
        VERIFICATION = "verification", _("Answer to a verification")
        SEND_UP = "send_up", _("File sent up")
        GRASSROOTS = "grassroots", _("Resolution of the grassroots committee")
        DECISION = "decision", _("Decision on admission")
        CEREMONY = "ceremony", _("Admission ceremony")
        NEW_MEMBER_PAPERS = "new_member_papers", _("Papers of the new member")
        PROBATION = "probation", _("End of probation")
        CELL_REVIEW = "cell_review", _("Cell considers recognition")
        RECOGNITION = "recognition", _("Decision on recognition")
        FORWARD = "forward", _("File forwarded to the new place")
        MOVED_DECISION = "moved_decision", _("Decision at the new place")
        FAULT_REVIEW = "fault_review", _("Review of faults found at the new place")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        MET = "met", _("Met in time")
        LATE = "late", _("Met late")
        VOID = "void", _("No longer applies")

    class Owner(models.TextChoices):
        CELL = "cell", _("Cell secretary")
        GRASSROOTS = "grassroots", _("Grassroots committee")
        COMPETENT = "competent", _("Competent committee")

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="deadlines")
    clock = models.CharField(_("term"), max_length=17, choices=Clock)
    subject = models.CharField(
        max_length=80, blank=True, help_text=_("Which of several: a paper, a place.")
    )
    rules = models.ForeignKey(RuleSet, models.PROTECT, related_name="+")
    clause = models.CharField(_("clause"), max_length=160)
    owner = models.CharField(_("whose"), max_length=10, choices=Owner)
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    began_on = models.DateField(_("counted from"))
    due_on = models.DateField(_("due by"))
    warn_on = models.DateField(_("warned from"))
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.RUNNING)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    warned_at = models.DateTimeField(_("warned at"), null=True, blank=True)
    missed_at = models.DateTimeField(_("found missed at"), null=True, blank=True)
    escalated_to = models.ForeignKey(
        "organizations.Organization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_at = EnteredAt()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "clock", "subject", "began_on"],
                name="deadline_once_per_clock_and_beginning",
            ),
            models.CheckConstraint(
                name="deadline_warns_before_it_is_due", condition=Q(warn_on__lte=F("due_on"))
            ),
            models.CheckConstraint(
                name="deadline_ended_on_a_day",
                condition=Q(state="running", ended_on__isnull=True)
                | (~Q(state="running") & Q(ended_on__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_on"], condition=Q(state="running"), name="deadline_running_due"
            ),
            models.Index(
                fields=["organization", "due_on"],
                condition=Q(state="running"),
                name="deadline_running_of",
            ),
        ]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return f"{self.candidate_id}: {self.get_clock_display()} {self.due_on}"

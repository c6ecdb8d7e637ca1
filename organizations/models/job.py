"""Work in the background: what is asked of it, how far it is, and what form was sent."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .guards import NEVER_DELETED, EnteredAt, entered_now


class Job(models.Model):
    """One run of a background job, with what every progress bar reads."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    kind = models.CharField(_("kind"), max_length=40)
    subject = models.CharField(_("subject"), max_length=80, help_text=_("Such as the year."))
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("total"), default=0)
    changed = models.PositiveIntegerField(
        _("changed"), default=0, help_text=_("Rows that differed from before.")
    )
    errors = ArrayField(models.TextField(), default=list, blank=True)
    asked_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="job_done_not_beyond_its_total", condition=Q(done__lte=F("total"))
            ),
            models.CheckConstraint(
                name="job_finished_when_not_running",
                condition=Q(state="running", finished_at__isnull=True)
                | (~Q(state="running") & Q(finished_at__isnull=False)),
            ),
        ]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.state}"


class Outbox(models.Model):
    """News of a fact, written in the fact's own transaction; knows nothing of measures.

    A worker takes rows, does their effect and deletes them in one transaction.
    """

    kind = models.CharField(max_length=40, help_text=_("Model label of the fact, lower case."))
    fact = models.BigIntegerField(help_text=_("Primary key of the fact."))
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    on = models.DateField(help_text=_("The day the fact happened."))
    sign = models.SmallIntegerField(default=1, help_text=_("+1, or -1 for a reversal."))
    snapshot = models.JSONField(default=dict, help_text=_("Group values at the fact."))
    entered_at = EnteredAt()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="outbox_sign_is_plus_or_minus_one", condition=Q(sign__in=[1, -1])
            )
        ]
        triggers = [entered_now()]

    def __str__(self) -> str:
        return f"{self.kind} {self.fact}"


class FormReceipt(models.Model):
    """A form that was accepted once; a second click with the same key gets the same answer."""

    user = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    key = models.UUIDField()
    result_url = models.CharField(max_length=300)
    entered_at = EnteredAt()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="form_accepted_once")]
        triggers = [entered_now()]

    def __str__(self) -> str:
        return str(self.key)

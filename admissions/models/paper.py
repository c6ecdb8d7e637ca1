"""Papers of a file."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import APPEND_ONLY, NEVER_DELETED, EnteredAt, entered_now

from .candidate import Candidate
from .rule_set import PaperKind


@pghistory.track(append_only=True)
class Paper(models.Model):
    """A paper received into a file; a kind that goes stale stops counting on `stale_on`."""

    fixed = frozenset({"candidate", "kind", "dated_on", "received_on", "number", "stale_on"})

    class Status(models.TextChoices):
        """What a page shows of a paper of the catalogue; five, no more."""

        COMPLETE = "complete", _("Complete")
        MISSING = "missing", _("Missing")
        EXPIRING = "expiring", _("Expiring soon")
        NOT_YET = "not_yet", _("Not yet due")
        NOT_APPLICABLE = "not_applicable", _("Not applicable")

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="papers")
    kind = models.ForeignKey(PaperKind, models.PROTECT, related_name="+")
    dated_on = models.DateField(_("dated"))
    received_on = models.DateField(_("received on"))
    number = models.CharField(_("number"), max_length=40, blank=True)
    signer = models.CharField(_("signer"), max_length=120, blank=True)
    stale_on = models.DateField(_("stale from"), null=True, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["kind__order", "-received_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "kind", "dated_on"], name="paper_received_once"
            ),
            models.CheckConstraint(
                name="paper_dated_before_it_was_received",
                condition=Q(dated_on__lte=F("received_on")),
            ),
        ]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return f"{self.kind} {self.dated_on}"


class Scan(models.Model):
    """The scanned paper, kept under the hash of its content outside what is served."""

    append_only = True

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="scans")
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    name = models.CharField(_("file name"), max_length=200)
    content_type = models.CharField(_("kind of file"), max_length=60)
    size = models.PositiveIntegerField(_("bytes"))
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["paper", "sha256"], name="scan_once_per_paper")
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return self.name

    @property
    def quarantine(self) -> str:
        """Why the scan is not given out yet, or never will be; empty where it is."""
        verdict: ScanVerdict | None = getattr(self, "verdict", None)
        if verdict is not None and verdict.virus:
            return gettext(
                "The virus check found %(virus)s in this scan: it is never given out."
            ) % {"virus": verdict.virus}
        if verdict is None and settings.CLAMAV_ADDRESS:
            return gettext("This scan waits for the virus check. Try again in a minute.")
        return ""


class ScanVerdict(models.Model):
    """What the virus check said of a scan; without one it is in quarantine, where one is set up."""

    append_only = True

    scan = models.OneToOneField(Scan, models.PROTECT, related_name="verdict")
    virus = models.CharField(_("virus"), max_length=200, blank=True)
    entered_at = EnteredAt()

    class Meta:
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return self.virus


class ScanReading(models.Model):
    """Somebody opened a scan, and why."""

    append_only = True

    scan = models.ForeignKey(Scan, models.PROTECT, related_name="readings")
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.scan_id} {self.entered_at}"


@pghistory.track(append_only=True)
class Verification(models.Model):
    """One request about one person at one place: sent, due, answered, or waived with a reason.

    `due_on` is reckoned once, at the sending, in working days at home or abroad.
    """

    class Relation(models.TextChoices):
        APPLICANT = "applicant", _("Applicant")
        FATHER = "father", _("Father")
        MOTHER = "mother", _("Mother")
        FOSTERER = "fosterer", _("Fosterer")
        SPOUSE = "spouse", _("Spouse")
        FATHER_IN_LAW = "father_in_law", _("Father of the spouse")
        MOTHER_IN_LAW = "mother_in_law", _("Mother of the spouse")
        CHILD = "child", _("Child of full capacity")

    class Method(models.TextChoices):
        LETTER = "letter", _("By letter")
        SENT = "sent", _("A member was sent")

    class Result(models.TextChoices):
        CLEAR = "clear", _("Confirmed")
        UNCLEAR = "unclear", _("Unclear: asked again")
        PROBLEM = "problem", _("A question for the competent level")

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="verifications")
    relation = models.CharField(_("of whom"), max_length=13, choices=Relation)
    subject = models.CharField(_("name"), max_length=120)
    place = models.CharField(_("committee asked"), max_length=200)
    is_abroad = models.BooleanField(_("abroad"), default=False)
    method = models.CharField(_("method"), max_length=6, choices=Method, default=Method.LETTER)
    verifier = models.ForeignKey(
        "organizations.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    sent_on = models.DateField(_("sent on"), null=True, blank=True)
    due_on = models.DateField(_("due by"), null=True, blank=True)
    received_on = models.DateField(_("answered on"), null=True, blank=True)
    result = models.CharField(_("result"), max_length=7, choices=Result, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    waived_because = models.CharField(_("waived because"), max_length=300, blank=True)
    waived_on = models.DateField(_("waived on"), null=True, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="verification_sent_or_waived",
                condition=Q(sent_on__isnull=False, due_on__isnull=False)
                | (Q(sent_on__isnull=True, received_on__isnull=True) & ~Q(waived_because="")),
            ),
            models.CheckConstraint(
                name="verification_waived_on_a_day",
                condition=Q(waived_because="", waived_on__isnull=True)
                | (~Q(waived_because="") & Q(waived_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="verification_answered_after_it_was_sent",
                condition=Q(received_on__isnull=True, result="")
                | (Q(received_on__gte=F("sent_on")) & ~Q(result="")),
            ),
            models.UniqueConstraint(
                fields=["candidate", "subject", "place"],
                condition=Q(received_on__isnull=True, waived_because=""),
                name="verification_once_open_per_person_and_place",
            ),
        ]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return f"{self.get_relation_display()}: {self.place}"

"""Meetings of the bodies that vote, and who was entitled to vote in them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from admissions.stages import Level
from organizations.models.guards import APPEND_ONLY, EnteredAt, entered_now


class Meeting(models.Model):
    """A meeting of `organization`'s body as its minutes say; the numbers are frozen with it.

    Those entitled are the official members summoned: all, less those on temporary transfer, those
    exempt and absent, and those suspended, prosecuted or detained (HD 06-HD/TW 2025). Probationary
    members attend and never vote.
    """

    append_only = True

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    level = models.CharField(_("level"), max_length=12, choices=Level)
    held_on = models.DateField(_("held on"))
    official_members = models.PositiveSmallIntegerField(_("official members in all"))
    elsewhere = models.PositiveSmallIntegerField(_("of them on temporary transfer"), default=0)
    exempt_absent = models.PositiveSmallIntegerField(_("of them exempt and absent"), default=0)
    suspended = models.PositiveSmallIntegerField(_("of them suspended or detained"), default=0)
    entitled = models.PositiveSmallIntegerField(_("entitled to vote"))
    present = models.PositiveSmallIntegerField(_("of them present"))
    probationary_members = models.PositiveSmallIntegerField(_("probationary members"), default=0)
    probationary_present = models.PositiveSmallIntegerField(_("of them present"), default=0)
    absence_reasons = models.CharField(_("reasons of absence"), max_length=300, blank=True)
    chair = models.CharField(_("chair"), max_length=120, blank=True)
    secretary = models.CharField(_("secretary of the meeting"), max_length=120, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-held_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="meeting_entitled_are_those_summoned",
                condition=Q(
                    entitled=F("official_members")
                    - F("elsewhere")
                    - F("exempt_absent")
                    - F("suspended")
                ),
            ),
            models.CheckConstraint(
                name="meeting_present_not_more_than_entitled",
                condition=Q(present__lte=F("entitled")),
            ),
            models.CheckConstraint(
                name="meeting_probationary_present_not_more_than_there_are",
                condition=Q(probationary_present__lte=F("probationary_members")),
            ),
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.organization} {self.held_on}"

    @property
    def most_are_suspended(self) -> bool:
        """Say whether more than half of the official members did not count as suspended.

        It can be true; but whoever reads the minutes is to ask, for fewer votes passed then.
        """
        return 2 * self.suspended > self.official_members


class Elector(models.Model):
    """A member of the cell as the list of those entitled at `meeting` says; frozen at the vote."""

    append_only = True

    class Standing(models.TextChoices):
        PRESENT = "present", _("Entitled, present")
        ABSENT = "absent", _("Entitled, absent")
        ELSEWHERE = "elsewhere", _("On temporary transfer")
        EXEMPT = "exempt", _("Exempt and absent")
        SUSPENDED = "suspended", _("Suspended, prosecuted or detained")
        PROBATIONARY = "probationary", _("Probationary, present without a vote")
        PROBATIONARY_ABSENT = "prob_absent", _("Probationary, absent")

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="electors")
    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="+")
    standing = models.CharField(_("standing"), max_length=12, choices=Standing)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "person"], name="elector_once_in_a_meeting")
        ]
        triggers = [*APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.get_standing_display()}"

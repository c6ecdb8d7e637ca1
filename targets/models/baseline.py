"""The members on 1 January, as reported: the base of percentages; frozen once entered."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import (
    APPEND_ONLY,
    NEVER_DELETED,
    EnteredAt,
    entered_now,
    not_sealed,
    two_people,
)

from .scope import FiguresQuerySet


class BaselineQuerySet(FiguresQuerySet["Baseline"]):
    def newest(self) -> BaselineQuerySet:
        """Keep the newest version of each organisation and year."""
        newer = Baseline.objects.filter(
            organization=models.OuterRef("organization"),
            year=models.OuterRef("year"),
            version__gt=models.OuterRef("version"),
        )
        return self.filter(~models.Exists(newer))


class Baseline(models.Model):
    """`members` of `organization`, over its whole subtree, on 1 January of `year`, as reported.

    A correction is a later version with a reason and a second person; never recomputed.
    """

    append_only = True

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="baselines"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    version = models.PositiveSmallIntegerField(default=1)
    members = models.PositiveIntegerField(
        _("members on 1 January"), help_text=_("People, over the whole subtree.")
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )

    objects = BaselineQuerySet.as_manager()

    class Meta:
        ordering = ["organization", "year", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "version"], name="baseline_one_row_per_version"
            ),
            models.CheckConstraint(
                name="baseline_corrected_by_two_people_with_a_reason",
                condition=Q(version=1)
                | (
                    ~Q(reason="") & Q(confirmed_by__isnull=False) & ~Q(confirmed_by=F("entered_by"))
                ),
            ),
            models.CheckConstraint(name="baseline_version_from_one", condition=Q(version__gte=1)),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            two_people(
                baseline_corrected_by_two_people_with_a_reason=("confirmed_by", "entered_by"),
            ),
            not_sealed(
                organization="NEW.organization_id",
                day="make_date(NEW.year, 1, 1)",
                constraint="baseline_outside_what_is_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year}: {self.members}"


class BaselineConfirmation(models.Model):
    """What `organization` itself says it had on 1 January of `year`, beside what was proposed.

    `proposed` is what its memberships gave when it answered; the newest row counts.
    """

    append_only = True

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="baseline_confirmations"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    members = models.PositiveIntegerField(_("members on 1 January"))
    proposed = models.PositiveIntegerField(_("counted from memberships"))
    note = models.CharField(_("reason for the difference"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = FiguresQuerySet["BaselineConfirmation"].as_manager()

    class Meta:
        ordering = ["organization", "year", "pk"]
        constraints = [
            models.CheckConstraint(
                name="baseline_confirmation_explains_a_difference",
                condition=Q(members=F("proposed")) | ~Q(note=""),
            )
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year}: {self.members}"


class BaselineFreezeQuerySet(FiguresQuerySet["BaselineFreeze"]):
    def standing(self) -> BaselineFreezeQuerySet:
        """Keep those asked for or approved, not withdrawn: one of an organisation and year."""
        return self.filter(withdrawn_at__isnull=True)


class BaselineFreeze(models.Model):
    """The decision that freezes the members on 1 January of `year`, for all beneath `organization`.

    Asked for by one, approved by a second, or withdrawn by either; approved, the baselines are
    written, and each later change is a correction.
    """

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="baseline_freezes"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    decision_number = models.CharField(_("decision number"), max_length=40)
    signed_on = models.DateField(_("signed on"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = BaselineFreezeQuerySet.as_manager()

    class Meta:
        ordering = ["organization", "year", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year"],
                condition=Q(withdrawn_at__isnull=True),
                name="baseline_freeze_once_a_year",
            ),
            models.CheckConstraint(
                name="baseline_freeze_withdrawn_only_before_it_is_approved",
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True)
                | Q(
                    withdrawn_by__isnull=False,
                    withdrawn_at__isnull=False,
                    approved_at__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="baseline_freeze_names_its_decision", condition=~Q(decision_number="")
            ),
            models.CheckConstraint(
                name="baseline_freeze_approved_by_a_second_person",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False)
                    & ~Q(approved_by=F("entered_by"))
                ),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(baseline_freeze_approved_by_a_second_person=("approved_by", "entered_by")),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year}: {self.decision_number}"


class BaselineCorrection(models.Model):
    """A correction of a baseline that waits for a second person; approved, it is a new version."""

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for approval")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="baseline_corrections"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    members = models.PositiveIntegerField(_("members on 1 January"))
    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ASKED)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    answered_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    baseline = models.OneToOneField(
        Baseline, models.PROTECT, null=True, blank=True, related_name="correction"
    )

    objects = FiguresQuerySet["BaselineCorrection"].as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year"],
                condition=Q(state="asked"),
                name="baseline_correction_one_open",
            ),
            models.CheckConstraint(
                name="baseline_correction_has_a_reason", condition=~Q(reason="")
            ),
            models.CheckConstraint(
                name="baseline_correction_answered_by_a_second_person",
                condition=Q(state="asked", answered_by__isnull=True)
                | (
                    ~Q(state="asked")
                    & Q(answered_by__isnull=False, answered_at__isnull=False)
                    & ~Q(answered_by=F("entered_by"))
                ),
            ),
            models.CheckConstraint(
                name="baseline_correction_approved_is_a_baseline",
                condition=~Q(state="approved") | Q(baseline__isnull=False),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(
                baseline_correction_answered_by_a_second_person=("answered_by", "entered_by"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year}: {self.members}"

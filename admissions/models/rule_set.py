"""The regulations as dated rows: every age, term, threshold and form code is a column here."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import NEVER_DELETED, real_period


class RuleSetQuerySet(models.QuerySet["RuleSet"]):
    def in_force(self, *, on: date) -> RuleSet:
        """Return the rules in force on day `on`.

        Raises RuleSet.DoesNotExist for a day before the first known rules.
        """
        return self.get(period__contains=on)


class RuleSet(models.Model):
    """One version of the rules, in force during `period`; a case keeps the one it is judged under.

    Working days are Monday to Friday less public holidays. Sources and certainty are columns:
    H read in a primary text, M one good source, L inference.
    """

    class Certainty(models.TextChoices):
        HIGH = "H", _("Read in the primary text")
        MEDIUM = "M", _("One good source")
        LOW = "L", _("Unconfirmed")

    class CeremonyFrom(models.TextChoices):
        RECEIPT = "receipt", _("From the day the cell receives the decision")
        ISSUE = "issue", _("From the day the decision is issued")

    code = models.CharField(_("regulation"), max_length=40, unique=True)
    period = DateRangeField(_("in force"))
    sources = models.TextField(_("sources"))
    certainty = models.CharField(_("certainty"), max_length=1, choices=Certainty)
    certainty_note = models.TextField(_("what is unconfirmed"), blank=True)

    min_age_years = models.PositiveSmallIntegerField(_("youngest age, full years"))
    max_age_years = models.PositiveSmallIntegerField(_("oldest age, full years"))
    certificate_months = models.PositiveSmallIntegerField(_("class certificate valid, months"))
    certificate_valid_on_last_day = models.BooleanField(
        _("the day the months are full still counts"), default=True
    )
    dossier_months = models.PositiveSmallIntegerField(_("papers valid, months"))
    introducer_months = models.PositiveSmallIntegerField(_("introducer together, months"))
    verification_home_days = models.PositiveSmallIntegerField(_("verification, working days"))
    verification_abroad_days = models.PositiveSmallIntegerField(
        _("verification abroad, working days")
    )
    cell_vote_numerator = models.PositiveSmallIntegerField(_("cell vote, numerator"))
    cell_vote_denominator = models.PositiveSmallIntegerField(_("cell vote, denominator"))
    grassroots_vote_numerator = models.PositiveSmallIntegerField(_("grassroots vote, numerator"))
    grassroots_vote_denominator = models.PositiveSmallIntegerField(
        _("grassroots vote, denominator")
    )
    standing_vote_numerator = models.PositiveSmallIntegerField(
        _("standing committee's vote, numerator"),
        help_text=_("To be exceeded: more than this share."),
    )
    standing_vote_denominator = models.PositiveSmallIntegerField(
        _("standing committee's vote, denominator")
    )
    delegated_vote_numerator = models.PositiveSmallIntegerField(_("delegated vote, numerator"))
    delegated_vote_denominator = models.PositiveSmallIntegerField(_("delegated vote, denominator"))
    failed_votes_escalate = models.PositiveSmallIntegerField(_("failed votes before escalation"))
    admission_decision_days = models.PositiveSmallIntegerField(
        _("decision on admission, working days from the cell's resolution")
    )
    admission_extension_days = models.PositiveSmallIntegerField(_("extension of it, working days"))
    recognition_decision_days = models.PositiveSmallIntegerField(
        _("decision on recognition, working days")
    )
    recognition_extension_days = models.PositiveSmallIntegerField(
        _("extension of it, working days")
    )
    ceremony_days = models.PositiveSmallIntegerField(_("ceremony, working days"))
    ceremony_from = models.CharField(_("ceremony counted"), max_length=7, choices=CeremonyFrom)
    probation_months = models.PositiveSmallIntegerField(_("probation, months"))
    recognition_review_days = models.PositiveSmallIntegerField(
        _("cell considers recognition, working days after probation")
    )
    readmission_months = models.PositiveSmallIntegerField(_("wait before readmission, months"))

    objects = RuleSetQuerySet.as_manager()

    class Meta:
        ordering = ["period"]
        constraints = [
            ExclusionConstraint(
                name="rule_set_one_in_force_on_any_day",
                expressions=[("period", RangeOperators.OVERLAPS)],
            ),
            real_period(name="rule_set_in_force_from_some_day"),
            models.CheckConstraint(
                name="rule_set_youngest_age_below_oldest",
                condition=Q(min_age_years__lt=F("max_age_years")),
            ),
            models.CheckConstraint(
                name="rule_set_vote_shares_are_at_most_one",
                condition=Q(cell_vote_numerator__lte=F("cell_vote_denominator"))
                & Q(grassroots_vote_numerator__lte=F("grassroots_vote_denominator"))
                & Q(standing_vote_numerator__lte=F("standing_vote_denominator"))
                & Q(delegated_vote_numerator__lte=F("delegated_vote_denominator"))
                & Q(cell_vote_numerator__gt=0)
                & Q(grassroots_vote_numerator__gt=0)
                & Q(standing_vote_numerator__gt=0)
                & Q(delegated_vote_numerator__gt=0),
            ),
        ]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return self.code


class PaperKind(models.Model):
    """A form or paper that a rule set asks for."""

    class Maker(models.TextChoices):
        CENTRE = "centre", _("Political centre")
        APPLICANT = "applicant", _("Applicant")
        CELL = "cell", _("Cell committee")
        INTRODUCER = "introducer", _("Introducers")
        UNION = "union", _("Youth Union or trade union")
        GRASSROOTS = "grassroots", _("Grassroots committee")
        COMPETENT = "competent", _("Competent committee")

    rules = models.ForeignKey(RuleSet, models.PROTECT, related_name="paper_kinds")
    code = models.CharField(_("form"), max_length=12)
    name = models.CharField(_("name"), max_length=160)
    name_en = models.CharField(_("name in English"), max_length=160)
    order = models.PositiveSmallIntegerField()
    maker = models.CharField(_("made by"), max_length=10, choices=Maker)
    before_cell = models.BooleanField(
        _("needed before the cell considers"),
        help_text=_("Otherwise it arises from the vote or decision itself."),
    )
    only_youth_union = models.BooleanField(_("only for Youth Union members"), default=False)
    goes_stale = models.BooleanField(
        _("goes stale"), help_text=_("To be made again where the cell has not considered in time.")
    )

    class Meta:
        ordering = ["rules", "order"]
        constraints = [
            models.UniqueConstraint(fields=["rules", "code"], name="paper_kind_once_in_a_rule_set")
        ]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return f"{self.name} · {self.code}"

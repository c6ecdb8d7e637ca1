"""The regulations as dated rows: every age, term, threshold and form code is a column here."""

from __future__ import annotations

from datetime import date

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from admissions.stages import Level
from organizations.models.guards import (
    APPEND_ONLY,
    NEVER_DELETED,
    EnteredAt,
    entered_now,
    real_period,
    stays_once,
    two_people,
)


class RuleSetQuerySet(models.QuerySet["RuleSet"]):
    def in_force(self, *, on: date) -> RuleSet:
        """Return the rules in force on day `on`.

        Raises RuleSet.DoesNotExist for a day before the first known rules.
        """
        return self.get(period__contains=on)


CHANGED_BY_TWO = """
    DECLARE
        was jsonb := to_jsonb(OLD);
        become jsonb := to_jsonb(NEW);
        parameter text;
    BEGIN
        FOR parameter IN SELECT key FROM jsonb_each(become)
            WHERE value IS DISTINCT FROM was -> key
        LOOP
            -- By the latest alone: one that another has undone since does not count again.
            IF NOT EXISTS (SELECT 1 FROM (
                    SELECT * FROM admissions_rulechange
                    WHERE rules_id = NEW.id AND name = parameter AND approved_at IS NOT NULL
                    ORDER BY approved_at DESC, id DESC LIMIT 1) AS change
                WHERE change.old = was ->> parameter AND change.new = become ->> parameter)
            THEN
                RAISE EXCEPTION '% of % is not changed by two people', parameter, NEW.code
                    USING ERRCODE = '23514', CONSTRAINT = 'rule_set_changed_by_two_people';
            END IF;
        END LOOP;
        RETURN NEW;
    END;
"""


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
    readmission_cleared_months = models.PositiveSmallIntegerField(
        _("wait before readmission after a cleared record, months"), default=60
    )
    readmissions = models.PositiveSmallIntegerField(_("readmissions in a life"), default=1)
    smallest_cell = models.PositiveSmallIntegerField(
        _("official members a cell needs to decide"), default=3
    )
    youth_age_years = models.PositiveSmallIntegerField(_("oldest youth age, years"), default=30)
    union_cadre_age_years = models.PositiveSmallIntegerField(
        _("oldest youth age of a Youth Union cadre, years"), default=35
    )
    permission_needed = models.BooleanField(
        _("the grassroots committee permits the procedure first"), default=True
    )
    send_up_days = models.PositiveSmallIntegerField(
        _("file sent up, working days from the cell's resolution"), default=5
    )
    grassroots_days = models.PositiveSmallIntegerField(
        _("grassroots resolution, working days from the cell's"), default=25
    )
    new_member_papers_days = models.PositiveSmallIntegerField(
        _("papers of a new member, working days after the ceremony"), default=30
    )
    late_entry_days = models.PositiveSmallIntegerField(
        _("a ceremony entered later needs a third person, days"),
        default=30,
        help_text=_("The product's own policy against back-dating; no regulation says it."),
    )
    forward_days = models.PositiveSmallIntegerField(
        _("file forwarded to the new place, working days"), default=15
    )
    moved_decision_days = models.PositiveSmallIntegerField(
        _("decision at the new place, working days from the file"), default=30
    )
    moved_ceremony_days = models.PositiveSmallIntegerField(
        _("a decision counts at the new place, working days after the transfer"), default=30
    )
    fault_review_days = models.PositiveSmallIntegerField(
        _("review of faults found at the new place, working days"), default=60
    )
    transfer_start_days = models.PositiveSmallIntegerField(
        _("official transfer begun, working days"), default=60
    )
    transfer_present_days = models.PositiveSmallIntegerField(
        _("transfer papers presented, working days"), default=30
    )
    probation_extension_months = models.PositiveSmallIntegerField(
        _("probation extended once by at most, months"),
        default=0,
        help_text=_("0: not extended. Local practice, contradicts the exact end of probation."),
    )

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
        triggers = [
            *NEVER_DELETED,
            pgtrigger.Trigger(
                name="changed_by_two_people",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=CHANGED_BY_TWO,
            ),
        ]

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
        INTERMEDIATE = "intermediate", _("Intermediate committee")
        SUPERIOR = "superior", _("Standing committee of the province")
        AUTHORITY = "authority", _("Other authority")
        MEMBER = "member", _("Probationary member")
        HELPER = "helper", _("Helpers")

    class Phase(models.TextChoices):
        """Of which half of the way a form is."""

        ADMISSION = "admission", _("Admission")
        PROBATION = "probation", _("Probation and recognition")
        OTHER = "other", _("Other")

    class Audience(models.TextChoices):
        """For whom a form is needed."""

        EVERYBODY = "everybody", _("Everybody")
        YOUTH_UNION = "youth_union", _("Youth Union members")
        TRADE_UNION = "trade_union", _("Youth without a Youth Union, with a trade union")
        OVER_AGE = "over_age", _("Above the oldest age")
        BELIEVER = "believer", _("Religious believers")
        HOA = "hoa", _("Ethnic Hoa")
        FOREIGN_MARRIAGE = "foreign_marriage", _("Married to a foreigner")
        BUSINESS_OWNER = "business_owner", _("Owners of a private business")
        READMISSION = "readmission", _("Readmission")
        POLITICAL = "political", _("A political question beyond competence")

    rules = models.ForeignKey(RuleSet, models.PROTECT, related_name="paper_kinds")
    code = models.CharField(_("form"), max_length=12)
    name = models.CharField(_("name"), max_length=160)
    name_en = models.CharField(_("name in English"), max_length=160)
    order = models.PositiveSmallIntegerField()
    maker = models.CharField(_("made by"), max_length=12, choices=Maker)
    phase = models.CharField(_("phase"), max_length=9, choices=Phase, default=Phase.ADMISSION)
    audience = models.CharField(
        _("needed for"), max_length=16, choices=Audience, default=Audience.EVERYBODY
    )
    arises_at = models.CharField(
        _("arises from the vote of"), max_length=12, choices=Level, blank=True
    )
    before_decision = models.BooleanField(_("needed before the decision"), default=False)
    is_local = models.BooleanField(_("code of a local catalogue"), default=False)
    before_cell = models.BooleanField(
        _("needed before the cell considers"),
        help_text=_("Otherwise it arises from the vote or decision itself."),
    )
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


class RuleChangeQuerySet(models.QuerySet["RuleChange"]):
    def waiting(self) -> RuleChangeQuerySet:
        """Keep those that nobody has answered or taken back."""
        return self.filter(approved_by__isnull=True, withdrawn_at__isnull=True)


class RuleChange(models.Model):
    """One parameter of a rule set is to be changed: asked for by one, approved by another.

    `name` is a column of `RuleSet`; `old` and `new` are its values as text. Files keep what was
    reckoned before. Whoever asked may take it back until it is answered.
    """

    rules = models.ForeignKey(RuleSet, models.PROTECT, related_name="changes")
    name = models.CharField(_("parameter"), max_length=60)
    old = models.CharField(_("value before"), max_length=300)
    new = models.CharField(_("new value"), max_length=300)
    source = models.CharField(_("source"), max_length=300)
    certainty = models.CharField(_("certainty"), max_length=1, choices=RuleSet.Certainty)
    reason = models.CharField(_("reason"), max_length=300)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    refused_at = models.DateTimeField(_("refused at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = RuleChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-entered_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="rule_change_approved_by_another_person",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("entered_by")),
            ),
            models.CheckConstraint(
                name="rule_change_answered_by_somebody",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True,
                            refused_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False, refused_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=True, refused_at__isnull=False),
            ),
            models.CheckConstraint(
                name="rule_change_withdrawn_or_answered",
                condition=Q(withdrawn_at__isnull=True) | Q(approved_by__isnull=True),
            ),
            models.CheckConstraint(
                name="rule_change_says_why_and_from_where",
                condition=~Q(reason="") & ~Q(source=""),
            ),
            models.UniqueConstraint(
                fields=["rules", "name"],
                condition=Q(approved_by__isnull=True, withdrawn_at__isnull=True),
                name="rule_change_waits_once_per_parameter",
            ),
        ]  # fmt: skip
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(rule_change_approved_by_another_person=("approved_by", "entered_by")),
            stays_once(
                "(OLD.approved_by_id IS NOT NULL OR OLD.withdrawn_at IS NOT NULL)",
                name="rule_change_answered_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rules}: {self.name} {self.old} → {self.new}"

    @property
    def is_waiting(self) -> bool:
        return self.approved_by_id is None and self.withdrawn_at is None


class DayOff(models.Model):
    """A decreed day off, or a day on which work is done in exchange: beside the public holidays.

    The latest row of a day counts; none is changed.
    """

    append_only = True

    class Kind(models.TextChoices):
        OFF = "off", _("Day off")
        WORKING = "working", _("Working day in exchange")
        USUAL = "usual", _("As in the calendar")

    day = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=7, choices=Kind)
    source = models.CharField(_("decreed by"), max_length=200)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["day", "pk"]
        constraints = [
            models.CheckConstraint(name="day_off_names_its_source", condition=~Q(source=""))
        ]
        indexes = [models.Index(fields=["day"], name="day_off_day")]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.day}: {self.get_kind_display()}"


class Setting(models.Model):
    """What the regulations leave open, as a value of ours; the latest row of a name counts.

    The names, their questions and defaults are `admissions.settings`; two people change one.
    """

    name = models.CharField(_("name"), max_length=40)
    value = models.CharField(_("value"), max_length=60)
    reason = models.CharField(_("reason"), max_length=300)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)

    class Meta:
        ordering = ["name", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="setting_approved_by_another_person",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | (Q(approved_at__isnull=False) & ~Q(approved_by=F("entered_by"))),
            ),
            models.CheckConstraint(name="setting_says_why", condition=~Q(reason="")),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(setting_approved_by_another_person=("approved_by", "entered_by")),
            stays_once("OLD.approved_by_id IS NOT NULL", name="setting_approved_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"

"""Targets: registered from below, assigned from above, adjusted; each a version that stays."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from admissions.models.candidate import Group
from organizations.models.guards import APPEND_ONLY, EnteredAt, entered_now, not_sealed

from .baseline import Baseline
from .cycle import TargetDecision
from .indicator import Indicator
from .scope import FiguresQuerySet

SAYS_ITS_DECISION = """
    IF NEW.decision_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM targets_targetdecision AS decision
        WHERE decision.id = NEW.decision_id AND decision.number = NEW.decision_number
            AND decision.decided_on = NEW.decided_on
    ) THEN
        RAISE EXCEPTION 'decision % has another number or day', NEW.decision_id
            USING ERRCODE = '23514', CONSTRAINT = 'target_says_its_decision_as_it_is';
    END IF;
    RETURN NEW;
"""


SET_FROM_ABOVE = """
    DECLARE
        today date := (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date;
        superior bigint := (SELECT parent_id FROM organizations_placement
            WHERE organization_id = NEW.organization_id AND period @> today);
    BEGIN
        IF NEW.kind IN ('assigned', 'adjusted') AND superior IS NOT NULL
            AND EXISTS (SELECT 1 FROM organizations_appointment AS held
                WHERE held.user_id = NEW.entered_by_id AND held.period @> today
                AND held.organization_id = NEW.organization_id
                AND held.role IN ('staff', 'secretary'))
            AND NOT EXISTS (SELECT 1 FROM organizations_appointment AS held
                WHERE held.user_id = NEW.entered_by_id AND held.period @> today
                AND held.organization_id = superior AND held.role = 'staff')
        THEN
            RAISE EXCEPTION 'a unit is given its target from above'
                USING ERRCODE = '23514', CONSTRAINT = 'target_set_from_above';
        END IF;
        RETURN NEW;
    END;
"""


class TargetQuerySet(FiguresQuerySet["Target"]):
    def in_force(self) -> TargetQuerySet:
        """Keep what binds: the latest assigned or adjusted version of each."""
        binding = [Target.Kind.ASSIGNED, Target.Kind.ADJUSTED]
        newer = Target.objects.filter(
            indicator=models.OuterRef("indicator"),
            organization=models.OuterRef("organization"),
            span=models.OuterRef("span"),
            year=models.OuterRef("year"),
            part=models.OuterRef("part"),
            group=models.OuterRef("group"),
            origin=models.OuterRef("origin"),
            kind__in=binding,
            version__gt=models.OuterRef("version"),
        )
        return self.filter(~models.Exists(newer), kind__in=binding)

    def registered(self) -> TargetQuerySet:
        """Keep what organisations registered themselves."""
        return self.filter(kind=Target.Kind.REGISTERED)

    def told(self) -> TargetQuerySet:
        """Leave out what is only proposed: it is the superior's own until it is issued."""
        return self.exclude(kind=Target.Kind.PROPOSED)

    def of_the_year(self, year: int | models.OuterRef) -> TargetQuerySet:
        """Keep the targets that attainment of `year` is measured by: members admitted in the
        whole year, of all groups, as assigned by decision."""
        return self.filter(
            indicator=Indicator.ADMITTED,
            span=Target.Span.YEAR,
            year=year,
            group="",
            origin=Target.Origin.DECISION,
        )


class Target(models.Model):
    """What `organization` is to reach of `indicator` in a period: one version of it.

    The period is a year, one of its halves or quarters (`part`), or a term up to `until_year`.
    `low` and `high` are people (or things counted), equal for a single or "≥" target; a percent
    target stores the base it was reckoned on and its value then, and rounds up (5.5 % of 953 is
    53): the members at the start of the year or of the term. A floor is what each unit beneath is
    to reach at least. A share target has no number of its own: `percent` of what units report.
    `group` narrows it to some of those admitted; its `origin` is the decision that assigns it or
    the resolution of a congress, and both may stand side by side. What children are given need not
    add up to what their superior has.
    """

    append_only = True

    class Span(models.TextChoices):
        YEAR = "year", _("Year")
        HALF = "half", _("Half-year")
        QUARTER = "quarter", _("Quarter")
        TERM = "term", _("Term")

    class Kind(models.TextChoices):
        REGISTERED = "registered", _("Registered")
        PROPOSED = "proposed", _("Proposed")
        ASSIGNED = "assigned", _("Assigned")
        ADJUSTED = "adjusted", _("Adjusted")

    class Form(models.TextChoices):
        NUMBER = "number", _("Number")
        RANGE = "range", _("Range")
        PERCENT = "percent", _("Percent of opening members")
        SHARE = "share", _("Share")
        FLOOR = "floor", _("At least so many in each unit")

    class Origin(models.TextChoices):
        DECISION = "decision", _("Assigned by decision")
        RESOLUTION = "resolution", _("Resolution of the congress")

    class BaseOf(models.TextChoices):
        YEAR = "year", _("Members at the start of the year")
        TERM = "term", _("Members at the start of the term")

    class OfGroup(models.TextChoices):
        """Whom a sub-target counts of those admitted."""

        WOMEN = "women", _("Women")
        YOUNG = "young", _("Aged 30 or under")
        MINORITY = "minority", _("Ethnic minorities")
        WORKER = Group.WORKER.value, Group.WORKER.label
        YOUTH_UNION = Group.YOUTH_UNION.value, Group.YOUTH_UNION.label
        STUDENT = Group.STUDENT.value, Group.STUDENT.label
        PRIVATE_SECTOR = Group.PRIVATE_SECTOR.value, Group.PRIVATE_SECTOR.label
        VILLAGE_HEAD = Group.VILLAGE_HEAD.value, Group.VILLAGE_HEAD.label
        ARMED_FORCES = Group.ARMED_FORCES.value, Group.ARMED_FORCES.label
        INTELLECTUAL = Group.INTELLECTUAL.value, Group.INTELLECTUAL.label

    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="targets")
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="targets"
    )
    span = models.CharField(_("span"), max_length=7, choices=Span, default=Span.YEAR)
    year = models.PositiveSmallIntegerField(
        _("year"), help_text=_("For a term, the year in which it begins.")
    )
    part = models.PositiveSmallIntegerField(
        _("half or quarter"),
        default=0,
        db_default=0,
        help_text=_("1 or 2, 1 to 4; 0 for a year or a term."),
    )
    until_year = models.PositiveSmallIntegerField(_("last year of the term"), null=True, blank=True)
    group = models.CharField(_("group"), max_length=20, choices=OfGroup, blank=True, db_default="")
    origin = models.CharField(
        _("comes from"),
        max_length=10,
        choices=Origin,
        default=Origin.DECISION,
        db_default=Origin.DECISION,
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    version = models.PositiveSmallIntegerField()
    form = models.CharField(_("form"), max_length=7, choices=Form)
    low = models.PositiveIntegerField(_("at least"), null=True, blank=True)
    high = models.PositiveIntegerField(_("up to"), null=True, blank=True)
    percent = models.DecimalField(
        _("percent"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    base = models.ForeignKey(Baseline, models.PROTECT, null=True, blank=True, related_name="+")
    base_of = models.CharField(
        _("percent of"), max_length=4, choices=BaseOf, default=BaseOf.YEAR, db_default=BaseOf.YEAR
    )
    base_members = models.PositiveIntegerField(_("members it was reckoned on"), null=True)
    decision = models.ForeignKey(
        TargetDecision, models.PROTECT, null=True, blank=True, related_name="targets"
    )
    decision_number = models.CharField(_("decision number"), max_length=40, blank=True)
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    responsible = models.CharField(_("responsible head"), max_length=120, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    reorganization = models.ForeignKey(
        "organizations.Reorganization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = TargetQuerySet.as_manager()

    class Meta:
        ordering = ["organization", "year", "indicator", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "indicator",
                    "organization",
                    "span",
                    "year",
                    "part",
                    "group",
                    "origin",
                    "version",
                ],
                name="target_one_row_per_version",
            ),
            models.UniqueConstraint(
                fields=[
                    "decision",
                    "indicator",
                    "organization",
                    "span",
                    "year",
                    "part",
                    "group",
                    "origin",
                ],
                name="target_given_once_by_a_decision",
            ),
            models.CheckConstraint(
                name="target_low_not_above_high",
                condition=Q(low__isnull=True) | Q(low__lte=F("high")),
            ),
            models.CheckConstraint(
                name="target_single_number_is_low_and_high",
                condition=Q(form="range") | Q(form="share") | Q(low=F("high")),
            ),
            models.CheckConstraint(
                name="target_has_the_numbers_of_its_form",
                condition=Q(
                    form__in=["number", "range", "floor"], low__isnull=False, high__isnull=False
                )
                | Q(
                    form="percent",
                    percent__isnull=False,
                    base_members__isnull=False,
                    low__isnull=False,
                    high__isnull=False,
                )
                | Q(form="share", percent__isnull=False, low__isnull=True, high__isnull=True),
            ),
            models.CheckConstraint(
                name="target_percent_between_0_and_100",
                condition=Q(percent__isnull=True) | Q(percent__gte=0, percent__lte=100),
            ),
            models.CheckConstraint(
                name="target_percent_rounds_up_on_its_base",
                condition=~Q(form="percent")
                | Q(
                    low__gte=F("base_members") * F("percent") / 100,
                    low__lt=F("base_members") * F("percent") / 100 + 1,
                ),
            ),
            models.CheckConstraint(
                name="target_adjusted_with_a_reason", condition=~Q(kind="adjusted") | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="target_part_lies_in_its_span",
                condition=Q(span__in=["year", "term"], part=0)
                | Q(span="half", part__in=[1, 2])
                | Q(span="quarter", part__in=[1, 2, 3, 4]),
            ),
            models.CheckConstraint(
                name="target_term_ends_after_it_begins",
                condition=Q(until_year__isnull=True) | Q(span="term", until_year__gte=F("year")),
            ),
            models.CheckConstraint(
                name="target_term_has_its_last_year",
                condition=~Q(span="term") | Q(until_year__isnull=False),
            ),
            models.CheckConstraint(
                name="target_that_binds_names_its_decision",
                condition=Q(kind__in=["registered", "proposed"])
                | (~Q(decision_number="") & Q(decided_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="target_floor_counts_units", condition=~Q(form="floor") | Q(indicator="KN06")
            ),
            models.CheckConstraint(
                name="target_group_of_members_admitted",
                condition=Q(group="") | Q(indicator="KN01"),
            ),
            models.CheckConstraint(name="target_version_from_one", condition=Q(version__gte=1)),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            pgtrigger.Trigger(
                name="says_its_decision_as_it_is",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=SAYS_ITS_DECISION,
            ),
            pgtrigger.Trigger(
                name="set_from_above",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=SET_FROM_ABOVE,
            ),
            not_sealed(
                organization="NEW.organization_id",
                # A term outlasts the years in it: closing one does not bind it.
                day="CASE WHEN NEW.span <> 'term' THEN make_date(NEW.year, 12, 31) END",
                constraint="target_outside_what_is_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year} {self.indicator_id} v{self.version}"

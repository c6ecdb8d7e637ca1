"""Who stands under whom, by day; and the ancestry derived from it for speed."""

from __future__ import annotations

from datetime import date

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.locks import Lock
from config.periods import OPEN_END

from .guards import (
    FIRST_DAY_CHANGED,
    NEVER_DELETED,
    EnteredAt,
    entered_now,
    not_sealed,
    real_period,
)

STANDS = """
    DECLARE
        unit daterange;
        above daterange;
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            -- What is only shortened stands as it stood.
            IF NEW.organization_id = OLD.organization_id
                AND NEW.parent_id IS NOT DISTINCT FROM OLD.parent_id AND NEW.period <@ OLD.period
                AND lower(NEW.period) = lower(OLD.period) THEN
                RETURN NULL;
            END IF;
        END IF;
        SELECT period INTO unit FROM organizations_organization WHERE id = NEW.organization_id;
        IF lower(NEW.period) < lower(unit) THEN
            RAISE EXCEPTION 'placed on % before it existed', lower(NEW.period)
                USING ERRCODE = '23514', CONSTRAINT = 'placement_not_before_its_organization';
        END IF;
        IF NEW.parent_id IS NULL THEN
            RETURN NULL;
        END IF;
        -- Two who place crosswise look at each other in turn; operations hold it already.
        PERFORM pg_advisory_xact_lock({tree});
        -- Until this is committed the superior does not end.
        SELECT period INTO above FROM organizations_organization
        WHERE id = NEW.parent_id FOR SHARE;
        IF lower(NEW.period) < lower(above) THEN
            RAISE EXCEPTION 'placed on % before its superior existed', lower(NEW.period)
                USING ERRCODE = '23514', CONSTRAINT = 'placement_not_before_its_superior';
        END IF;
        -- What has ended keeps its place, also beneath what ended with it.
        IF NOT upper_inf(above) AND NOT isempty(NEW.period * unit)
            AND coalesce(upper(NEW.period * unit) > upper(above), true) THEN
            RAISE EXCEPTION 'placed beneath what ends on %', upper(above)
                USING ERRCODE = '23514', CONSTRAINT = 'placement_beneath_what_still_exists';
        END IF;
        -- No circle closes above what nothing stands beneath.
        IF NOT EXISTS (SELECT 1 FROM organizations_placement
            WHERE parent_id = NEW.organization_id AND period && NEW.period) THEN
            RETURN NULL;
        END IF;
        IF EXISTS (
            -- UNION, not UNION ALL: also ends on a circle.
            WITH RECURSIVE line(ancestor, days) AS (
                SELECT NEW.parent_id, NEW.period
                UNION
                SELECT placed.parent_id, placed.period * line.days
                FROM line
                JOIN organizations_placement AS placed
                    ON placed.organization_id = line.ancestor AND placed.period && line.days
                WHERE placed.parent_id IS NOT NULL AND line.ancestor <> NEW.organization_id
            )
            SELECT 1 FROM line WHERE ancestor = NEW.organization_id
        ) THEN
            RAISE EXCEPTION 'beneath itself on some day from %', lower(NEW.period)
                USING ERRCODE = '23514', CONSTRAINT = 'placement_makes_no_circle_on_any_day';
        END IF;
        RETURN NULL;
    END;
"""


class Placement(models.Model):
    """`organization` sits under `parent` during `period`; no parent means top of the tree."""

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="placements"
    )
    parent = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="+", null=True, blank=True
    )
    period = DateRangeField(
        _("period"), help_text=_("First day in, first day out; open end = until further notice.")
    )
    decision_number = models.CharField(_("decision number"), max_length=40, blank=True)
    reorganization = models.ForeignKey(
        "organizations.Reorganization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_at = EnteredAt()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="placement_one_parent_on_any_day",
                expressions=[
                    ("organization", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="placement_not_under_itself", condition=~Q(parent=F("organization"))
            ),
            real_period(name="placement_begins_on_some_day"),
        ]
        indexes = [models.Index(fields=["parent"], name="placement_parent")]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            pgtrigger.Trigger(
                name="stands_in_a_tree",
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("organization_id", "parent_id", "period"),  # type: ignore[no-untyped-call]
                when=pgtrigger.After,
                func=STANDS.replace("{tree}", str(int(Lock.TREE))),
            ),
            # Also its superior's: what is new has no line of ancestors before it has a place.
            not_sealed(
                organization="NEW.organization_id, NEW.parent_id",
                day=FIRST_DAY_CHANGED.format(
                    other="(NEW.organization_id, NEW.parent_id)"
                    " IS DISTINCT FROM (OLD.organization_id, OLD.parent_id)"
                ),
                constraint="placement_outside_what_is_sealed",
                runs_on=True,
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("organization_id", "parent_id", "period"),  # type: ignore[no-untyped-call]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} < {self.parent_id} {self.period}"


class AncestryQuerySet(models.QuerySet["Ancestry"]):
    def on(self, day: date) -> AncestryQuerySet:
        """Keep the lines that hold on `day`."""
        return self.filter(valid_from__lte=day, valid_to__gt=day)


class Ancestry(models.Model):
    """`descendant` stands under `ancestor`, `depth` steps down, from `valid_from` to `valid_to`.

    Derived from placements in the same transaction by `operations.structure`; each organisation
    is its own ancestor at depth 0. `valid_to` is the first day out, 9999-12-31 while open.
    """

    ancestor = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="+", db_index=False
    )
    descendant = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="+", db_index=False
    )
    depth = models.SmallIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField(default=OPEN_END)

    objects = AncestryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["descendant", "ancestor", "valid_from"],
                include=["valid_to", "depth"],
                name="ancestry_said_once",
            ),
            models.CheckConstraint(
                name="ancestry_holds_on_some_day", condition=Q(valid_to__gt=F("valid_from"))
            ),
            models.CheckConstraint(name="ancestry_depth_not_negative", condition=Q(depth__gte=0)),
        ]
        indexes = [
            models.Index(
                fields=["ancestor", "depth", "descendant"],
                include=["valid_from", "valid_to"],
                name="ancestry_downwards",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.descendant_id} in {self.ancestor_id} from {self.valid_from}"

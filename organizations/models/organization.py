"""Organisations: a lasting identity, and names and kinds that change and keep their past."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from config import clock, names

from .guards import NEVER_DELETED, real_period, written_name
from .placement import Ancestry, Placement

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .user import User


class OrganizationKind(models.Model):
    """A kind of organisation and where it normally stands; breaking that warns, never blocks."""

    code = models.SlugField(primary_key=True)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    is_cell = models.BooleanField(
        default=False, help_text=_("Members belong to it and it votes on candidates first.")
    )
    is_grassroots = models.BooleanField(
        default=False, help_text=_("Counted as a grassroots party organisation (TCCSĐ).")
    )
    votes_as = models.CharField(
        max_length=12,
        choices=[
            ("cell", _("Cell")),
            ("intermediate", _("Intermediate committee")),
            ("grassroots", _("Grassroots committee")),
            ("competent", _("Competent committee")),
        ],
        help_text=_("The level at which its body considers a candidate."),
    )
    rank = models.SmallIntegerField(help_text=_("From the top of the tree downwards."))
    allowed_parents = models.ManyToManyField("self", symmetrical=False, blank=True)

    class Meta:
        ordering = ["rank", "code"]

    def __str__(self) -> str:
        return self.name


class OneOf(Func):
    """True where the first expression is in the array of the second: `OneOf(F("pk"), array)`."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def under(self, roots: models.QuerySet[Organization], *, on: date) -> OrganizationQuerySet:
        """Keep `roots` and everything beneath them in the tree as it stood on day `on`."""
        # The roots are few: read once, as an array. As a subquery they were asked anew for every
        # line of the ancestry where statistics were old: a minute for 1,000 organisations.
        once = OneOf(F("ancestor"), ArraySubquery(roots.order_by().values("pk")))
        beneath = Ancestry.objects.on(on).filter(once)
        return self.filter(pk__in=beneath.values("descendant"))

    def visible_to(
        self, user: User | AnonymousUser, *, on: date | None = None
    ) -> OrganizationQuerySet:
        """Keep what `user` may see on day `on`: the subtrees of the organisations of their posts.

        `on` is the clock's day unless given.
        """
        from .appointment import Appointment  # noqa: PLC0415 - which stands on this one

        if not user.is_authenticated:
            return self.none()
        on = on or clock.today()
        return self.under(
            Organization.objects.filter(
                pk__in=Appointment.objects.of(user, on=on).values("organization")
            ),
            on=on,
        )

    def beneath(self, parent: Organization, *, on: date) -> OrganizationQuerySet:
        """Keep those directly beneath `parent` on day `on`; what had ended by then is not one."""
        return self.filter(
            period__contains=on,
            pk__in=Placement.objects.filter(parent=parent, period__contains=on).values(
                "organization"
            ),
        )

    def called(self, *, on: date) -> OrganizationQuerySet:
        """Annotate `name`, `short_name`, `kind_code`, `is_cell`, `name_order` as on day `on`.

        An organisation that had ended by then keeps its last name.
        """
        last = Designation.objects.begun(on=on).filter(organization=OuterRef("pk")).values
        return self.annotate(
            name=Subquery(last("name")[:1]),
            short_name=Subquery(last("short_name")[:1]),
            name_order=Subquery(last("name_order")[:1]),
            kind_code=Subquery(last("kind")[:1]),
            is_cell=Subquery(last("kind__is_cell")[:1]),
        )

    def cells(self, *, on: date) -> OrganizationQuerySet:
        """Keep those that were cells on day `on`."""
        return self.filter(
            pk__in=Designation.objects.on(on).filter(kind__is_cell=True).values("organization")
        )


ENDS = """
    IF NOT upper_inf(OLD.period) AND upper(NEW.period) IS DISTINCT FROM upper(OLD.period) THEN
        RAISE EXCEPTION 'it ended on %', upper(OLD.period)
            USING ERRCODE = '23514', CONSTRAINT = 'organization_ends_once';
    END IF;
    IF EXISTS (SELECT 1 FROM organizations_placement
        WHERE organization_id = NEW.id AND lower(period) < lower(NEW.period)) THEN
        RAISE EXCEPTION 'it had a place before %', lower(NEW.period)
            USING ERRCODE = '23514', CONSTRAINT = 'organization_begins_before_its_places';
    END IF;
    IF upper(NEW.period) IS NULL THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT 1 FROM organizations_membership WHERE cell_id = NEW.id
        AND (upper_inf(period) OR upper(period) > upper(NEW.period))) THEN
        RAISE EXCEPTION 'it still has members on %', upper(NEW.period)
            USING ERRCODE = '23514', CONSTRAINT = 'organization_ends_without_members';
    END IF;
    -- Each beneath is looked up by itself: as a join, all organisations were read for each end.
    IF EXISTS (SELECT 1 FROM organizations_placement AS placed
        WHERE placed.parent_id = NEW.id
        AND (upper_inf(placed.period) OR upper(placed.period) > upper(NEW.period))
        AND (SELECT upper_inf(beneath.period) OR upper(beneath.period) > upper(NEW.period)
            FROM organizations_organization AS beneath
            WHERE beneath.id = placed.organization_id)) THEN
        RAISE EXCEPTION 'units still stand beneath it on %', upper(NEW.period)
            USING ERRCODE = '23514', CONSTRAINT = 'organization_ends_without_units_beneath';
    END IF;
    RETURN NEW;
"""


class Organization(models.Model):
    """A Party organisation's identity, which names, kinds and places come and go around.

    Changed by the operations of `organizations.operations.structure` alone.
    """

    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    official_code = models.CharField(_("official code"), max_length=40, blank=True)
    period = DateRangeField(
        _("period"), help_text=_("First day of its existence, first day after it.")
    )
    is_grassroots_unit = models.BooleanField(
        default=False,
        help_text=_("Counted among its superior's grassroots organisations."),
    )

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        constraints = [real_period(name="organization_exists_from_some_day")]
        triggers = [
            *NEVER_DELETED,
            pgtrigger.Trigger(
                name="ends_empty",
                operation=pgtrigger.UpdateOf("period"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                func=ENDS,
            ),
        ]

    def __str__(self) -> str:
        name = self.__dict__.get("name")
        if name is None:
            latest = self.designations.order_by("-period__startswith").first()
            name = latest.name if latest else self.slug
        return str(name)

    def designation(self, *, on: date) -> Designation | None:
        """Return the name and kind in force on day `on`, or None before the first."""
        return self.designations.select_related("kind").begun(on=on).first()


class DesignationQuerySet(models.QuerySet["Designation"]):
    def on(self, day: date) -> DesignationQuerySet:
        """Keep those in force on `day`."""
        return self.filter(period__contains=day)

    def begun(self, *, on: date) -> DesignationQuerySet:
        """Keep those begun by day `on`, latest first: an organisation's first is its name then.

        One that had ended by then keeps its last name.
        """
        return self.filter(period__startswith__lte=on).order_by("-period__startswith")

    def by_organization(self, organizations: Iterable[int], *, on: date) -> dict[int, Designation]:
        """Return {organisation id: its name as on day `on`, with its kind}; one query.

        One that was not founded by then is not in it.
        """
        rows = self.begun(on=on).filter(organization__in=organizations).select_related("kind")
        return {row.organization_id: row for row in reversed(rows)}


class Designation(models.Model):
    """The name and kind that an organisation bears during `period`."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="designations")
    name = models.CharField(_("name"), max_length=160)
    short_name = models.CharField(_("short name"), max_length=60)
    name_search = models.CharField(max_length=160, editable=False)
    name_order = models.CharField(max_length=300, editable=False, db_collation="C")
    kind = models.ForeignKey(OrganizationKind, models.PROTECT, related_name="+")
    sector = models.CharField(_("sector"), max_length=60, blank=True)
    group = models.CharField(
        _("group"), max_length=60, blank=True, help_text=_("Heading under which lists show it.")
    )
    period = DateRangeField(_("period"))
    decision_number = models.CharField(_("decision number"), max_length=40, blank=True)
    reorganization = models.ForeignKey(
        "organizations.Reorganization", models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = DesignationQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="designation_one_name_on_any_day",
                expressions=[
                    ("organization", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            real_period(name="designation_period_begins_on_some_day"),
            written_name("name", name="designation_name_is_written_in_nfc"),
        ]
        indexes = [
            GinIndex(
                OpClass("name_search", name="gin_trgm_ops"), name="designation_name_search_trgm"
            ),
        ]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return self.name


def designation_keys(name: str) -> dict[str, str]:
    """Return the search and sort columns of a designation called `name`, cut to their columns."""
    return {
        "name_search": names.search_key(name)[:160],
        "name_order": names.natural_key(name)[:300],
    }

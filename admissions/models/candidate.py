"""Candidates and their milestones."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

import pghistory
import pgtrigger
from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from admissions.stages import LIVE_STAGES, OPEN_STAGES, REACHES, Stage, Step
from config import clock, names
from organizations.models import Appointment, Designation, Role
from organizations.models.guards import APPEND_ONLY, NEVER_DELETED, EnteredAt, entered_now
from organizations.models.organization import OneOf

from .rule_set import RuleSet
from .separation import not_of_their_own

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import Scope, User


class Group(models.TextChoices):
    """Groups that targets and statistics count; snapshot at admission."""

    WORKER = "worker", _("Worker in direct production")
    YOUTH_UNION = "youth_union", _("Youth Union member")
    STUDENT = "student", _("Student or pupil")
    PRIVATE_SECTOR = "private_sector", _("Private sector")
    VILLAGE_HEAD = "village_head", _("Village head")
    ARMED_FORCES = "armed_forces", _("Armed forces")
    INTELLECTUAL = "intellectual", _("Engineer, teacher or doctor")


class CandidateQuerySet(models.QuerySet["Candidate"]):
    def visible_to(
        self, user: User | AnonymousUser, *, on: date | None = None
    ) -> CandidateQuerySet:
        """Keep the files `user` may see by name: those of cells beneath a naming appointment.

        Every view begins here and every operation ends here, under the lock. Leaders and
        administrators see no names. `on` is the clock's day unless given.
        """
        return self.filter(
            cell__in=Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
        )

    def opened_by(self, user: User | AnonymousUser, *, on: date | None = None) -> CandidateQuerySet:
        """Keep the files that `user` has open in an emergency: their page is read, no more.

        Beside `visible_to`, which gives the rights of a role: this gives none.
        """
        # By its name: the model of openings knows this one.
        openings: Any = apps.get_model("admissions", "EmergencyOpening")._default_manager
        running = openings.in_force(user, on=on or clock.today())
        return self.filter(pk__in=running.values("candidate"))

    def within(self, scope: Scope) -> CandidateQuerySet:
        """Keep the files of cells within `scope`, which are read first: for all files of a scope.

        Of the user's scope (`Appointment.scope_of`) they are the files of `visible_to`.
        """
        if not scope.roots:
            return self.none()
        cells = ArraySubquery(scope.lines().values("descendant"))
        return self.filter(OneOf(F("cell"), cells))

    def each_within(self, scope: Scope) -> CandidateQuerySet:
        """Keep what `within` does, looking up the cell of each file: for a few of many files."""
        if not scope.roots:
            return self.none()
        # As a value, which the planner leaves where it is; as EXISTS it is joined as it thinks fit.
        line = scope.lines().filter(descendant=OuterRef("cell")).values("descendant")
        return self.alias(seen_as=Subquery(line[:1])).filter(seen_as__isnull=False)

    def open(self) -> CandidateQuerySet:
        """Keep the files still on their way."""
        return self.filter(stage__in=OPEN_STAGES)

    def live(self) -> CandidateQuerySet:
        """Keep those in which something is still to be done: also those on probation."""
        return self.filter(stage__in=LIVE_STAGES)

    def matching(self, text: str) -> CandidateQuerySet:
        """Keep those whose name, file number or cell's name contains `text`.

        Names are found with or without diacritics; a cell by any name that it bore.
        """
        key = names.search_key(text)
        cells = Designation.objects.filter(name_search__contains=key)
        return self.filter(
            Q(person__name_search__contains=key)
            | Q(number__icontains=names.written(text))
            | Q(cell__in=cells.values("organization"))
        )

    def with_cell_name(self, *, on: date) -> CandidateQuerySet:
        """Annotate `cell_name`, the short name that the cell bore on day `on`."""
        called = Designation.objects.begun(on=on).filter(organization=OuterRef("cell"))
        return self.annotate(cell_name=Subquery(called.values("short_name")[:1]))


class Special(models.TextChoices):
    """What makes a case need further papers, consents or waits; `PaperKind.Audience` by name."""

    BELIEVER = "believer", _("Religious believer")
    HOA = "hoa", _("Ethnic Hoa")
    FOREIGN_MARRIAGE = "foreign_marriage", _("Married to a foreigner")
    BUSINESS_OWNER = "business_owner", _("Owner of a private business")
    READMISSION = "readmission", _("Was a member before")
    POLITICAL = "political", _("Political question beyond competence")
    NO_YOUTH_UNION = "no_youth_union", _("No Youth Union where they work")
    NO_UNION = "no_union", _("Neither Youth Union nor trade union there")
    UNION_CADRE = "union_cadre", _("Cadre of the Youth Union")
    LOW_SCHOOLING = "low_schooling", _("Primary schooling, in an area where that is enough")


LEADS_TO = ", ".join(f"('{step.value}', '{stage.value}')" for step, stage in REACHES.items())

FOLLOWS_ITS_STEPS = f"""
    DECLARE
        now_at bigint := pg_current_xact_id()::text::bigint;
        epoch bigint := (pg_current_xact_id()::text::bigint >> 32) << 32;
    BEGIN
        -- A step that we see and whose transaction still runs was written by ourselves.
        IF NEW.stage IS DISTINCT FROM OLD.stage AND NOT EXISTS (
            SELECT 1 FROM admissions_milestone AS taken
            WHERE taken.candidate_id = NEW.id
            AND (taken.back_to = NEW.stage
                OR taken.back_to = '' AND (taken.step, NEW.stage) IN ({LEADS_TO}))
            AND pg_xact_status((epoch + taken.xmin::text::bigint
                - CASE WHEN epoch + taken.xmin::text::bigint > now_at + 2147483648
                    THEN 4294967296 ELSE 0 END)::text::xid8) = 'in progress')
        THEN
            RAISE EXCEPTION 'file % reaches stage % by no step', NEW.id, NEW.stage
                USING ERRCODE = '23514', CONSTRAINT = 'candidate_stage_follows_its_steps';
        END IF;
        IF NEW.cell_id IS DISTINCT FROM OLD.cell_id AND NOT EXISTS (
            SELECT 1 FROM (SELECT * FROM admissions_filemove AS move
                WHERE move.candidate_id = NEW.id ORDER BY move.id DESC LIMIT 1) AS last
            WHERE last.origin_id = OLD.cell_id AND last.destination_id = NEW.cell_id)
        THEN
            RAISE EXCEPTION 'file % goes to another cell by no move', NEW.id
                USING ERRCODE = '23514', CONSTRAINT = 'candidate_cell_follows_its_moves';
        END IF;
        RETURN NEW;
    END;
"""  # noqa: S608 - our own table of steps


@pghistory.track(append_only=True)
class Candidate(models.Model):
    """A file: one person on the way to admission in one cell.

    `stage` is derived from the milestones and stored by the operation that records one.
    `version` grows with each change, so that a stale page is refused.
    """

    fixed = frozenset({"public_id", "number", "person"})

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("file number"), max_length=20, unique=True)
    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="candidacies")
    cell = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="candidates"
    )
    rules = models.ForeignKey(
        RuleSet,
        models.PROTECT,
        related_name="+",
        help_text=_("The rules under which the file is judged."),
    )
    groups = ArrayField(models.CharField(max_length=20, choices=Group), default=list, blank=True)
    special = ArrayField(models.CharField(max_length=16, choices=Special), default=list, blank=True)
    left_on = models.DateField(
        _("left the Party on"), null=True, blank=True, help_text=_("Readmission only.")
    )
    was_cleared = models.BooleanField(_("after a criminal record that was cleared"), default=False)
    course = models.PositiveSmallIntegerField(
        default=1, help_text=_("Grows when the file is returned or its decision cancelled.")
    )
    stage = models.CharField(_("stage"), max_length=20, choices=Stage, default=Stage.SOURCE)
    stage_since = models.DateField(_("at this stage since"))
    identified_on = models.DateField(_("identified on"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    closed_reason = models.CharField(_("reason for closing"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = CandidateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(stage__in=[str(stage) for stage in OPEN_STAGES]),
                name="candidate_one_open_file_per_person",
            ),
            models.CheckConstraint(
                name="candidate_closed_with_a_day_and_a_reason",
                condition=~Q(stage="closed") | (Q(closed_on__isnull=False) & ~Q(closed_reason="")),
            ),
            models.CheckConstraint(
                name="candidate_readmission_says_when_they_left",
                condition=~Q(special__contains=["readmission"]) | Q(left_on__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["cell", "stage"], name="candidate_cell_stage"),
            # Counted by stage, and put in the list's order, without a look at the files.
            models.Index(
                fields=["cell"],
                include=["stage", "stage_since", "id"],
                condition=Q(stage__in=[str(stage) for stage in OPEN_STAGES]),
                name="candidate_open_by_cell",
            ),
            # The list's own order, with what says whose file it is: `selectors.listing` walks it.
            models.Index(
                fields=["stage_since", "id"],
                include=["cell"],
                condition=Q(stage__in=[str(stage) for stage in OPEN_STAGES]),
                name="candidate_open_longest_first",
            ),
            models.Index(
                fields=["cell"],
                include=["person"],
                condition=Q(stage=str(Stage.ADMITTED)),
                name="candidate_on_probation",
            ),
            # What a year counts is read by its day, not in the whole table.
            models.Index(
                fields=["identified_on"], include=["id", "cell"], name="candidate_identified_on"
            ),
            models.Index(
                fields=["closed_on"],
                include=["id", "cell"],
                condition=Q(stage=str(Stage.CLOSED)),
                name="candidate_closed_on",
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            pgtrigger.Trigger(
                name="follows_its_steps",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__stage__df=pgtrigger.F("new__stage"))
                | pgtrigger.Q(old__cell__df=pgtrigger.F("new__cell")),
                func=FOLLOWS_ITS_STEPS,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.number})"

    def cell_on(self, day: date) -> int:
        """Return the id of the cell that had the file on `day`: where its next move began."""
        return next((move.origin_id for move in self.moves.all() if move.on > day), self.cell_id)


class Milestone(models.Model):
    """One step that a file took: the day it happened, the day it was decided, when entered.

    Written once, never edited; a correction is a later milestone that `corrects` this one.
    """

    append_only = True

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="milestones")
    step = models.CharField(max_length=20, choices=Step)
    on = models.DateField(_("happened on"))
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    note = models.CharField(_("note"), max_length=300, blank=True)
    back_to = models.CharField(
        _("file goes back to"),
        max_length=20,
        choices=Stage,
        blank=True,
        db_default="",
        help_text=_("Where the file was returned, or its decision cancelled."),
    )
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )

    class Meta:
        ordering = ["on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="milestone_decided_before_it_happened",
                condition=Q(decided_on__isnull=True) | Q(decided_on__lte=F("on")),
            ),
        ]
        indexes = [models.Index(fields=["candidate", "on"], name="milestone_candidate_on")]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            not_of_their_own(account="entered_by_id", constraint="milestone_not_of_ones_own_file"),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()} {self.on}"


MOVED_BY_SOMETHING = """
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM admissions_candidate AS file
            WHERE file.id = NEW.candidate_id AND file.cell_id = NEW.origin_id) THEN
            RAISE EXCEPTION 'the file does not lie in cell %', NEW.origin_id
                USING ERRCODE = '23514', CONSTRAINT = 'file_move_begins_where_the_file_lies';
        END IF;
        IF NOT (CASE NEW.reason
            WHEN 'reorganised' THEN EXISTS (SELECT 1 FROM organizations_lineage AS line
                WHERE line.reorganization_id = NEW.reorganization_id
                AND line.predecessor_id = NEW.origin_id)
                OR EXISTS (SELECT 1 FROM organizations_eventunit AS unit
                    JOIN organizations_reorganizationevent AS event ON event.id = unit.event_id
                    WHERE event.reorganization_id = NEW.reorganization_id
                    AND unit.organization_id = NEW.origin_id)
            ELSE EXISTS (SELECT 1 FROM admissions_filetransfer AS held
                WHERE held.candidate_id = NEW.candidate_id AND held.state = 'received'
                AND held.received_by_id = NEW.entered_by_id)
            END)
        THEN
            RAISE EXCEPTION 'nobody took the file over, and its cell was not reorganised'
                USING ERRCODE = '23514', CONSTRAINT = 'file_move_follows_what_moved_it';
        END IF;
        RETURN NEW;
    END;
"""

MOVED_INDEED = """
    IF NOT EXISTS (SELECT 1 FROM admissions_candidate AS file
        JOIN LATERAL (SELECT move.destination_id FROM admissions_filemove AS move
            WHERE move.candidate_id = file.id ORDER BY move.id DESC LIMIT 1) AS last ON true
        WHERE file.id = NEW.candidate_id AND file.cell_id = last.destination_id) THEN
        RAISE EXCEPTION 'the file does not lie where it was moved'
            USING ERRCODE = '23514', CONSTRAINT = 'file_move_carries_the_file';
    END IF;
    RETURN NULL;
"""


class FileMove(models.Model):
    """The file went from cell `origin` to cell `destination` on day `on`; never changed.

    `Candidate.cell` is where it is now. On an earlier day it was at the `origin` of its first
    move after that day.
    """

    append_only = True

    class Reason(models.TextChoices):
        REORGANISED = "reorganised", _("The cell was reorganised")
        TRANSFERRED = "transferred", _("The person moved")

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="moves")
    origin = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    destination = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    on = models.DateField(_("in force from"))
    reason = models.CharField(_("reason"), max_length=11, choices=Reason)
    reorganization = models.ForeignKey(
        "organizations.Reorganization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="file_move_goes_somewhere_else",
                condition=~Q(origin=F("destination")),
            ),
            models.CheckConstraint(
                name="file_move_by_a_reorganisation_names_it",
                condition=~Q(reason="reorganised") | Q(reorganization__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["candidate", "on"], name="file_move_candidate_on")]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            pgtrigger.Trigger(
                name="moved_by_something",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func=MOVED_BY_SOMETHING,
            ),
            pgtrigger.Trigger(
                name="moved_indeed",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                func=MOVED_INDEED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.candidate_id}: {self.origin_id} > {self.destination_id} {self.on}"

"""Members who move: transfers with the consent of both sides, temporary stays, departures."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from .appointment import Appointment, Role
from .guards import (
    APPEND_ONLY,
    NEVER_DELETED,
    EnteredAt,
    entered_now,
    not_sealed,
    real_period,
    stays_once,
    two_people,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .user import User


class Scope(models.TextChoices):
    """Where a place outside this system lies: rows of statistical table 1."""

    PROVINCE = "province", _("Another committee of the province")
    ELSEWHERE = "elsewhere", _("Another province or central committee")


class TransferQuerySet(models.QuerySet["Transfer"]):
    def visible_to(self, user: User | AnonymousUser, *, on: date | None = None) -> TransferQuerySet:
        """Keep those that leave or reach a cell whose people `user` may see by name."""
        cells = Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
        return self.filter(Q(origin__in=cells) | Q(destination__in=cells))

    def open(self) -> TransferQuerySet:
        """Keep those still to be released or accepted."""
        return self.filter(state__in=[Transfer.State.REQUESTED, Transfer.State.RELEASED])

    def stays(self) -> TransferQuerySet:
        """Keep those accepted by which somebody is elsewhere while the home cell counts them."""
        return self.filter(
            state=Transfer.State.ACCEPTED,
            kind__in=[Transfer.Kind.TEMPORARY, Transfer.Kind.PROVISIONAL],
        )

    def away(self, *, on: date) -> TransferQuerySet:
        """Keep the stays elsewhere that hold on day `on`."""
        return self.stays().filter(Q(until__isnull=True) | Q(until__gt=on), effective_on__lte=on)


class Transfer(models.Model):
    """`person` is to move from `origin` to `destination`; either may lie outside this system.

    Asked for, released by the side that is left, accepted by the side that receives; the old
    membership holds until the day both agree on. An official transfer moves the membership, a
    temporary or provisional one leaves it and makes a `TemporaryStay`.
    """

    Scope = Scope

    class Kind(models.TextChoices):
        OFFICIAL = "official", _("Official transfer")
        TEMPORARY = "temporary", _("Temporary transfer")
        PROVISIONAL = "provisional", _("Provisional transfer abroad")

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        RELEASED = "released", _("Released, waits for acceptance")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="transfers")
    kind = models.CharField(_("kind"), max_length=11, choices=Kind)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.REQUESTED)
    origin = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="+", null=True, blank=True
    )
    origin_place = models.CharField(_("from outside"), max_length=160, blank=True)
    destination = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="+", null=True, blank=True
    )
    destination_place = models.CharField(_("to outside"), max_length=160, blank=True)
    outside_scope = models.CharField(max_length=9, choices=Scope, blank=True)
    letter_number = models.CharField(_("letter of introduction"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    requested_on = models.DateField(_("requested on"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    released_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    released_on = models.DateField(_("released on"), null=True, blank=True)
    answered_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    answered_on = models.DateField(_("answered on"), null=True, blank=True)
    answer_reason = models.CharField(_("reason of the answer"), max_length=300, blank=True)
    effective_on = models.DateField(_("in force from"), null=True, blank=True)
    until = models.DateField(_("back by"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = TransferQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="transfer_leaves_or_reaches_a_cell_here",
                condition=Q(origin__isnull=False) | Q(destination__isnull=False),
            ),
            models.CheckConstraint(
                name="transfer_names_the_place_outside",
                condition=(Q(origin__isnull=False) | ~Q(origin_place=""))
                & (Q(destination__isnull=False) | ~Q(destination_place="")),
            ),
            models.CheckConstraint(
                name="transfer_goes_somewhere_else",
                condition=Q(origin__isnull=True)
                | Q(destination__isnull=True)
                | ~Q(origin=F("destination")),
            ),
            models.CheckConstraint(
                name="transfer_accepted_after_its_release_by_another_person",
                condition=~Q(state="accepted")
                | (
                    Q(
                        answered_by__isnull=False,
                        effective_on__isnull=False,
                        released_by__isnull=False,
                    )
                    & ~Q(answered_by=F("released_by"))
                ),
            ),
            models.CheckConstraint(
                name="transfer_refused_with_a_reason",
                condition=~Q(state="refused") | ~Q(answer_reason=""),
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state__in=["requested", "released"]),
                name="transfer_one_open_per_person",
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(
                condition=pgtrigger.Q(new__state="accepted"),
                transfer_accepted_after_its_release_by_another_person=(
                    "answered_by",
                    "released_by",
                ),
            ),
            # A stay elsewhere ends earlier where its holder leaves, moves or comes back.
            stays_once(
                "OLD.state IN ('accepted', 'refused', 'withdrawn')",
                name="transfer_answered_stays",
                besides=("until", "version"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.state}"


class TemporaryStay(models.Model):
    """`person` takes part in `host` during `period`; the home cell still counts them."""

    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="stays")
    host = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="stays")
    transfer = models.OneToOneField(Transfer, models.PROTECT, related_name="stay")
    period = DateRangeField(_("period"))

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="temporary_stay_in_one_place_on_any_day",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            real_period(name="temporary_stay_begins_on_some_day"),
        ]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return f"{self.person_id} at {self.host_id}"


ENDED_THEN = """
    IF NOT EXISTS (SELECT 1 FROM organizations_membership
        WHERE id = NEW.membership_id AND upper(period) = NEW."on") THEN
        RAISE EXCEPTION 'the membership did not end on %', NEW."on"
            USING ERRCODE = '23514', CONSTRAINT = 'departure_on_the_day_the_membership_ended';
    END IF;
    RETURN NULL;
"""


class Departure(models.Model):
    """How a membership ended when its holder left the Party: a row of statistical table 1."""

    append_only = True

    class Reason(models.TextChoices):
        DECEASED = "deceased", _("Died")
        EXPELLED = "expelled", _("Expelled")
        STRUCK_OFF = "struck_off", _("Struck off the list")
        RESIGNED = "resigned", _("Left at their own request")

    membership = models.OneToOneField(
        "organizations.Membership", models.PROTECT, related_name="departure"
    )
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    on = models.DateField(_("happened on"), help_text=_("The first day they are no member."))
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    decision_number = models.CharField(_("decision number"), max_length=40, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="departure_by_a_decision_unless_by_death",
                condition=Q(reason="deceased")
                | (Q(decided_on__isnull=False) & ~Q(decision_number="")),
            ),
            models.CheckConstraint(
                name="departure_decided_before_it_happened",
                condition=Q(decided_on__isnull=True) | Q(decided_on__lte=F("on")),
            ),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            not_sealed(
                organization="(SELECT cell_id FROM organizations_membership"
                " WHERE id = NEW.membership_id)",
                day='NEW."on"',
                constraint="departure_outside_what_is_sealed",
                runs_on=True,
            ),
            pgtrigger.Trigger(
                name="on_the_day_the_membership_ended",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func=ENDED_THEN,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.reason}"


class PersonMerge(models.Model):
    """Two records were found to be one person: `duplicate` is `kept`, by a recorded decision.

    Asked for by one, approved by another; then `duplicate.merged_into` says so, and everything
    recorded of either stays where it is.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for approval")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")

    kept = models.ForeignKey("organizations.Person", models.PROTECT, related_name="+")
    duplicate = models.ForeignKey("organizations.Person", models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ASKED)
    reason = models.CharField(_("reason"), max_length=300)
    decision_number = models.CharField(_("decision number"), max_length=40)
    decided_on = models.DateField(_("decided on"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    answered_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="person_merge_of_two_records", condition=~Q(kept=F("duplicate"))
            ),
            models.CheckConstraint(
                name="person_merge_answered_by_a_second_person",
                condition=Q(state="asked", answered_by__isnull=True)
                | (
                    ~Q(state="asked")
                    & Q(answered_by__isnull=False, answered_at__isnull=False)
                    & ~Q(answered_by=F("entered_by"))
                ),
            ),
            models.CheckConstraint(
                name="person_merge_names_its_decision",
                condition=~Q(decision_number="") & ~Q(reason=""),
            ),
            models.UniqueConstraint(
                fields=["duplicate"],
                condition=~Q(state="refused"),
                name="person_merge_once_per_duplicate",
            ),
            # Neither twice, nor each into the other.
            models.UniqueConstraint(
                Least("kept", "duplicate"),
                Greatest("kept", "duplicate"),
                condition=~Q(state="refused"),
                name="person_merge_once_per_pair",
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(person_merge_answered_by_a_second_person=("answered_by", "entered_by")),
            stays_once("OLD.state <> 'asked'", name="person_merge_answered_stays"),
        ]

    def __str__(self) -> str:
        return f"{self.duplicate_id} is {self.kept_id}"

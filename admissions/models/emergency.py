"""Opening one person's file without a role that shows it: for an hour, with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.clock import AppNow
from organizations.models import Appointment, Role
from organizations.models.guards import APPEND_ONLY, EnteredAt

from .candidate import Candidate
from .separation import not_of_their_own

if TYPE_CHECKING:
    from datetime import date

    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

MINUTES = 60
"""How long a file stays open (trust.md c.2, the row of break-glass)."""

BY_WHO_MAY = """
    DECLARE
        today date := (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date;
    BEGIN
        NEW.entered_at := app_now();
        NEW.expires_at := NEW.entered_at + {open_for};
        IF NOT EXISTS (SELECT 1 FROM organizations_appointment AS held
            JOIN organizations_user AS account ON account.id = held.user_id
            JOIN admissions_candidate AS file ON file.id = NEW.candidate_id
            -- A leader from above the cell; staff from anywhere beneath a unit above the cell.
            JOIN organizations_ancestry AS theirs ON theirs.descendant_id = file.cell_id
            WHERE held.user_id = NEW.account_id AND account.is_active
            AND held.period @> today
            AND theirs.valid_from <= today AND theirs.valid_to > today
            AND (held.role = 'leader' AND theirs.ancestor_id = held.organization_id
                OR held.role = 'staff' AND EXISTS (SELECT 1 FROM organizations_ancestry AS mine
                    WHERE mine.ancestor_id = theirs.ancestor_id
                    AND mine.descendant_id = held.organization_id
                    AND mine.valid_from <= today AND mine.valid_to > today)))
        THEN
            RAISE EXCEPTION 'neither a leader above the cell nor staff of its tree'
                USING ERRCODE = '23514', CONSTRAINT = 'emergency_opening_by_who_may';
        END IF;
        RETURN NEW;
    END;
"""


class EmergencyOpeningQuerySet(models.QuerySet["EmergencyOpening"]):
    def in_force(self, user: User | AnonymousUser, *, on: date) -> EmergencyOpeningQuerySet:
        """Keep those of `user` whose hour runs by the database's clock, while the role is held.

        As SQL of a row: `account_id = … AND entered_at <= app_now() AND expires_at > app_now()`.
        """
        posts = Appointment.objects.of(user, on=on, roles=[Role.LEADER, Role.STAFF])
        return self.filter(
            account__in=posts.values("user"), entered_at__lte=AppNow(), expires_at__gt=AppNow()
        )

    def checked_by(self, user: User | AnonymousUser, *, on: date) -> EmergencyOpeningQuerySet:
        """Keep those of files in the organisations that `user` audits."""
        audited = Appointment.objects.organizations_of(user, roles=[Role.AUDITOR], on=on)
        return self.filter(candidate__cell__in=audited.values("pk"))


class EmergencyOpening(models.Model):
    """`account` opened the file of `candidate` for an hour, without a role that shows names.

    A leader above the cell, or staff from elsewhere in the tree. It gives the file's page to be
    read, and nothing else; the cell's secretary and the auditors see it, with the reason.
    """

    append_only = True

    account = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="emergency_openings")
    reason = models.CharField(_("reason"), max_length=300)
    entered_at = EnteredAt()
    expires_at = models.DateTimeField(
        _("open until"), editable=False, help_text=_("Set by the database: an hour later.")
    )

    objects = EmergencyOpeningQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="emergency_opening_says_why", condition=Q(reason__regex=r"\S")
            ),
            models.CheckConstraint(
                name="emergency_opening_for_an_hour_at_most",
                condition=Q(
                    expires_at__gt=F("entered_at"),
                    expires_at__lte=F("entered_at")
                    + models.Value(timedelta(minutes=MINUTES), models.DurationField()),
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["account", "expires_at"], name="emergency_opening_in_force")
        ]
        triggers = [
            *APPEND_ONLY,
            not_of_their_own(
                account="account_id", constraint="emergency_opening_not_of_ones_own_file"
            ),
            pgtrigger.Trigger(
                name="by_who_may",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=BY_WHO_MAY.format(open_for=f"interval '{MINUTES} minutes'"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.candidate_id}"

"""Official recognition: the day of it is the end of probation, however late it is decided."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import APPEND_ONLY, EnteredAt, entered_now, not_sealed

from .admission import Admission
from .candidate import Candidate
from .decision import Decision

GUARD = """
    DECLARE
        held date;
        months int;
        extra int;
    BEGIN
        SELECT admission.ceremony_on, rules.probation_months, rules.probation_extension_months
        INTO held, months, extra
        FROM admissions_admission AS admission
        JOIN admissions_candidate AS file ON file.id = admission.candidate_id
        JOIN admissions_ruleset AS rules ON rules.id = file.rules_id
        WHERE admission.id = NEW.admission_id AND admission.candidate_id = NEW.candidate_id;
        IF held IS NULL OR NOT (
            NEW.official_on = (held + make_interval(months => months))::date
            OR (extra > 0 AND NEW.official_on > (held + make_interval(months => months))::date
                AND NEW.official_on <= (held + make_interval(months => months + extra))::date))
        THEN
            RAISE EXCEPTION 'official on the last day of probation, not on %', NEW.official_on
                USING ERRCODE = '23514', CONSTRAINT = 'recognition_on_the_last_day_of_probation';
        END IF;
        RETURN NEW;
    END;
"""


class Recognition(models.Model):
    """A probationary member became official on `official_on`, by `decision`."""

    append_only = True

    # One for each ceremony: after a cancelled admission there is another.
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="recognitions")
    admission = models.OneToOneField(Admission, models.PROTECT, related_name="recognition")
    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="+")
    cell = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    decision = models.OneToOneField(Decision, models.PROTECT, related_name="recognition")
    decided_on = models.DateField(_("decided on"))
    official_on = models.DateField(_("official on"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["official_on", "pk"]
        indexes = [
            # What a year counts is read by its day, not in the whole table.
            models.Index(
                fields=["official_on"], include=["id", "cell"], name="recognition_official_on"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="recognition_not_decided_before_the_end_of_probation",
                condition=Q(decided_on__gte=F("official_on")),
            ),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            not_sealed(
                organization="NEW.cell_id",
                day="NEW.official_on",
                constraint="recognition_outside_what_is_sealed",
            ),
            pgtrigger.Trigger(
                name="on_the_last_day_of_probation",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=GUARD,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.official_on}"

"""What of files waits for one user beside the tasks of each file, as on the page of tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from admissions.guards import STEPS
from admissions.guards_of_separation import touched_by
from admissions.models import (
    AwarenessClass,
    Candidate,
    EmergencyOpening,
    Enrolment,
    Erasure,
    FileTransfer,
    LateEntry,
    Mentorship,
    RuleChange,
)
from admissions.permissions import ANSWER_ERASURE, HOLDERS, Permission
from admissions.selectors.classes import proposals_to_answer, to_mark
from admissions.selectors.helpers import TO_REPLACE, WITHOUT, reasons, suspects, without_helper
from admissions.selectors.meetings import short_above
from admissions.selectors.moving import TO_SEND, TO_TAKE, panel
from admissions.selectors.permission import asked_of
from admissions.selectors.rule_sets import changes_to_answer
from admissions.stages import Step
from organizations.models import Appointment, Role, User
from organizations.models.relative import own_people_of
from organizations.permissions import same_human
from organizations.sheets.waiting import Kind, Row, at

DAYS_TOLD = 7
"""How long the secretary's page of tasks tells of a file opened in an emergency; the file always
does."""


def _moving(part: str) -> Callable[[User, date], QuerySet[FileTransfer]]:
    return lambda user, on: panel(user, part, on=on).order_by()


def _kept(user: User, on: date) -> QuerySet[Any]:
    return Appointment.objects.organizations_of(user, roles=[Role.SECRETARY], on=on).values("pk")


def _to_replace(user: User, on: date) -> QuerySet[Mentorship]:
    return suspects(_kept(user, on), on=on)


def _unfit(rows: list[Row], on: date) -> int:
    return len(reasons([(key, home, cell) for key, home, cell, _all in rows], on=on))


def _without(user: User, on: date) -> QuerySet[Candidate]:
    return without_helper(_kept(user, on), on=on)


def _proposed_for_a_class(user: User, on: date) -> QuerySet[Enrolment]:
    return proposals_to_answer(user, on=on).order_by("school__enrol_by", "pk")


def _to_answer(first: Row, _on: date) -> str:
    return reverse("class-answer", args=first)


def _to_mark(user: User, on: date) -> QuerySet[AwarenessClass]:
    return to_mark(user, on=on).order_by("ends_on", "pk")


def _marking(first: Row, _on: date) -> str:
    return reverse("class-mark", args=first)


def _rule_changes(user: User, on: date) -> QuerySet[RuleChange]:
    return changes_to_answer(user, on=on).order_by("pk")


def _to_answer_change(first: Row, _on: date) -> str:
    return reverse("rule-change-answer", args=first)


def _erasures(user: User, on: date) -> QuerySet[Erasure]:
    approves = Appointment.objects.organizations_of(user, roles=ANSWER_ERASURE.roles, on=on)
    asked = Erasure.objects.waiting().filter(candidate__cell__in=approves.values("pk"))
    own = Q(entered_by__in=same_human(user)) | Q(candidate__person__in=own_people_of(user))
    return asked.exclude(own).order_by("pk")


def _to_answer_erasure(first: Row, _on: date) -> str:
    return reverse("erasure-answer", args=first)


def _late_entries(user: User, on: date) -> QuerySet[LateEntry]:
    approves = Appointment.objects.organizations_of(
        user, roles=HOLDERS[Permission.ANSWER_LATE].roles, on=on
    )
    entered = LateEntry.objects.waiting().filter(
        candidate__cell__in=approves.values("pk"), candidate__stage__in=STEPS[Step.ADMIT].sources
    )
    touched = touched_by(user).filter(pk=OuterRef("candidate"))
    return entered.exclude(Q(entered_by__in=same_human(user)) | Exists(touched)).order_by("pk")


def _to_answer_late(first: Row, _on: date) -> str:
    return reverse("late-entry-answer", args=first)


def _opened(user: User, on: date) -> QuerySet[EmergencyOpening]:
    """What was opened in the last days, for the secretary to know: nothing is to be answered."""
    rows = EmergencyOpening.objects.filter(candidate__cell__in=_kept(user, on))
    days = RawSQL("%s::date - %s", [on, DAYS_TOLD])
    return rows.filter(entered_at__date__gt=days).order_by("-pk")


def _who_sees(first: Row, _on: date) -> str:
    return reverse("candidate-readers", args=first)


KINDS = [
    Kind(
        _("Files opened in an emergency this week, to know of"),
        _opened,
        _who_sees,
        ("candidate__public_id",),
    ),
    Kind(
        _("Ceremonies entered late, to let count"),
        _late_entries,
        _to_answer_late,
        ("candidate__public_id",),
    ),
    Kind(_("Erasures to answer"), _erasures, _to_answer_erasure, ("public_id",)),
    Kind(_("Changes of the rules to answer"), _rule_changes, _to_answer_change),
    Kind(
        _("People proposed for a class, to answer"),
        _proposed_for_a_class,
        _to_answer,
        ("school__public_id",),
    ),
    Kind(_("Classes that are over, to enter results"), _to_mark, _marking, ("public_id",)),
    Kind(_("People proposed for the procedure"), asked_of, at("permission-list")),
    Kind(_("Votes that fell short, reported in full"), short_above, at("meeting-short")),
    Kind(
        _("Files to take over from elsewhere"),
        _moving(TO_TAKE),
        at("move-list", f"?phan={TO_TAKE}"),
    ),
    Kind(
        _("Files of people who moved, to send"),
        _moving(TO_SEND),
        at("move-list", f"?phan={TO_SEND}"),
    ),
    Kind(
        _("Helpers to replace"),
        _to_replace,
        at("helper-list", f"?phan={TO_REPLACE}"),
        ("pk", "home", "candidate__cell"),
        judge=_unfit,
    ),
    Kind(_("Candidates without a helper"), _without, at("helper-list", f"?phan={WITHOUT}")),
]
"""At a committee above a thousand cells hundreds are proposed: counted, not judged."""

"""Helpers who change, and what they note down of the people they help."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.cases import case_of
from admissions.models import MentorNote, Mentorship, Milestone
from admissions.permissions import Permission, Rights
from admissions.stages import LIVE_STAGES, Step
from config import names
from config.errors import DomainError
from config.periods import between, contains
from organizations.models import Person

from .preparation import appoint_mentor
from .recording import begin, in_the_future, kept, kept_from_others, record

if TYPE_CHECKING:
    from organizations.models import User


@transaction.atomic
def release_mentor(
    mentorship: Mentorship,
    *,
    by: User,
    on: date,
    released_on: date,
    reason: str,
    comment: str = "",
    mentor: Person | None = None,
) -> Mentorship:
    """Let a helper go from `released_on`, the first day without them; return what they leave.

    `comment` is what the helper leaves in writing (form 11-KNĐ on probation, HD 06-HD/TW 2025);
    one who died leaves none. `mentor` helps from that day on instead, in one action.

    Raises PermissionDenied where `by` is not secretary over the cell, DomainError at the field
    that is impossible, or where the help has ended meanwhile.
    """
    case = begin(mentorship.candidate, Step.RELEASE_MENTOR, by=by, on=on, happened_on=released_on)
    file = case.candidate
    held = Mentorship.objects.select_related("mentor").get(pk=mentorship.pk)
    if held.period.upper is not None:
        raise DomainError(
            _("%(person)s helps no more since %(day)s.")
            % {"person": held.mentor, "day": f"{held.period.upper:%d/%m/%Y}"}
        )
    if released_on <= held.period.lower:
        raise DomainError(
            fields={
                "released_on": _("The help began on %(day)s: it has at least one day.")
                % {"day": f"{held.period.lower:%d/%m/%Y}"}
            }
        )
    if not (said := names.written(reason)):
        raise DomainError(fields={"reason": _("Say why they help no more.")})
    held.period = between(held.period.lower, released_on)
    held.released_because, held.comment = said, comment.strip()
    held.save(update_fields=["period", "released_because", "comment"])
    steps = [
        Milestone(
            candidate=file,
            step=Step.RELEASE_MENTOR,
            on=released_on,
            entered_by=by,
            note=kept(lambda: _note(held)),
        )
    ]
    if mentor is not None:
        appoint_mentor(case, by=by, mentor=mentor, since=released_on)
        steps.append(
            Milestone(
                candidate=file,
                step=Step.ASSIGN_MENTOR,
                on=released_on,
                entered_by=by,
                note=mentor.full_name,
            )
        )
    record(file, steps, announced_on=released_on)
    return held


def _note(held: Mentorship) -> str:
    words = {"person": held.mentor.full_name, "reason": held.released_because}
    if held.comment:
        return _("%(person)s: %(reason)s. A written comment is left.") % words
    return _("%(person)s: %(reason)s. No written comment.") % words


def writes_notes(rights: Rights, mentorship: Mentorship, *, prepares: bool) -> bool:
    """Say whether the holder notes down how the candidate does: the secretary, or the helper."""
    return prepares or (rights.person_id is not None and rights.person_id == mentorship.mentor_id)


@transaction.atomic
def add_note(
    mentorship: Mentorship, *, by: User, on: date, noted_on: date, text: str
) -> MentorNote:
    """Write a short note of `noted_on` on how the candidate does; it is never changed.

    Raises PermissionDenied where `by` is neither secretary over the cell nor the helper,
    DomainError at `noted_on` for a day on which they did not help, at `text` without one.
    """
    file = kept_from_others(mentorship.candidate_id)
    rights = Rights.of(by, on=on, cells=[file.cell_id])
    prepares = rights.may(Permission.PREPARE, case_of(file, on=on))
    if not writes_notes(rights, mentorship, prepares=prepares):
        raise PermissionDenied
    if file.stage not in LIVE_STAGES:
        raise DomainError(_("The file is closed."))
    held = Mentorship.objects.get(pk=mentorship.pk)
    if not (said := names.written(text)):
        raise DomainError(fields={"text": _("Write the note.")})
    if noted_on > on:
        raise in_the_future(noted_on, field="noted_on")
    if not contains(held.period, noted_on):
        raise DomainError(
            fields={
                "noted_on": _("On %(day)s %(person)s did not help.")
                % {"day": f"{noted_on:%d/%m/%Y}", "person": held.mentor}
            }
        )
    return MentorNote.objects.create(mentorship=held, on=noted_on, text=said, entered_by=by)

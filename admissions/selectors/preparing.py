"""What takes longest before the cell considers: the class, and the verification."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.cases import VERIFICATION_FORM, Case
from admissions.models import AwarenessClass, Certificate, Enrolment, Verification
from admissions.rules import verification_due_on
from admissions.stages import Step

from .addresses import step_url

# ---------------------------------------------------------------- the class


def of_class(case: Case, *, prepares: bool) -> dict[str, Any] | None:
    """Return the arguments of a `NextStep` about the class, None where there is none to attend.

    `prepares` says that the reader prepares the file; the centre and the committee answer, so
    what is proposed waits for them.
    """
    enrolments = [
        one
        for one in case.candidate.enrolments.all()
        if one.school.kind == Certificate.Kind.AWARENESS and one.proposed_on <= case.on
    ]
    for one in enrolments:
        if one.state == Enrolment.State.PROPOSED:
            return _proposed(case, one)
        if one.state == Enrolment.State.ACCEPTED:
            return _attends(case, one)
    attended = {one.school_id for one in enrolments if one.state != Enrolment.State.WITHDRAWN}
    school = next((one for one in case.classes if one.pk not in attended and _free(one) > 0), None)
    if school is None:
        return None
    person = case.candidate.person.full_name
    return {
        "step": Step.ENROL,
        "title": _("Propose %(person)s for the class %(school)s")
        % {"person": person, "school": school.name},
        "why": _("Names are due by %(day)s; %(places)s places are free.")
        % {"day": f"{school.enrol_by:%d/%m/%Y}", "places": _free(school)},
        "verb": _("Propose"),
        "url": step_url(case, Step.ENROL),
        "is_mine": prepares,
        "due_on": school.enrol_by,
        "waits_for": str(case.bodies.cell),
    }


def _free(school: AwarenessClass) -> int:
    return school.places - int(getattr(school, "taken", 0))


def _proposed(case: Case, one: Enrolment) -> dict[str, Any]:
    return {
        **_waiting(case, one),
        "title": _("Wait for the answer whether %(person)s attends %(school)s") % _words(case, one),
        "why": _("Proposed on %(day)s.") % {"day": f"{one.proposed_on:%d/%m/%Y}"},
        "due_on": one.school.enrol_by,
        "since": one.proposed_on,
        "waits_for": str(case.bodies.permitting or one.school.centre),
    }


def _attends(case: Case, one: Enrolment) -> dict[str, Any]:
    return {
        **_waiting(case, one),
        "title": _("Wait for the result of %(person)s in %(school)s") % _words(case, one),
        "why": _("The class is held from %(first)s to %(last)s; the centre records the result.")
        % {"first": f"{one.school.starts_on:%d/%m/%Y}", "last": f"{one.school.ends_on:%d/%m/%Y}"},
        "due_on": one.school.ends_on,
        "since": one.answered_on,
        "waits_for": one.school.centre,
    }


def _waiting(case: Case, one: Enrolment) -> dict[str, Any]:
    page = reverse("class-detail", args=[one.school.public_id])
    return {"step": Step.ENROL, "verb": _("See"), "url": page, "is_mine": False, "early_url": page}


def _words(case: Case, one: Enrolment) -> dict[str, str]:
    return {"person": case.candidate.person.full_name, "school": one.school.name}


# ---------------------------------------------------------------- the verification


def of_verification(case: Case, *, prepares: bool) -> dict[str, Any] | None:
    """Return the arguments of a `NextStep` about the verification.

    None where it is in the file, and while an answer that is not late lets the other papers be
    received. `prepares` says that the reader prepares the file.
    """
    lacking = {kind.code for kind in case.missing_papers}
    if VERIFICATION_FORM not in lacking:
        return None
    if not case.open_verifications:
        return _to_send(case, prepares=prepares)
    waiting, unclear = _asked(case)
    if unclear:
        return _to_ask_again(case, unclear[0], prepares=prepares)
    first = waiting[0]
    if first.due_on is not None and first.due_on < case.on:
        return _to_press_for(case, first, prepares=prepares)
    if lacking != {VERIFICATION_FORM}:
        return None
    requests = step_url(case, Step.RECEIVE_VERIFICATION)
    return {
        "step": Step.RECEIVE_VERIFICATION,
        "title": _("Record the answer of %(place)s on %(subject)s") % _named(first),
        "why": _since(first),
        "verb": _("Record the answer"),
        "url": requests,
        "is_mine": False,
        "due_on": first.due_on,
        "waits_for": first.place,
        "early_url": requests if prepares else "",
        "since": first.sent_on,
    }


def lacking_verification(case: Case, *, by: date | None = None) -> str:
    """Return in words what the verification lacks before the cell considers; empty where nothing.

    With `by`, a day on which the cell may consider: empty too where all answers are due before.
    """
    if VERIFICATION_FORM not in {kind.code for kind in case.missing_papers}:
        return ""
    if not case.open_verifications:
        due_on = verification_due_on(case.on, case.rules, abroad=False, calendar=case.calendar)
        words = _("verification not asked for")
    else:
        waiting, unclear = _asked(case)
        if unclear:
            return _("verification not clear")
        due_on = max((one.due_on for one in waiting if one.due_on), default=date.max)
        words = _("answer to the verification")
    return "" if by is not None and due_on <= by else words


def _asked(case: Case) -> tuple[list[Verification], list[Verification]]:
    """Return the open requests without an answer, the first due first, and those not clear."""
    unclear = [
        one for one in case.open_verifications if one.received_on and one.received_on <= case.on
    ]
    waiting = [one for one in case.open_verifications if one not in unclear]
    return sorted(waiting, key=lambda one: (one.due_on or date.max, one.pk)), unclear


def _named(one: Verification) -> dict[str, str]:
    return {"place": one.place, "subject": one.subject}


def _since(one: Verification) -> str:
    return _("Asked on %(day)s; the answer is due by %(due)s.") % {
        "day": f"{one.sent_on:%d/%m/%Y}" if one.sent_on else "",
        "due": f"{one.due_on:%d/%m/%Y}" if one.due_on else "",
    }


def _to_send(case: Case, *, prepares: bool) -> dict[str, Any]:
    return {
        "step": Step.SEND_VERIFICATION,
        "title": _("Send the requests to verify %(person)s")
        % {"person": case.candidate.person.full_name},
        "why": _(
            "It takes longest of all: %(home)s working days for an answer, %(abroad)s from abroad"
            " (%(rules)s)."
        )
        % {
            "home": case.rules.verification_home_days,
            "abroad": case.rules.verification_abroad_days,
            "rules": case.rules.code,
        },
        "verb": _("Ask"),
        "url": step_url(case, Step.SEND_VERIFICATION),
        "is_mine": prepares,
        "waits_for": str(case.bodies.cell),
    }


def _to_ask_again(case: Case, one: Verification, *, prepares: bool) -> dict[str, Any]:
    return {
        "step": Step.SEND_VERIFICATION,
        "title": _("Ask again about %(subject)s") % _named(one),
        "why": _("The answer of %(place)s is not clear: %(note)s")
        % {"place": one.place, "note": one.note},
        "verb": _("Ask again"),
        "url": step_url(case, Step.RECEIVE_VERIFICATION),
        "is_mine": prepares,
        "waits_for": str(case.bodies.cell),
    }


def _to_press_for(case: Case, one: Verification, *, prepares: bool) -> dict[str, Any]:
    return {
        "step": Step.RECEIVE_VERIFICATION,
        "title": _("Record the answer of %(place)s on %(subject)s, or ask for it again")
        % _named(one),
        "why": _since(one),
        "verb": _("Record"),
        "url": step_url(case, Step.RECEIVE_VERIFICATION),
        "is_mine": prepares,
        "due_on": one.due_on,
        "is_legal": True,
        "waits_for": one.place,
    }

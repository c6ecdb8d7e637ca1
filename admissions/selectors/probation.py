"""What is next for a file on probation, and its section on the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions import probation
from admissions.calendar import next_meetings
from admissions.cases import Case
from admissions.guards_of_probation import named
from admissions.models import PaperKind
from admissions.stages import STEPS_OF_VOTES, Level, Purpose, Stage, Step


@dataclass(frozen=True)
class Coming:
    """The next step of a member on probation; `due_on` by the rules where `is_legal`.

    `waits` says that nobody can do anything before `due_on`.
    """

    step: Step
    title: str
    why: str
    verb: str
    due_on: date | None = None
    is_legal: bool = False
    waits_for: str = ""
    waits: bool = False


def coming(case: Case) -> Coming | None:
    """Return the next step of a file that is on probation or recognised, None where none is."""
    stage = Stage(case.candidate.stage)
    if stage == Stage.OFFICIAL:
        return _announcement(case)
    if stage != Stage.ADMITTED or probation.ends_on(case) is None:
        return None
    if probation.is_being_deleted(case):
        return _vote(case, Purpose.DELETION)
    return _before_the_end(case) or _end(case) or _papers(case) or _vote(case, Purpose.RECOGNITION)


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _name(case: Case) -> str:
    return case.candidate.person.full_name


def _before_the_end(case: Case) -> Coming | None:
    """Return what is done at any time of the probation, or None where all of it is."""
    cell, person = str(case.bodies.cell), {"person": _name(case)}
    due = probation.papers_due(case)
    if due and not probation.papers_made(case):
        return Coming(
            Step.NEW_MEMBER_PAPERS,
            _("Make the member's papers of %(person)s") % person,
            _("1-HSĐV, 2-HSĐV and the book of members: by %(day)s (%(days)s working days after the"
              " ceremony, %(rules)s).")
            % {"day": _day(due.day), "days": due.days, "rules": due.rules.code},
            _("Record"),
            due_on=due.day,
            is_legal=True,
            waits_for=cell,
        )  # fmt: skip
    if not probation.helpers(case):
        return Coming(
            Step.ASSIGN_MENTOR,
            _("Assign a helper to %(person)s") % person,
            _("Nobody helps during the probation: an official member of the cell does."),
            _("Assign"),
            due_on=next_meetings(case.on, number=1, calendar=case.calendar)[0],
            waits_for=cell,
        )
    if not case.new_member_certificate:
        return Coming(
            Step.CERTIFY_NEW_MEMBER,
            _("Enter the new-member class certificate of %(person)s") % person,
            _("Needed before the cell considers recognition; the probation ends on %(day)s.")
            % {"day": _day(probation.ends_on(case))},
            _("Enter"),
            due_on=probation.ends_on(case),
            waits_for=cell,
        )
    return None


def _end(case: Case) -> Coming | None:
    if probation.is_over(case):
        return None
    last, review = probation.ends_on(case), probation.review_due(case)
    return Coming(
        Step.RECEIVE_PAPER,
        _("%(person)s is on probation until %(day)s") % {"person": _name(case), "day": _day(last)},
        _("From that day the self-criticism is written; the cell considers recognition by"
          " %(review)s (%(days)s working days, %(rules)s).")
        % {
            "review": _day(review.day if review else None),
            "days": review.days if review else "",
            "rules": review.rules.code if review else "",
        },
        "",
        due_on=last,
        is_legal=True,
        waits_for=_("the end of the probation"),
        waits=True,
    )  # fmt: skip


def _papers(case: Case) -> Coming | None:
    if case.passed(Level.CELL, Purpose.RECOGNITION):
        return None
    missing = [f"{named(kind)} · {kind.code}" for kind in _missing(case)]
    missing += [one.mentor.full_name for one in case.silent_helpers]
    if not missing:
        return None
    review = probation.review_due(case)
    return Coming(
        Step.RECEIVE_PAPER,
        _("Receive the papers on the probation of %(person)s") % {"person": _name(case)},
        _("Needed before the cell considers recognition: %(papers)s.")
        % {"papers": "; ".join(missing)},
        _("Receive"),
        due_on=review.day if review else None,
        is_legal=True,
        waits_for=str(case.bodies.cell),
    )


def _missing(case: Case) -> list[PaperKind]:
    """Return the forms that are missing beside the comments of helpers, who are named instead."""
    return [
        kind
        for kind in case.missing_for(PaperKind.Phase.PROBATION)
        if not (kind.maker == PaperKind.Maker.HELPER and case.silent_helpers)
    ]


TITLES = {
    Purpose.RECOGNITION: gettext_lazy("Record the vote of %(body)s on recognising %(person)s"),
    Purpose.DELETION: gettext_lazy(
        "Record the vote of %(body)s on deleting the name of %(person)s"
    ),
}
DECISIONS = {
    Purpose.RECOGNITION: (
        Step.RECOGNISE,
        gettext_lazy("Record the decision that recognises %(person)s"),
    ),
    Purpose.DELETION: (
        Step.DELETE_NAME,
        gettext_lazy("Record the decision that deletes the name of %(person)s"),
    ),
}


def _vote(case: Case, purpose: Purpose) -> Coming:
    level = case.next_vote(purpose)
    if level is None:
        step, title = DECISIONS[purpose]
        body = case.bodies.competent
    else:
        step, title, body = STEPS_OF_VOTES[purpose][level], TITLES[purpose], case.bodies.at(level)
    due, why = _term(case, purpose)
    return Coming(
        step,
        str(title) % {"body": body, "person": _name(case)},
        why,
        _("Record"),
        due_on=due,
        is_legal=due is not None,
        waits_for=str(body or case.bodies.cell),
    )


def _term(case: Case, purpose: Purpose) -> tuple[date | None, str]:
    """Return by when the vote or decision is due, and the sentence that says why."""
    vote = case.passed(Level.CELL, purpose)
    if purpose == Purpose.DELETION:
        sentence = _("The cell proposed it on %(day)s; a decision follows the votes above.")
        return None, sentence % {"day": _day(vote.held_on if vote else None)}
    if vote is None:
        due = probation.review_due(case)
        sentence = _(
            "The probation ended on %(end)s; the cell considers by %(day)s (%(days)s working days,"
            " %(rules)s). Official from %(end)s, however late."
        )
    else:
        due = probation.decision_due(case)
        sentence = _(
            "The cell proposed it on %(voted)s; the decision is due by %(day)s (%(days)s working"
            " days, %(rules)s). Official from %(end)s, however late."
        )
    if due is None:
        return None, ""
    return due.day, sentence % {
        "voted": _day(vote.held_on if vote else None),
        "end": _day(probation.ends_on(case)),
        "day": _day(due.day),
        "days": due.days,
        "rules": due.rules.code,
    }


def _announcement(case: Case) -> Coming | None:
    if case.milestone(Step.ANNOUNCE) or case.decision_for(Purpose.RECOGNITION) is None:
        return None
    return Coming(
        Step.ANNOUNCE,
        _("Announce the recognition of %(person)s in the cell") % {"person": _name(case)},
        _("The decision is read out in the next meeting of the cell, and the card handed over."),
        _("Record"),
        due_on=next_meetings(case.on, number=1, calendar=case.calendar)[0],
        waits_for=str(case.bodies.cell),
    )


def bar_note(case: Case, number: int) -> str:
    """Return the note of step 7 or 8 of the public bar that is not done yet; else empty."""
    if number == 7 and (last := probation.ends_on(case)):
        return _("until %(day)s") % {"day": _day(last)}
    if number == 8:
        due = probation.decision_due(case) or probation.review_due(case)
        return _("by %(day)s") % {"day": _day(due.day)} if due else ""
    return ""

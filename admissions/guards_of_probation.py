"""Why a step of the probation is refused: each answers with the sentence, or None."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from admissions import probation
from admissions.cases import Case
from admissions.models import PaperKind
from admissions.stages import Level, Purpose, Step


def _written(case: Case) -> str:
    return f"{case.on:%d/%m/%Y}"


def probation_over(case: Case) -> str | None:
    last = probation.ends_on(case)
    if last is None:
        return _("There was no admission ceremony by %(day)s.") % {"day": _written(case)}
    if case.on >= last:
        return None
    return _(
        "On %(day)s the probation is not over: it ends on %(last)s (%(months)s months from the"
        " ceremony, %(rules)s)."
    ) % {
        "day": _written(case),
        "last": f"{last:%d/%m/%Y}",
        "months": case.candidate.rules.probation_months,
        "rules": case.candidate.rules.code,
    }


def new_member_class(case: Case) -> str | None:
    if case.new_member_certificate:
        return None
    return _(
        "By %(day)s there is no certificate of the class for new members (before recognition,"
        " %(rules)s)."
    ) % {"day": _written(case), "rules": case.rules.code}


def papers_of_probation(case: Case) -> str | None:
    missing = [
        kind
        for kind in case.missing_for(PaperKind.Phase.PROBATION)
        if not (kind.maker == PaperKind.Maker.HELPER and case.silent_helpers)
    ]
    if not missing:
        return None
    return _("Papers missing on %(day)s: %(papers)s (%(rules)s).") % {
        "day": _written(case),
        "papers": "; ".join(f"{named(kind)} · {kind.code}" for kind in missing),
        "rules": case.rules.code,
    }


def named(kind: PaperKind) -> str:
    """Return the name of the form in the reader's language."""
    return kind.name_en if get_language() == "en" else kind.name


def every_helper_wrote(case: Case) -> str | None:
    if not case.silent_helpers:
        return None
    return _(
        "By %(day)s there is no written comment of: %(helpers)s. Each helper of the probation"
        " writes one (%(rules)s)."
    ) % {
        "day": _written(case),
        "helpers": "; ".join(one.mentor.full_name for one in case.silent_helpers),
        "rules": case.rules.code,
    }


def name_not_deleted(case: Case) -> str | None:
    vote = case.passed(Level.COMPETENT, Purpose.DELETION)
    if vote is None:
        return None
    return _("On %(day)s the competent committee voted to delete the name.") % {
        "day": f"{vote.held_on:%d/%m/%Y}"
    }


def not_recognised(case: Case) -> str | None:
    vote = case.passed(Level.COMPETENT, Purpose.RECOGNITION)
    if vote is None:
        return None
    return _("On %(day)s the competent committee voted for recognition.") % {
        "day": f"{vote.held_on:%d/%m/%Y}"
    }


def recognition_passed(case: Case) -> str | None:
    if case.passed(Level.COMPETENT, Purpose.RECOGNITION):
        return None
    return _("By %(day)s the competent committee has not passed a vote on recognition.") % {
        "day": _written(case)
    }


def deletion_passed(case: Case) -> str | None:
    if case.passed(Level.COMPETENT, Purpose.DELETION):
        return None
    return _("By %(day)s the competent committee has not passed a vote on deleting the name.") % {
        "day": _written(case)
    }


def admitted_by_then(case: Case) -> str | None:
    if case.became_probationary_on:
        return None
    return _("There was no admission ceremony by %(day)s.") % {"day": _written(case)}


def papers_not_made_yet(case: Case) -> str | None:
    for milestone in case.candidate.milestones.all():
        if milestone.step == Step.NEW_MEMBER_PAPERS and not case.is_undone(milestone):
            return _("The papers of the new member were made on %(day)s.") % {
                "day": f"{milestone.on:%d/%m/%Y}"
            }
    return None


def recognised_by_then(case: Case) -> str | None:
    decision = case.decision_for(Purpose.RECOGNITION)
    if decision is not None and decision.signed_on <= case.on:
        return None
    return _("By %(day)s there is no decision of recognition.") % {"day": _written(case)}


def not_announced_yet(case: Case) -> str | None:
    for milestone in case.candidate.milestones.all():
        if milestone.step == Step.ANNOUNCE and not case.is_undone(milestone):
            return _("The recognition was announced on %(day)s.") % {
                "day": f"{milestone.on:%d/%m/%Y}"
            }
    return None

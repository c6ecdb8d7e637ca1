"""Pages on which one vote of one body is recorded; those of the probation stand on them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.cases import case_of
from admissions.eligibility import warnings
from admissions.forms.files import BallotForm
from admissions.guards import STEPS, escalated
from admissions.models import Candidate
from admissions.operations.ballots import record_ballot
from admissions.selectors import step_url
from admissions.selectors.meetings import NEEDS
from admissions.stages import Level, Purpose, Step
from config import clock

from .file_action import FileAction


class RecordBallot(FileAction):
    form_class = BallotForm
    template_name = "admissions/ballot_form.html"
    submit_label = gettext_lazy("Save the result of the meeting")
    level: Level
    purpose = Purpose.ADMISSION

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"case": self.case, "level": self.level}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        body = self.case.bodies.at(self.level)
        return super().get_context_data(
            body=body,
            refusals=STEPS[self.step].refusals(self.case),
            attempts=len(self.case.short_votes(self.level, self.purpose)),
            escalates=bool(escalated(self.case, self.level, self.purpose)),
            **{"title": _("Vote of %(body)s") % {"body": body}, **kwargs},
        )

    def perform(self, form: BallotForm) -> Any:
        return record_ballot(
            self.file, level=self.level, purpose=self.purpose, **self.keywords(), **form.values()
        )

    def get_success_message(self, result: Any) -> str:
        if result.passed:
            return _("The vote passed: %(in_favour)s of %(entitled)s.") % {
                "in_favour": result.in_favour,
                "entitled": result.entitled,
            }
        result_in_full = _("The vote fell short: %(in_favour)s of %(entitled)s.") % {
            "in_favour": result.in_favour,
            "entitled": result.entitled,
        }
        reported = _("The full result is reported to the committees above.")
        # Read anew: the file that the page has was read before the vote.
        case = case_of(Candidate.objects.get(pk=self.file.pk), on=clock.today())
        failed = len(case.short_votes(self.level, self.purpose))
        next_is = _("It may be repeated.")
        if failed >= result.rules.failed_votes_escalate:
            next_is = _("The superior committee decides how to go on.")
        return " ".join([result_in_full, reported, next_is])


class CellBallot(RecordBallot):
    step, level = Step.VOTE_CELL, Level.CELL

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        missing = [
            (Step(step).label, step_url(self.case, step))
            for guard, step in NEEDS
            if step and guard(self.case)
        ]
        return super().get_context_data(warnings=warnings(self.case), missing=missing, **kwargs)


class IntermediateBallot(RecordBallot):
    step, level = Step.VOTE_INTERMEDIATE, Level.INTERMEDIATE


class GrassrootsBallot(RecordBallot):
    step, level = Step.VOTE_GRASSROOTS, Level.GRASSROOTS


class CompetentBallot(RecordBallot):
    step, level = Step.VOTE_COMPETENT, Level.COMPETENT

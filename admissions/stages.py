"""The way of a candidate as a table: stages, steps, and who may take which.

Stages are derived from milestones, which carry dates and may be
entered late or out of order. The public eight steps are a view of the finer stages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Stage(models.TextChoices):
    """How far a file is; in the order of the way."""

    SOURCE = "source", _("Identified")
    SYMPATHISER = "sympathiser", _("On the sympathiser list")
    CERTIFIED = "certified", _("Class completed")
    DOSSIER = "dossier", _("File in preparation")
    READY = "ready", _("File complete")
    CELL_RESOLVED = "cell_resolved", _("Resolved by the cell")
    APPRAISED = "appraised", _("Appraised by the intermediate committee")
    GRASSROOTS_RESOLVED = "grassroots_resolved", _("Resolved by the grassroots committee")
    COMPETENT_RESOLVED = "competent_resolved", _("Passed by the competent committee")
    DECIDED = "decided", _("Decision issued")
    ADMITTED = "admitted", _("Admitted, on probation")
    CLOSED = "closed", _("Closed")


class Step(models.TextChoices):
    """What can happen to a file; each is one milestone with its dates."""

    IDENTIFY = "identify", _("Identified as a source")
    PUT_ON_LIST = "put_on_list", _("Put on the sympathiser list")
    CERTIFY = "certify", _("Awareness class certificate issued")
    ASSIGN_MENTOR = "assign_mentor", _("Helper assigned")
    RECEIVE_PAPER = "receive_paper", _("Paper received")
    COMPLETE_PAPERS = "complete_papers", _("Papers complete")
    VOTE_CELL = "vote_cell", _("Resolution of the cell")
    VOTE_INTERMEDIATE = "vote_intermediate", _("Appraisal by the intermediate committee")
    VOTE_GRASSROOTS = "vote_grassroots", _("Resolution of the grassroots committee")
    VOTE_COMPETENT = "vote_competent", _("Vote of the competent committee")
    FALL_SHORT = "fall_short", _("Vote fell short")
    DECIDE = "decide", _("Decision on admission")
    ADMIT = "admit", _("Admission ceremony")
    CLOSE = "close", _("File closed")


class Level(models.TextChoices):
    """The bodies that consider a candidate, from below."""

    CELL = "cell", _("Cell")
    INTERMEDIATE = "intermediate", _("Intermediate committee")
    GRASSROOTS = "grassroots", _("Grassroots committee")
    COMPETENT = "competent", _("Competent committee")


STEP_OF_VOTE = {
    Level.CELL: Step.VOTE_CELL,
    Level.INTERMEDIATE: Step.VOTE_INTERMEDIATE,
    Level.GRASSROOTS: Step.VOTE_GRASSROOTS,
    Level.COMPETENT: Step.VOTE_COMPETENT,
}

REACHES = {
    Step.IDENTIFY: Stage.SOURCE,
    Step.PUT_ON_LIST: Stage.SYMPATHISER,
    Step.CERTIFY: Stage.CERTIFIED,
    Step.RECEIVE_PAPER: Stage.DOSSIER,
    Step.COMPLETE_PAPERS: Stage.READY,
    Step.VOTE_CELL: Stage.CELL_RESOLVED,
    Step.VOTE_INTERMEDIATE: Stage.APPRAISED,
    Step.VOTE_GRASSROOTS: Stage.GRASSROOTS_RESOLVED,
    Step.VOTE_COMPETENT: Stage.COMPETENT_RESOLVED,
    Step.DECIDE: Stage.DECIDED,
    Step.ADMIT: Stage.ADMITTED,
    Step.CLOSE: Stage.CLOSED,
}
"""The stage that a step brings a file to; steps that are not named move no file."""

ORDER = list(Stage)

OPEN_STAGES = [stage for stage in Stage if stage not in {Stage.ADMITTED, Stage.CLOSED}]


def stage_after(steps: Iterable[str]) -> Stage:
    """Return the stage of a file whose milestones are `steps`, in any order.

    The furthest stage counts: papers entered late do not send a file back.

    >>> stage_after(["vote_cell", "identify", "certify"])
    Stage.CELL_RESOLVED
    """
    reached = [REACHES[Step(step)] for step in steps if Step(step) in REACHES]
    return max(reached, key=ORDER.index, default=Stage.SOURCE)


@dataclass(frozen=True)
class PublicStep:
    """One of the eight steps on a candidate's bar: a file is at it from stage `begins_at` on.

    `milestones` are those that date it once it is done.
    """

    number: int
    title: str | Promise
    begins_at: Stage
    milestones: tuple[Step, ...]


PUBLIC_STEPS = (
    PublicStep(1, _("Finding a source"), Stage.SOURCE, (Step.IDENTIFY, Step.PUT_ON_LIST)),
    PublicStep(2, _("Awareness class"), Stage.SYMPATHISER, (Step.CERTIFY,)),
    PublicStep(3, _("File, verification"), Stage.CERTIFIED, (Step.COMPLETE_PAPERS,)),
    PublicStep(4, _("Cell considers"), Stage.READY, (Step.VOTE_CELL,)),
    PublicStep(5, _("Committees consider, decide"), Stage.CELL_RESOLVED, (Step.DECIDE,)),
    PublicStep(6, _("Admission ceremony"), Stage.DECIDED, (Step.ADMIT,)),
    PublicStep(7, _("Probation"), Stage.ADMITTED, ()),
    PublicStep(8, _("Official member"), Stage.ADMITTED, ()),
)


def public_step(stage: Stage) -> PublicStep:
    """Return the step of the public eight that a file at `stage` is now at.

    >>> public_step(Stage.READY).number
    4
    """
    reached = ORDER.index(stage)
    return max(
        (step for step in PUBLIC_STEPS[:7] if ORDER.index(step.begins_at) <= reached),
        key=lambda step: step.number,
    )

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
    ENROLLED = "enrolled", _("Sent to the awareness class")
    CERTIFIED = "certified", _("Class completed")
    PERMITTED = "permitted", _("Permitted to do the procedure")
    DOSSIER = "dossier", _("File in preparation")
    READY = "ready", _("File complete")
    CELL_RESOLVED = "cell_resolved", _("Resolved by the cell")
    APPRAISED = "appraised", _("Appraised by the intermediate committee")
    GRASSROOTS_RESOLVED = "grassroots_resolved", _("Resolved by the grassroots committee")
    COMPETENT_RESOLVED = "competent_resolved", _("Passed by the competent committee")
    DECIDED = "decided", _("Decision issued")
    ADMITTED = "admitted", _("Admitted, on probation")
    OFFICIAL = "official", _("Official member")
    CLOSED = "closed", _("Closed")


class Step(models.TextChoices):
    """What can happen to a file; each is one milestone with its dates."""

    IDENTIFY = "identify", _("Identified as a source")
    PUT_ON_LIST = "put_on_list", _("Put on the sympathiser list")
    CERTIFY = "certify", _("Awareness class certificate issued")
    ASSIGN_MENTOR = "assign_mentor", _("Helper assigned")
    RELEASE_MENTOR = "release_mentor", _("Helper released")
    ENROL = "enrol", _("Sent to the awareness class")
    PERMIT = "permit", _("Permitted to do the procedure")
    INTRODUCE = "introduce", _("Introducer named")
    SEND_VERIFICATION = "send_verification", _("Verification asked for")
    RECEIVE_VERIFICATION = "receive_verification", _("Verification answered")
    RECEIVE_PAPER = "receive_paper", _("Paper received")
    COMPLETE_PAPERS = "complete_papers", _("Papers complete")
    VOTE_CELL = "vote_cell", _("Resolution of the cell")
    VOTE_INTERMEDIATE = "vote_intermediate", _("Appraisal by the intermediate committee")
    VOTE_GRASSROOTS = "vote_grassroots", _("Resolution of the grassroots committee")
    VOTE_COMPETENT = "vote_competent", _("Vote of the competent committee")
    FALL_SHORT = "fall_short", _("Vote fell short")
    SEND_UP = "send_up", _("File sent up")
    RETURN = "return", _("File returned for completion")
    EXTEND = "extend", _("Term of the decision extended")
    DECIDE = "decide", _("Decision on admission")
    REFUSE = "refuse", _("Decided not to admit")
    CANCEL = "cancel", _("Decision cancelled")
    REMEDY = "remedy", _("Decision recognised after remedy")
    RECEIVE_DECISION = "receive_decision", _("Decision received by the cell")
    ADMIT = "admit", _("Admission ceremony")
    NEW_MEMBER_PAPERS = "new_member_papers", _("Papers of the new member made")
    CERTIFY_NEW_MEMBER = "certify_new_member", _("New-member class certificate issued")
    RECOGNITION_CELL = "recognition_cell", _("Cell proposes recognition")
    RECOGNITION_INTERMEDIATE = "recognition_inter", _("Intermediate appraisal of recognition")
    RECOGNITION_GRASSROOTS = "recognition_grass", _("Grassroots committee proposes recognition")
    RECOGNITION_COMPETENT = "recognition_comp", _("Competent committee votes on recognition")
    RECOGNISE = "recognise", _("Decision of official recognition")
    ANNOUNCE = "announce", _("Recognition announced in the cell")
    DELETION_CELL = "deletion_cell", _("Cell proposes to delete the name")
    DELETION_GRASSROOTS = "deletion_grass", _("Grassroots committee proposes to delete the name")
    DELETION_COMPETENT = "deletion_comp", _("Competent committee votes on deleting the name")
    DELETE_NAME = "delete_name", _("Probationary member's name deleted")
    ASK_MOVE = "ask_move", _("The person moves: the receiving side is asked")
    SEND_FILE = "send_file", _("File sent to the new place")
    MOVE = "move", _("File taken over at the new place")
    CLOSE = "close", _("File closed")


class Level(models.TextChoices):
    """The bodies that consider a candidate, from below."""

    CELL = "cell", _("Cell")
    INTERMEDIATE = "intermediate", _("Intermediate committee")
    GRASSROOTS = "grassroots", _("Grassroots committee")
    COMPETENT = "competent", _("Competent committee")


class Purpose(models.TextChoices):
    """What a vote is about."""

    ADMISSION = "admission", _("Admission")
    RECOGNITION = "recognition", _("Official recognition")
    DELETION = "deletion", _("Deletion of the name")


STEP_OF_VOTE = {
    Level.CELL: Step.VOTE_CELL,
    Level.INTERMEDIATE: Step.VOTE_INTERMEDIATE,
    Level.GRASSROOTS: Step.VOTE_GRASSROOTS,
    Level.COMPETENT: Step.VOTE_COMPETENT,
}

STEPS_OF_VOTES = {
    Purpose.ADMISSION: STEP_OF_VOTE,
    Purpose.RECOGNITION: {
        Level.CELL: Step.RECOGNITION_CELL,
        Level.INTERMEDIATE: Step.RECOGNITION_INTERMEDIATE,
        Level.GRASSROOTS: Step.RECOGNITION_GRASSROOTS,
        Level.COMPETENT: Step.RECOGNITION_COMPETENT,
    },
    # An intermediate committee has no say in it (HD 06-HD/TW 2025).
    Purpose.DELETION: {
        Level.CELL: Step.DELETION_CELL,
        Level.GRASSROOTS: Step.DELETION_GRASSROOTS,
        Level.COMPETENT: Step.DELETION_COMPETENT,
    },
}

REACHES = {
    Step.IDENTIFY: Stage.SOURCE,
    Step.PUT_ON_LIST: Stage.SYMPATHISER,
    Step.ENROL: Stage.ENROLLED,
    Step.CERTIFY: Stage.CERTIFIED,
    Step.PERMIT: Stage.PERMITTED,
    Step.RECEIVE_PAPER: Stage.DOSSIER,
    Step.COMPLETE_PAPERS: Stage.READY,
    Step.VOTE_CELL: Stage.CELL_RESOLVED,
    Step.VOTE_INTERMEDIATE: Stage.APPRAISED,
    Step.VOTE_GRASSROOTS: Stage.GRASSROOTS_RESOLVED,
    Step.VOTE_COMPETENT: Stage.COMPETENT_RESOLVED,
    Step.DECIDE: Stage.DECIDED,
    Step.ADMIT: Stage.ADMITTED,
    Step.RECOGNISE: Stage.OFFICIAL,
    Step.REFUSE: Stage.CLOSED,
    Step.DELETE_NAME: Stage.CLOSED,
    Step.CLOSE: Stage.CLOSED,
}
"""The stage that a step brings a file to; steps that are not named move no file."""

ORDER = list(Stage)

OPEN_STAGES = ORDER[: ORDER.index(Stage.ADMITTED)]
"""Those of people who are not yet members; on probation the file goes on."""
BEFORE_THE_CELL = frozenset(ORDER[: ORDER.index(Stage.CELL_RESOLVED)])
WITH_THE_COMMITTEES = frozenset(OPEN_STAGES) - BEFORE_THE_CELL - {Stage.DECIDED}
"""Resolved by the cell, not decided yet."""

LIVE_STAGES = [*OPEN_STAGES, Stage.ADMITTED]
"""Those in which something is still to be done."""


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
    PublicStep(7, _("Probation"), Stage.ADMITTED, (Step.RECOGNITION_CELL,)),
    PublicStep(8, _("Official member"), Stage.OFFICIAL, (Step.RECOGNISE,)),
)


def public_step(stage: Stage) -> PublicStep:
    """Return the step of the public eight that a file at `stage` is now at.

    >>> public_step(Stage.READY).number
    4
    """
    reached = ORDER.index(stage)
    return max(
        (step for step in PUBLIC_STEPS if ORDER.index(step.begins_at) <= reached),
        key=lambda step: step.number,
    )

"""What may happen to a file while it is on its way to another cell."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from admissions.cases import Case
from admissions.models import Candidate, FileTransfer
from admissions.stages import STEP_OF_VOTE, Level, Step

TAKEN_ON_THE_WAY = frozenset({Step.ASK_MOVE, Step.SEND_FILE, Step.MOVE, Step.CANCEL, Step.REMEDY})
"""Steps of moving itself, and the issuer's cancellation that may have to come first."""

OF_THE_OLD_LINE = frozenset(
    {Step.PUT_ON_LIST, Step.PERMIT, *STEP_OF_VOTE.values()} - {STEP_OF_VOTE[Level.COMPETENT]}
)
"""What bodies resolve who have no file to resolve on while it goes to another cell."""

JUDGED = frozenset({Step.VOTE_CELL})
"""The step by which the old cell judged its own candidate: the person had not been moved before.
The committees above may resolve before they hear of the move (HD 06-HD/TW 2025, 3.10)."""

IN_HAND = frozenset(
    {
        *STEP_OF_VOTE.values(),
        Step.FALL_SHORT,
        Step.PUT_ON_LIST,
        Step.PERMIT,
        Step.SEND_UP,
        Step.EXTEND,
        Step.DECIDE,
        Step.RECEIVE_DECISION,
    }
)
"""Steps for which the old line had the file in hand: it was neither sent nor received before."""


def on_its_way(step: Step, case: Case) -> str | None:
    """Return why `step` is not taken while the file goes elsewhere (HD 06-HD/TW 2025), or None.

    Whatever the day of the step: what the old cell did before is entered before, or by the new one.
    Once it was taken over, what is dated between the sending and the receipt is refused.
    """
    transfer = case.transfer
    if transfer is None:
        return _was_on_its_way(step, case)
    if step in TAKEN_ON_THE_WAY:
        return None
    return _(
        "The file is on its way to %(place)s (%(state)s, decision to move of %(day)s): no other"
        " step until it is taken over, refused or withdrawn."
    ) % {
        "place": transfer.place,
        "state": FileTransfer.State(transfer.state).label,
        "day": f"{transfer.moved_on:%d/%m/%Y}",
    }


def _was_on_its_way(step: Step, case: Case) -> str | None:
    """Refuse a resolution of a day on which the file was neither here nor there."""
    if step not in OF_THE_OLD_LINE:
        return None
    for transfer in case.candidate.file_transfers.all():
        sent_on, received_on = transfer.sent_on, transfer.received_on
        if sent_on is None or received_on is None or not sent_on <= case.on < received_on:
            continue
        return _(
            "On %(day)s the file was on its way to %(place)s: sent on %(sent)s, taken over on"
            " %(received)s. No body resolved on it meanwhile."
        ) % {
            "day": f"{case.on:%d/%m/%Y}",
            "place": transfer.place,
            "sent": f"{sent_on:%d/%m/%Y}",
            "received": f"{received_on:%d/%m/%Y}",
        }
    return None


def too_early_to_move(file: Candidate, day: date, *, steps: frozenset[Step]) -> str | None:
    """Return why a move of `file` is not dated `day`: the old line did `steps` later; or None."""
    taken = [one for one in file.milestones.all() if one.step in steps]
    last = max(taken, key=lambda one: (one.on, one.pk), default=None)
    if last is None or day >= last.on:
        return None
    return _("Here the file records “%(step)s” of %(day)s: it moved on that day or later.") % {
        "step": Step(last.step).label,
        "day": f"{last.on:%d/%m/%Y}",
    }

"""What may happen to a file while it is on its way to another cell."""

from __future__ import annotations

from django.utils.translation import gettext as _

from admissions.cases import Case
from admissions.models import FileTransfer
from admissions.stages import Step

TAKEN_ON_THE_WAY = frozenset({Step.ASK_MOVE, Step.SEND_FILE, Step.MOVE, Step.CANCEL, Step.REMEDY})
"""Steps of moving itself, and the issuer's cancellation that may have to come first."""


def on_its_way(step: Step, case: Case) -> str | None:
    """Return why `step` is not taken while the file goes elsewhere (HD 06-HD/TW 2025), or None.

    Whatever the day of the step: what the old cell did before is entered before, or by the new one.
    """
    transfer = case.transfer
    if transfer is None or step in TAKEN_ON_THE_WAY:
        return None
    return _(
        "The file is on its way to %(place)s (%(state)s, decision to move of %(day)s): no other"
        " step until it is taken over, refused or withdrawn."
    ) % {
        "place": transfer.place,
        "state": FileTransfer.State(transfer.state).label,
        "day": f"{transfer.moved_on:%d/%m/%Y}",
    }

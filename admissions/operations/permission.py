"""Step 5: the grassroots committee permits that the procedure for a candidate begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.models import Candidate, Milestone
from admissions.stages import Step
from config import names
from config.errors import DomainError

from .recording import begin, kept, record

if TYPE_CHECKING:
    from organizations.models import User


@transaction.atomic
def permit(
    candidate: Candidate, *, by: User, on: date, held_on: date, resolution_number: str
) -> Milestone:
    """Record that the committee permitted the procedure by a resolution of `held_on`.

    The cell proposes, the grassroots committee decides; for a cell that is a grassroots
    organisation itself the committee above (HD 06-HD/TW 2025; forms 5-TN, 6-TN). Raises
    PermissionDenied where `by` is not of that committee's staff, DomainError at `held_on` with all
    that is missing on that day, at `resolution_number` where there is none.
    """
    case = begin(candidate, Step.PERMIT, by=by, on=on, happened_on=held_on)
    number = names.written(resolution_number)
    if not number:
        raise DomainError(
            fields={"resolution_number": _("Enter the number of the committee's resolution.")}
        )
    milestone = Milestone(
        candidate=case.candidate,
        step=Step.PERMIT,
        on=held_on,
        decided_on=held_on,
        entered_by=by,
        note=kept(lambda: _("Resolution No. %(number)s") % {"number": number}),
    )
    record(case.candidate, [milestone], announced_on=held_on)
    return milestone


@transaction.atomic
def permit_several(
    candidates: Sequence[Candidate], *, by: User, on: date, held_on: date, resolution_number: str
) -> list[Milestone]:
    """Record one resolution that permits the procedure for several, all or none.

    Returns their milestones in the same order. Raises as `permit`; what one file refuses at
    `held_on-<id of the file>`, what is wrong with the resolution at its own argument.
    """
    if not candidates:
        raise DomainError(_("Choose at least one person."))
    written: list[Milestone] = []
    refusals: dict[str, str] = {}
    # Locked in one order, so that two committees' staff never wait for each other.
    for file in sorted(candidates, key=lambda one: one.pk):
        try:
            with transaction.atomic():
                written.append(
                    permit(file, by=by, on=on, held_on=held_on, resolution_number=resolution_number)
                )
        except DomainError as error:
            refusals |= _of_one(error, file)
    if refusals:
        raise DomainError(fields=refusals)
    place = {one.candidate_id: one for one in written}
    return [place[file.pk] for file in candidates]


def _of_one(error: DomainError, file: Candidate) -> dict[str, str]:
    found = {f"held_on-{file.pk}": error.sentence} if error.sentence else {}
    for argument, sentence in error.fields.items():
        is_shared = argument == "resolution_number"
        found[argument if is_shared else f"{argument}-{file.pk}"] = sentence
    return found

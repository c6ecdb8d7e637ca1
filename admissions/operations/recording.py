"""How every operation on a file begins and ends: under lock, and with one milestone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.utils import translation
from django.utils.translation import gettext as _

from admissions.bundles import read_for_a_step
from admissions.cases import Case, case_of
from admissions.guards import STEPS, refusal_of_stage
from admissions.guards_of_moving import on_its_way
from admissions.models import Candidate, Milestone, RuleSet
from admissions.permissions import Permission, Rights
from admissions.stages import ORDER, Stage, Step, stage_after
from config.errors import DomainError
from config.together import Prepared
from organizations.operations.outbox import announce

from . import deadlines

if TYPE_CHECKING:
    from organizations.models import User


def locked(candidate: Candidate, *, by: User, on: date) -> Candidate:
    """Return the file as it stands, locked until the transaction ends.

    Raises PermissionDenied where `by` may not see it on day `on`.
    """
    file = kept_from_others(candidate.pk)
    if file.cell_id not in Rights.of(by, on=on, cells=[file.cell_id]).sees:
        raise PermissionDenied
    return file


def kept_from_others(key: int) -> Candidate:
    """Return file `key` as it stands, locked until the transaction ends."""
    # Locked first and read after: in one statement, a file that went to another cell while we
    # waited would be joined with the cell it had, and not be found at all.
    Candidate.objects.select_for_update().values_list("pk").get(pk=key)
    (file,) = _file().fetch(key=key)["file"]
    return cast("Candidate", file)


@cache
def _file() -> Prepared:
    some_file = -101
    files = Candidate.objects.select_related("person", "cell", "rules").filter(pk=some_file)
    return Prepared({"file": files}, {"key": some_file})


def begin(
    candidate: Candidate,
    step: Step,
    *,
    by: User,
    on: date,
    happened_on: date,
    permission: Permission | None = None,
) -> Case:
    """Lock the file and judge it for `step`, which `by` enters on day `on`; return the case.

    The case stands on `happened_on`. `permission` is asked for instead of the step's own, where
    somebody lets count what another has entered. Raises PermissionDenied where `by` may not take
    the step, and DomainError where the stage or a guard of the table refuses, at the argument that
    carries the day; also for a day in the future or before the first known rules.
    """
    rule = STEPS[step]
    file = kept_from_others(candidate.pk)
    day = min(happened_on, on)
    above = read_for_a_step(file, on=day, user=by)
    # What is entered later than it happened is entered by whoever may today.
    rights = Rights.read(by, above) if day == on else Rights.of(by, on=on, cells=[file.cell_id])
    if file.cell_id not in rights.sees:
        raise PermissionDenied
    try:
        case = case_of(file, on=day, above=above)
    except RuleSet.DoesNotExist:
        raise no_rules(day, field=rule.dated_by) from None
    if not rights.may(permission or rule.permission, case):
        raise PermissionDenied
    if happened_on > on:
        raise in_the_future(happened_on, field=rule.dated_by)
    if refusal := refusal_of_stage(step, file):
        raise DomainError(refusal)
    if sentence := on_its_way(step, case):
        raise DomainError(sentence)
    if refusals := rule.refusals(case):
        raise DomainError(fields={rule.dated_by: " ".join(refusals)})
    return case


def record(
    candidate: Candidate,
    steps: Sequence[Milestone],
    *,
    announced_on: date,
    also: Sequence[str] = (),
    cell_was: int | None = None,
) -> list[Milestone]:
    """Write the milestones `steps` of a locked file, store the stage they lead to, tell upward.

    `also` names further columns of the file that were changed, `cell_was` the cell (id) it was in
    before. Figures above follow the change of stage or cell by an outbox row.
    """
    written = Milestone.objects.bulk_create(steps)
    was = candidate.stage
    # The furthest of all its milestones: those before are in the stage it had.
    reached = max(Stage(was), stage_after(one.step for one in written), key=ORDER.index)
    # Unless a body returned the file, or cancelled its decision.
    reached = next((Stage(one.back_to) for one in written if one.back_to), reached)
    if reached != was:
        candidate.stage = reached
        candidate.stage_since = max(one.on for one in written)
    candidate.version += 1
    candidate.save(update_fields=["stage", "stage_since", "version", *also])
    if reached != was or cell_was is not None:
        # Figures as of a past day hold the file in the stage that it had by its steps until then.
        day = min([announced_on, *(one.on for one in written)])
        tell_stage(candidate, was=was, on=day, cell_was=cell_was)
    deadlines.reckon(candidate, on=announced_on)
    return written


def tell_stage(
    candidate: Candidate,
    *,
    was: str | None,
    on: date,
    cell_was: int | None = None,
    identified_was: date | None = None,
) -> None:
    """Tell upward that the file changed its stage, or its cell; `was` is None for a new file.

    The row holds {"was": stage before, "stage": stage now}, "cell_was" (id) after a move, and
    "identified_was" (ISO day) where the person turned out to be known on an earlier day.
    """
    snapshot: dict[str, Any] = {"was": was, "stage": Stage(candidate.stage).value}
    if cell_was is not None:
        snapshot["cell_was"] = cell_was
    if identified_was is not None:
        snapshot["identified_was"] = identified_was.isoformat()
    announce(candidate, organization=candidate.cell, on=on, snapshot=snapshot)


def kept(words: Callable[[], str]) -> str:
    """Return `words` in the product's own language, whoever records: a note is kept as written."""
    with translation.override(settings.LANGUAGE_CODE):
        return words()[:300]


def rules_on(day: date, *, field: str) -> RuleSet:
    """Return the rules in force on `day`; DomainError at `field` before the first known ones."""
    try:
        return RuleSet.objects.in_force(on=day)
    except RuleSet.DoesNotExist:
        raise no_rules(day, field=field) from None


def no_rules(day: date, *, field: str) -> DomainError:
    """Return the refusal of a day for which no rules are known."""
    return DomainError(
        fields={field: _("No rules are known for %(day)s.") % {"day": f"{day:%d/%m/%Y}"}}
    )


def in_the_future(day: date, *, field: str) -> DomainError:
    """Return the refusal of a day that has not come yet."""
    return DomainError(
        fields={field: _("%(day)s lies in the future.") % {"day": f"{day:%d/%m/%Y}"}}
    )


def before_birth(day: date, *, field: str) -> DomainError:
    """Return the refusal of a day on which the person was not born yet."""
    return DomainError(
        fields={field: _("%(day)s lies before the date of birth.") % {"day": f"{day:%d/%m/%Y}"}}
    )


def constraint_of(error: IntegrityError) -> str:
    """Return the name of the database's constraint that refused, or an empty text."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or "")

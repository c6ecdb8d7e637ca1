"""Files of a generated country, kept in the database as a system in use would have kept them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import count

from admissions.models import Admission, Candidate, Milestone, RuleSet
from admissions.stages import Stage, Step
from organizations.models import Organization, Person, User
from organizations.models.person import name_columns
from tests.targets.country import STEPS, File

MILESTONES = dict(
    zip(
        STEPS,
        (
            (Step.IDENTIFY, Stage.SOURCE),
            (Step.CERTIFY, Stage.CERTIFIED),
            (Step.RECEIVE_PAPER, Stage.DOSSIER),
            (Step.COMPLETE_PAPERS, Stage.READY),
            (Step.VOTE_CELL, Stage.CELL_RESOLVED),
            (Step.DECIDE, Stage.DECIDED),
        ),
        strict=True,
    )
)
_numbers = count(1)


def keep(cell: Organization, files: Iterable[File], *, by: User, on: date) -> list[Candidate]:
    """Record `files` of `cell` as far as they have come by day `on`."""
    known = [file for file in files if file.steps[0] <= on]
    rules = RuleSet.objects.in_force(on=on)
    people = Person.objects.bulk_create(
        Person(**name_columns("Nguyễn Văn An"), born_on=date(1990, 1, 1), sex="male")
        for _file in known
    )
    rows = []
    for file, person in zip(known, people, strict=True):
        ended = file.ended_on <= on
        steps = [day for day in file.steps if day <= on]
        stage = MILESTONES[STEPS[len(steps) - 1]][1]
        if ended:
            stage = Stage.ADMITTED if file.is_admitted else Stage.CLOSED
        number = next(_numbers)
        rows.append(
            Candidate(
                number=f"DB-{number:06d}", person=person, cell=cell, rules=rules, stage=stage,
                stage_since=file.ended_on if ended else steps[-1], identified_on=steps[0],
                closed_on=file.ended_on if ended and not file.is_admitted else None,
                closed_reason="Rút đơn" if ended and not file.is_admitted else "",
                entered_by=by,
            )
        )  # fmt: skip
    kept = Candidate.objects.bulk_create(rows)
    Milestone.objects.bulk_create(
        Milestone(candidate=row, step=MILESTONES[step][0], on=day, entered_by=by)
        for row, file in zip(kept, known, strict=True)
        for step, day in zip(STEPS, file.steps, strict=False)
        if day <= on
    )
    ends = [(row, file) for row, file in zip(kept, known, strict=True) if file.ended_on <= on]
    Milestone.objects.bulk_create(
        Milestone(
            candidate=row, step=Step.ADMIT if file.is_admitted else Step.CLOSE, on=file.ended_on,
            entered_by=by,
        )
        for row, file in ends
    )  # fmt: skip
    Admission.objects.bulk_create(
        Admission(
            origin="taken_over", person=row.person, candidate=row, cell=cell,
            decided_on=file.steps[-1], ceremony_on=file.ended_on, sex="male", age_years=28,
        )
        for row, file in ends
        if file.is_admitted
    )  # fmt: skip
    return kept

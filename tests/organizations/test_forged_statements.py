"""What whoever had the product's own role in the database could not write past the pages.

Each statement is tried as that role, and refused: by a right that it has not, or by the database.
"""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, connection, transaction

from admissions.models import Candidate
from admissions.stages import Stage
from organizations.models import AppointmentProposal, Role
from organizations.operations.accounts import propose_appointment
from organizations.operations.relatives import declare_relative
from targets.operations.baselines import report_baseline
from tests.makers import DAY, World, candidate, logged, world

BY_TWO = "proposed by an administrator and confirmed by staff"

FORGED: dict[str, tuple[str, str]] = {
    # What somebody did, said or signed is neither changed nor taken away.
    "a vote is turned": (
        "UPDATE admissions_ballot SET in_favour = present, passed = true",
        "permission denied",
    ),
    "a vote vanishes": (
        "DELETE FROM admissions_ballot",
        "permission denied",
    ),
    "a decision gets another day": (
        "UPDATE admissions_decision SET signed_on = signed_on - 30",
        "permission denied",
    ),
    "a decision gets another approver": (
        "UPDATE admissions_decision SET approved_by_id = {leader}",
        "permission denied",
    ),
    "a decision vanishes": (
        "DELETE FROM admissions_decision",
        "permission denied",
    ),
    "a step gets another author": (
        "UPDATE admissions_milestone SET entered_by_id = {leader}",
        "permission denied",
    ),
    "a step vanishes": (
        "DELETE FROM admissions_milestone",
        "permission denied",
    ),
    "all steps vanish": (
        "TRUNCATE admissions_milestone CASCADE",
        "permission denied",
    ),
    "a file vanishes": (
        "DELETE FROM admissions_candidate",
        "permission denied",
    ),
    "a file becomes another person's": (
        "UPDATE admissions_candidate SET person_id = {member}",
        "permission denied",
    ),
    "a file gets another number": (
        "UPDATE admissions_candidate SET number = 'X'",
        "permission denied",
    ),
    "a file is entered earlier": (
        "UPDATE admissions_candidate SET entered_at = now() - interval '1 year'",
        "permission denied",
    ),
    "a file is logged by another": (
        "UPDATE admissions_candidate SET entered_by_id = {leader}",
        "permission denied",
    ),
    "a baseline shrinks": (
        "UPDATE targets_baseline SET members = 1",
        "permission denied",
    ),
    "a baseline vanishes": (
        "DELETE FROM targets_baseline",
        "permission denied",
    ),
    "a target shrinks": (
        "UPDATE targets_target SET low = 1",
        "permission denied",
    ),
    "a target vanishes": (
        "DELETE FROM targets_target",
        "permission denied",
    ),
    "the forms change": (
        "UPDATE admissions_paperkind SET before_cell = false",
        "permission denied",
    ),
    "an indicator changes": (
        "UPDATE targets_indicator SET code = 'X'",
        "permission denied",
    ),
    "a history is rewritten": (
        "UPDATE admissions_candidateevent SET stage = 'source'",
        "permission denied",
    ),
    "a history vanishes": (
        "DELETE FROM organizations_appointmentevent",
        "permission denied",
    ),
    "an account vanishes": (
        "DELETE FROM organizations_user",
        "permission denied",
    ),
    "a member vanishes": (
        "DELETE FROM organizations_membership",
        "permission denied",
    ),
    "an organisation vanishes": (
        "DELETE FROM organizations_organization",
        "permission denied",
    ),
    "the helper is another": (
        "UPDATE admissions_mentorship SET mentor_id = {member}",
        "permission denied",
    ),
    "the introducer is another": (
        "UPDATE admissions_introducer SET person_id = {member}",
        "permission denied",
    ),
    # Stages, cells and moves follow what was recorded.
    "a stage is leapt to": (
        "UPDATE admissions_candidate SET stage = 'decided'",
        "reaches stage decided by no step",
    ),
    "a file is put back": (
        "UPDATE admissions_candidate SET stage = 'official'",
        "reaches stage official by no step",
    ),
    "a file is closed without a step": (
        "UPDATE admissions_candidate SET stage = 'closed', closed_on = '2021-05-01', "
        "closed_reason = 'x'",
        "reaches stage closed by no step",
    ),
    "a file changes its cell": (
        "UPDATE admissions_candidate SET cell_id = {sibling}",
        "goes to another cell by no move",
    ),
    "a move that nobody made": (
        "INSERT INTO admissions_filemove (candidate_id, origin_id, destination_id, "
        '"on", reason, entered_by_id) VALUES ({file}, {cell}, {sibling}, '
        "'2021-01-01', 'transferred', {secretary})",
        "nobody took the file over",
    ),
    "a move from where the file never lay": (
        "INSERT INTO admissions_filemove (candidate_id, origin_id, destination_id, "
        '"on", reason, entered_by_id) VALUES ({file}, {sibling}, {cell}, '
        "'2021-01-01', 'transferred', {secretary})",
        "does not lie in cell",
    ),
    # Votes and decisions.
    "a vote of tomorrow": (
        "{ballot}",
        "lies in the future",
    ),
    "a vote of a body elsewhere": (
        "{ballot_elsewhere}",
        "stood above no cell of the file",
    ),
    "a vote on one's own file": (
        "{own_ballot}",
        "own file or that of a declared relative",
    ),
    "a step in a relative's file": (
        'INSERT INTO admissions_milestone (candidate_id, step, "on", note, '
        "entered_by_id) VALUES ({file}, 'permit', '2021-05-01', '', {staff})",
        "own file or that of a declared relative",
    ),
    # Roles.
    "a role granted to oneself": (
        "{appointment} ({approver}, {top}, 'staff', '', '[2021-05-28,)', {approver}, {staff2})",
        BY_TWO,
    ),
    "a role confirmed by its holder": (
        "{appointment} ({approver}, {top}, 'staff', '', '[2021-05-28,)', "
        "{administrator}, {approver})",
        BY_TWO,
    ),
    "a role confirmed by who proposed it": (
        "{appointment} ({leader}, {top}, 'staff', '', '[2021-05-28,)', {administrator},"
        " {administrator})",
        BY_TWO,
    ),
    "a role that nobody confirmed": (
        "{appointment} ({leader}, {top}, 'staff', '', '[2021-05-28,)', {administrator}, NULL)",
        BY_TWO,
    ),
    "a role out of nothing": (
        "{appointment} ({leader}, {top}, 'administrator', '', '[2021-05-28,)', NULL, NULL)",
        BY_TWO,
    ),
    "a role proposed by no administrator": (
        "{appointment} ({leader}, {top}, 'staff', '', '[2021-05-28,)', {approver}, {staff2})",
        BY_TWO,
    ),
    "a role confirmed by no staff": (
        "{appointment} ({leader}, {top}, 'staff', '', '[2021-05-28,)', {administrator},"
        " {approver})",
        BY_TWO,
    ),
    "a role confirmed from below": (
        "{appointment} ({leader}, {top}, 'staff', '', '[2021-05-28,)', {administrator}, {staff})",
        BY_TWO,
    ),
    "an auditor who writes": (
        "{appointment} ({auditor}, {cell}, 'secretary', '', '[2021-05-28,)', "
        "{administrator}, {staff2})",
        "beside_none_that_writes",
    ),
    "a role becomes another": (
        "UPDATE organizations_appointment SET role = 'staff'",
        "permission denied",
    ),
    "a role becomes another's": (
        "UPDATE organizations_appointment SET user_id = {leader}",
        "permission denied",
    ),
    "a role reaches further": (
        "UPDATE organizations_appointment SET organization_id = {top}",
        "permission denied",
    ),
    "a role is confirmed afterwards": (
        "UPDATE organizations_appointment SET approved_by_id = {staff2}",
        "permission denied",
    ),
    "a role begins earlier": (
        "UPDATE organizations_appointment SET period = '[2010-01-01,)'",
        "never begun earlier",
    ),
    "a role vanishes": (
        "DELETE FROM organizations_appointment",
        "permission denied",
    ),
    "a proposal becomes another's": (
        "UPDATE organizations_appointmentproposal SET user_id = {leader}",
        "permission denied",
    ),
    "a proposal is answered by who made it": (
        "UPDATE organizations_appointmentproposal SET state = 'declined', reason = 'x',"
        " answered_by_id = entered_by_id, answered_at = now()",
        "answered_by_a_third_person",
    ),
    "a proposal is confirmed by no role": (
        "UPDATE organizations_appointmentproposal SET state = 'confirmed', "
        "answered_by_id = {staff2}, answered_at = now()",
        "answered_as_its_state_says",
    ),
    "an account leaves its person": (
        "UPDATE organizations_user SET person_id = NULL WHERE id = {secretary}",
        "what was answered is not changed",
    ),
    "a relative is forgotten": (
        "DELETE FROM organizations_declaredrelative",
        "permission denied",
    ),
    "a relative becomes a stranger": (
        "UPDATE organizations_declaredrelative SET person_id = {member}",
        "permission denied",
    ),
    "a demonstration is unfinished again": (
        "UPDATE organizations_installation SET is_complete = false",
        "that is complete stays so",
    ),
    "a demonstration becomes real": (
        "UPDATE organizations_installation SET mode = 'real', day = NULL",
        "stays what it was made",
    ),
    # The guards themselves.
    "a trigger is switched off": (
        "ALTER TABLE organizations_appointment DISABLE TRIGGER ALL",
        "must be owner",
    ),
    "replication's way round triggers": (
        "SET session_replication_role = replica",
        "permission denied",
    ),
}

BALLOT = (
    "INSERT INTO admissions_ballot (candidate_id, purpose, course, level, organization_id, attempt,"
    " held_on, entitled, present, in_favour, against, rules_id, numerator, denominator, strict,"
    " passed, resolution_number, reasons, entered_by_id) SELECT {file}, 'admission', 1, 'cell',"
    " {body}, 9, '{on}', 9, 9, 9, 0, rules.id, rules.cell_vote_numerator,"
    " rules.cell_vote_denominator, false, true, '', '', {by}"
    " FROM admissions_ruleset AS rules WHERE rules.period @> '{on}'::date"
)
APPOINTMENT = (
    "INSERT INTO organizations_appointment"
    " (user_id, organization_id, role, title, period, granted_by_id, approved_by_id) VALUES"
)


def _values(kc: World, file: Candidate) -> dict[str, object]:
    people = {
        name: getattr(kc, name).pk
        for name in ("secretary", "staff", "staff2", "approver", "leader", "auditor")
    }
    on = {"file": file.pk, "by": kc.secretary2.pk}
    return {
        **people,
        "administrator": kc.administrator.pk,
        "file": file.pk,
        "member": kc.members[2].pk,
        **{name: getattr(kc, name).pk for name in ("top", "cell", "sibling")},
        "appointment": APPOINTMENT,
        "ballot": BALLOT.format(**on, body=kc.cell.pk, on="2021-05-29"),
        "ballot_elsewhere": BALLOT.format(**on, body=kc.sibling.pk, on="2021-05-20"),
        "own_ballot": BALLOT.format(
            file=file.pk, by=kc.secretary.pk, body=kc.cell.pk, on="2021-05-20"
        ),
    }


@pytest.fixture
def kc(db: None) -> World:
    """A demonstration that is complete: two people grant a role there, as in a real one."""
    kc = world()
    candidate(kc, at=Stage.DECIDED)
    report_baseline(kc.committee, by=kc.staff2, on=DAY, year=2021, members=100)
    made = propose_appointment(
        kc.secretary2, to=kc.committee, role=Role.STAFF, by=kc.administrator, on=DAY
    )
    assert isinstance(made, AppointmentProposal)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE organizations_installation SET is_complete = true")
    return kc


@pytest.mark.thorough
def test_every_one_of_sixty_one_forged_statements_is_refused(kc: World) -> None:
    file = logged(kc)
    kc.secretary.person = file.person
    kc.secretary.save(update_fields=["person"])
    declare_relative(file.person, by=kc.staff, on=DAY, kind="child")
    values = _values(kc, file)
    answers = {
        name: _answer(statement.format(**values)) for name, (statement, _why) in FORGED.items()
    }

    amiss = {
        name: answers[name]
        for name, (_sql, why) in FORGED.items()
        if not re.search(why, answers[name])
    }
    assert amiss == {}
    assert len(FORGED) == 61


def _answer(statement: str) -> str:
    """Return with what words the database refuses `statement`; nothing where it does not."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as refusal:
        return str(refusal)
    return ""

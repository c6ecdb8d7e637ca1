"""Whatever is recorded of a file, in whatever order and by whomever: the case stays a legal one.

Hypothesis makes up the lives of a file: most often somebody does what is next, sometimes anybody
does anything on any day. Each operation is either carried out, and then the test's own reading of
the records must find a legal case; or it is refused, and then no row of the product has changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from hypothesis import event, given, note, settings
from hypothesis import strategies as st

from admissions.cases import case_of, summoned
from admissions.models import (
    Admission,
    AwarenessClass,
    Ballot,
    Candidate,
    Certificate,
    Decision,
    DecisionReview,
    Enrolment,
    FileReturn,
    Introducer,
    Mentorship,
    PaperKind,
)
from admissions.operations import deadlines
from admissions.operations.ballots import record_ballot
from admissions.operations.cancellations import ask_cancellation, cancel_decision, redone_from
from admissions.operations.candidates import close_candidate, log_candidate
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.classes import (
    Answer,
    Mark,
    answer_proposals,
    issue_new_member_certificate,
    kind_for,
    mark_roll,
    plan_class,
    propose,
    withdraw,
)
from admissions.operations.decisions import decide, refuse
from admissions.operations.helpers import release_mentor
from admissions.operations.introducers import name_introducers
from admissions.operations.name_deletion import delete_name
from admissions.operations.outcomes import (
    RETURNED_TO,
    extend_term,
    receive_decision,
    return_file,
    returnable_to,
    send_up,
    sendable_to,
)
from admissions.operations.papers import receive_papers
from admissions.operations.permission import permit
from admissions.operations.preparation import assign_mentor, issue_certificate, put_on_list
from admissions.operations.probation import make_new_member_papers
from admissions.operations.recognition import announce_recognition, recognise
from admissions.rules import add_months
from admissions.stages import OPEN_STAGES, ORDER, REACHES, STEP_OF_VOTE, Level, Purpose, Stage, Step
from config.errors import DomainError
from organizations.models import Membership, Role, User
from tests.makers import DAY, World, officer, stand_on, world
from tests.properties.test_reorganisations import PROPERTIES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NEXT = {
    Stage.SOURCE: ("put_on_list",),
    Stage.SYMPATHISER: ("enrol", "certify"),
    Stage.ENROLLED: ("mark",),
    Stage.CERTIFIED: ("assign", "permit"),
    Stage.PERMITTED: ("assign", "introduce", "papers"),
    Stage.DOSSIER: ("assign", "introduce", "permit", "papers"),
    Stage.READY: ("assign", "introduce", "permit", "papers", "vote_cell", "vote_cell"),
    Stage.CELL_RESOLVED: ("send_up", "vote_grassroots"),
    Stage.GRASSROOTS_RESOLVED: ("vote_competent",),
    Stage.COMPETENT_RESOLVED: ("decide",),
    Stage.DECIDED: ("receive", "ceremony", "ceremony"),
    Stage.ADMITTED: (
        *("new_member_papers", "certify_new_member", "enrol", "mark", "a_year", "papers"),
        *("recognition_cell", "recognition_grassroots", "recognition_competent", "recognise"),
    ),
    Stage.OFFICIAL: ("announce",),
    Stage.CLOSED: ("log_again",),
}
"""What is usually done at a stage; every act may be tried at every stage."""

ACTS = (
    *("log_again", "put_on_list", "enrol", "withdraw", "mark", "certify", "assign", "release"),
    *("permit", "introduce", "papers", "vote_cell", "vote_grassroots", "vote_competent", "send_up"),
    *("give_back", "give_back", "extend", "decide", "turn_down", "receive", "ceremony", "cancel"),
    *("new_member_papers", "certify_new_member", "recognition_cell", "recognition_grassroots"),
    *("recognition_competent", "deletion_cell", "deletion_grassroots", "deletion_competent"),
    *("recognise", "delete", "announce", "close", "a_year"),
)


def rows() -> dict[str, str]:
    """Return {table: what its rows say}, of every table of the product but the clock's."""
    tables = sorted(
        model._meta.db_table
        for label in ("organizations", "admissions", "targets")
        for model in apps.get_app_config(label).get_models()
        if model._meta.managed and model._meta.model_name != "installation"
    )
    each = "md5(t::text)"
    said = f"count(*) || coalesce(md5(string_agg({each}, '' ORDER BY {each})), '')"
    # The tables are our own.
    asked = [f"SELECT '{table}', {said} FROM {table} t" for table in tables]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return dict(cursor.fetchall())


class RefusedError(Exception):
    """An operation refused, and nothing had changed; or there was nothing to try it on."""


@dataclass
class Life:
    """One file, its people and its day; `draw` chooses."""

    draw: Callable[..., Any]
    kc: World
    second: User
    centre: User
    file: Candidate
    day: date = DAY
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    is_next: bool = True
    """Whether what is tried is what is usual: then by the right person, on the day itself."""
    tell: Callable[[str], Any] = note
    seen: dict[str, str] = field(default_factory=dict)
    """What the rows said after the last operation, where nothing has been written since."""

    def do(self, operation: Callable[..., Any], *args: Any, **values: Any) -> Any:
        """Carry out `operation`; where it refuses, compare every row with what it was before."""
        before = self.seen or rows()
        try:
            result = operation(*args, **values)
        except (DomainError, PermissionDenied) as error:
            refusal = error
        else:
            self.seen = {}
            return result
        self.seen = rows()
        changed = {table for table, said in self.seen.items() if said != before[table]}
        assert not changed, (operation.__name__, changed)
        if isinstance(refusal, DomainError):
            assert str(refusal), f"{operation.__name__} refuses without a sentence"
        raise RefusedError(str(refusal) or "not for them") from refusal

    @property
    def now(self) -> Candidate:
        return Candidate.objects.select_related("person", "cell", "rules").get(pk=self.file.pk)

    def who(self, right: User) -> dict[str, Any]:
        users = [
            *(self.kc.secretary, self.kc.secretary2, self.kc.staff, self.kc.staff2),
            *(self.kc.approver, self.second, self.kc.leader, self.centre, self.kc.administrator),
        ]
        by = right if self.is_next else self.draw(st.sampled_from([right, right, right, *users]))
        return {"by": by, "on": self.day}

    def happened(self) -> date:
        if self.is_next:
            return self.day
        return self.day + timedelta(days=self.draw(st.sampled_from([0, 0, 0, -3, -30, -400, 1])))

    def number(self) -> str:
        return f"{next(self.numbers)}-QĐ"

    def signed(self) -> dict[str, Any]:
        return {
            "number": self.number(), "signed_on": self.happened(), "signer": "Nguyễn Văn Bí thư"
        }  # fmt: skip

    # ------------------------------------------------------------ acts

    def log_again(self) -> None:
        person = self.file.person
        cell = self.draw(st.sampled_from([self.kc.cell, self.kc.sibling]))
        right = self.kc.secretary if cell == self.kc.cell else self.kc.secretary2
        self.file = self.do(
            log_candidate,
            cell,
            **self.who(right),
            full_name=person.full_name,
            born_on=person.born_on,
            sex=person.sex,
            occupation="Thợ lò",
            identified_on=self.happened(),
        )

    @property
    def secretary(self) -> User:
        return self.kc.secretary if self.file.cell_id == self.kc.cell.pk else self.kc.secretary2

    def put_on_list(self) -> None:
        self.do(put_on_list, self.file, **self.who(self.secretary), held_on=self.happened())

    def enrol(self) -> None:
        """A class of one place that was planned for yesterday and today, and the answer to it."""
        day = self.day
        kind = (
            kind_for(self.now)
            if self.is_next
            else self.draw(st.sampled_from(Certificate.Kind.values))
        )
        school = self.do(
            plan_class,
            self.kc.committee,
            by=self.kc.staff,
            on=day,
            kind=kind,
            name=f"Lớp {self.number()}",
            centre="TTCT",
            starts_on=day - timedelta(days=1),
            ends_on=day,
            enrol_by=day,
            places=1,
            sessions=2,
        )
        one = self.do(
            propose,
            self.file,
            **self.who(self.secretary),
            school=school,
            proposed_on=self.happened(),
        )
        accepts = self.is_next or self.draw(st.booleans())
        self.do(
            answer_proposals,
            school,
            **self.who(self.kc.staff),
            answered_on=day,
            answers=[Answer(one.pk, accepts=accepts, reason="" if accepts else "Đợi đợt sau")],
        )

    def _enrolment(self) -> Enrolment:
        found = self.file.enrolments.select_related("school").order_by("-pk").first()
        if found is None:
            raise RefusedError("never proposed")
        return found

    def withdraw(self) -> None:
        self.do(withdraw, self._enrolment(), **self.who(self.secretary), reason="Ốm")

    def mark(self) -> None:
        one = self._enrolment()
        result = (
            "passed"
            if self.is_next
            else self.draw(st.sampled_from(["passed", "failed", "absent", ""]))
        )
        self.do(
            mark_roll,
            one.school,
            **self.who(self.centre),
            version=one.school.version,
            marks=[Mark(one.pk, result=result, number=self.number() if result == "passed" else "")],
            issued_on=max(self.happened(), one.school.ends_on) if self.is_next else self.happened(),
        )

    def certify(self) -> None:
        self.do(
            issue_certificate,
            self.file,
            **self.who(self.secretary),
            number=self.number(),
            issuer="TTCT",
            issued_on=self.happened(),
        )

    def assign(self) -> None:
        here = self.kc.members
        mentor = self.draw(st.sampled_from([*here[:3], self.file.person]))
        self.do(
            assign_mentor,
            self.file,
            **self.who(self.secretary),
            mentor=mentor,
            since=self.happened(),
        )

    def release(self) -> None:
        helping = Mentorship.objects.filter(candidate=self.file).order_by("-pk").first()
        if helping is None:
            raise RefusedError("nobody helps")
        self.do(
            release_mentor,
            helping,
            **self.who(self.secretary),
            released_on=self.happened(),
            reason="Chuyển đi",
            comment=self.draw(st.sampled_from(["", "Tốt"])),
        )

    def permit(self) -> None:
        self.do(
            permit,
            self.file,
            **self.who(self.kc.staff),
            held_on=self.happened(),
            resolution_number="6",
        )

    def introduce(self) -> None:
        """Two members on one form: past youth age no union introduces."""
        able = [*self.kc.members[:3], self.file.person]
        first = self.draw(st.sampled_from(able))
        second = self.draw(st.sampled_from([one for one in able if one != first]))
        months = 13 if self.is_next else self.draw(st.sampled_from([13, 13, 11]))
        since = add_months(self.day, -months)
        self.do(
            name_introducers,
            self.file,
            **self.who(self.secretary),
            named_on=self.happened(),
            members=[(first, since), (second, since)],
        )

    def papers(self) -> None:
        day, case = self.happened(), case_of(self.now, on=self.day)
        on_probation = case.candidate.stage == Stage.ADMITTED
        phase = PaperKind.Phase.PROBATION if on_probation else PaperKind.Phase.ADMISSION
        found: list[dict[str, Any]] = []
        for kind in case.missing_for(phase):
            silent = kind.maker == PaperKind.Maker.HELPER and case.silent_helpers
            signers = [one.mentor.full_name for one in silent] if silent else [""]
            found += [
                {"kind": kind, "signer": signer, "dated_on": day, "received_on": day}
                for signer in signers
            ]
        if not self.is_next and found:
            found = found[: self.draw(st.integers(1, len(found)))]
        self.do(receive_papers, self.file, **self.who(self.secretary), papers=found)

    def _vote(self, level: Level, purpose: Purpose = Purpose.ADMISSION) -> None:
        right = {
            Level.CELL: self.secretary,
            Level.GRASSROOTS: self.kc.staff,
            Level.COMPETENT: self.kc.staff2,
        }[level]
        # Everybody of the cell who is summoned; fifteen in each committee.
        day = self.happened()
        cell = Candidate.objects.get(pk=self.file.pk).cell_on(day)
        entitled = (summoned(cell, on=day) or 1) if level == Level.CELL else 15
        against = [entitled * part // 15 for part in (1, 1, 1, 5, 7, 8, 15)]
        likely = [entitled - one for one in against]
        in_favour = (
            likely[0] if self.is_next else self.draw(st.sampled_from([*likely, entitled + 1]))
        )
        self.do(
            record_ballot,
            self.file,
            **self.who(right),
            level=level,
            purpose=purpose,
            held_on=day,
            entitled=entitled,
            present=entitled,
            in_favour=in_favour,
            against=max(entitled - in_favour, 0),
        )

    def vote_cell(self) -> None:
        self._vote(Level.CELL)

    def vote_grassroots(self) -> None:
        self._vote(Level.GRASSROOTS)

    def vote_competent(self) -> None:
        self._vote(Level.COMPETENT)

    def recognition_cell(self) -> None:
        self._vote(Level.CELL, Purpose.RECOGNITION)

    def recognition_grassroots(self) -> None:
        self._vote(Level.GRASSROOTS, Purpose.RECOGNITION)

    def recognition_competent(self) -> None:
        self._vote(Level.COMPETENT, Purpose.RECOGNITION)

    def deletion_cell(self) -> None:
        self._vote(Level.CELL, Purpose.DELETION)

    def deletion_grassroots(self) -> None:
        self._vote(Level.GRASSROOTS, Purpose.DELETION)

    def deletion_competent(self) -> None:
        self._vote(Level.COMPETENT, Purpose.DELETION)

    def send_up(self) -> None:
        usual = sendable_to(case_of(self.now, on=self.day))
        to = usual[0] if usual and self.is_next else self.draw(st.sampled_from(list(Level)))
        self.do(send_up, self.file, **self.who(self.secretary), sent_on=self.happened(), to=to)

    def give_back(self) -> None:
        case = case_of(self.now, on=self.day)
        usual = returnable_to(case)
        holder = case.holder if self.draw(st.booleans()) else Level.COMPETENT
        right = self.kc.staff if holder == Level.GRASSROOTS else self.kc.staff2
        self.do(
            return_file,
            self.file,
            **self.who(right),
            level=holder,
            returned_on=self.happened(),
            back_to=self.draw(st.sampled_from(usual or list(RETURNED_TO))),
            reason="Thiếu xác minh",
        )

    def extend(self) -> None:
        self.do(
            extend_term,
            self.file,
            **self.who(self.kc.staff2),
            decided_on=self.happened(),
            reason="Xác minh xa",
        )

    def decide(self) -> None:
        self.do(decide, self.file, **self.who(self.kc.approver), **self.signed())

    def turn_down(self) -> None:
        self.do(refuse, self.file, **self.who(self.kc.approver), **self.signed(), reason="Chưa đủ")

    def receive(self) -> None:
        self.do(
            receive_decision, self.file, **self.who(self.secretary), received_on=self.happened()
        )

    def ceremony(self) -> None:
        self.do(hold_ceremony, self.file, **self.who(self.secretary), ceremony_on=self.happened())

    def cancel(self) -> None:
        """Asked for by the staff, signed by another approver, on one day."""
        ground = self.draw(st.sampled_from(DecisionReview.Ground.values))
        steps = [str(one) for one in redone_from(case_of(self.now, on=self.day))]
        review = self.do(
            ask_cancellation,
            self.file,
            **self.who(self.kc.staff2),
            ground=ground,
            reason="Sai thủ tục",
            asked_on=self.happened(),
            back_to=self.draw(st.sampled_from(["", *steps])),
        )
        self.do(cancel_decision, review, **self.who(self.second), **self.signed())

    def new_member_papers(self) -> None:
        self.do(
            make_new_member_papers, self.file, **self.who(self.secretary), made_on=self.happened()
        )

    def certify_new_member(self) -> None:
        self.do(
            issue_new_member_certificate,
            self.file,
            **self.who(self.secretary),
            number=self.number(),
            issuer="TTCT",
            issued_on=self.happened(),
        )

    def recognise(self) -> None:
        self.do(recognise, self.file, **self.who(self.kc.approver), **self.signed())

    def delete(self) -> None:
        self.do(
            delete_name,
            self.file,
            **self.who(self.kc.approver),
            **self.signed(),
            reason="Bỏ sinh hoạt",
        )

    def announce(self) -> None:
        self.do(
            announce_recognition,
            self.file,
            **self.who(self.secretary),
            announced_on=self.happened(),
        )

    def close(self) -> None:
        self.do(
            close_candidate,
            self.file,
            **self.who(self.secretary),
            closed_on=self.happened(),
            reason="Chuyển đi",
        )

    def a_year(self) -> None:
        self.day = add_months(self.day, 12)
        stand_on(self.day)

    # ------------------------------------------------------------ what must hold

    def is_legal(self, *, after: str) -> None:
        for file in Candidate.objects.all():
            self._stage_follows_the_milestones(file)
            self._no_decision_before_its_votes(file)
            # As the days pass rows are marked late, by the scan.
            if after and after != "a_year":
                self._terms_are_reckoned(file)
        self._nobody_has_two_open_files()
        self._no_vote_of_the_cell_without_introducers()
        self._votes_and_papers_are_as_the_rules_say()
        self._a_member_was_admitted()

    def _stage_follows_the_milestones(self, file: Candidate) -> None:
        stage = Stage.SOURCE
        for one in file.milestones.order_by("pk"):
            assert one.on <= self.day
            reached = REACHES.get(Step(one.step), Stage.SOURCE)
            stage = Stage(one.back_to) if one.back_to else max(stage, reached, key=ORDER.index)
        assert file.stage == stage
        assert (file.stage == Stage.CLOSED) == (file.closed_on is not None)

    def _no_decision_before_its_votes(self, file: Candidate) -> None:
        returns = list(FileReturn.objects.filter(candidate=file))
        ballots = list(Ballot.objects.filter(candidate=file))

        def counted(level: Level, purpose: str, course: int) -> list[Ballot]:
            """The votes passed that no return up to `course` sent back."""
            place = ORDER.index(REACHES[STEP_OF_VOTE[level]])
            return [
                one
                for one in ballots
                if (one.level, one.purpose, one.passed) == (level, purpose, True)
                and not any(
                    purpose == Purpose.ADMISSION
                    and one.course < back.course <= course
                    and ORDER.index(Stage(back.back_to)) < place
                    for back in returns
                )
            ]

        levels = (Level.CELL, Level.GRASSROOTS, Level.COMPETENT)
        if file.stage in OPEN_STAGES:
            for level in levels:
                if ORDER.index(Stage(file.stage)) >= ORDER.index(REACHES[STEP_OF_VOTE[level]]):
                    assert counted(level, Purpose.ADMISSION, file.course), (file.stage, level)
        made = list(Decision.objects.filter(candidate=file).order_by("pk"))
        cancelled = {one.supersedes_id for one in made if one.kind == Decision.Kind.CANCEL}
        standing = [one for one in made if one.kind == Decision.Kind.ADMIT]
        standing = [one for one in standing if one.pk not in cancelled]
        assert len(standing) <= 1
        assert (file.stage in {Stage.DECIDED, Stage.ADMITTED, Stage.OFFICIAL}) <= bool(standing)
        purposes = {
            Decision.Kind.ADMIT: Purpose.ADMISSION,
            Decision.Kind.RECOGNISE: Purpose.RECOGNITION,
            Decision.Kind.DELETE: Purpose.DELETION,
        }
        for decision in made:
            recorded = {one.entered_by_id for one in ballots if one.held_on <= decision.signed_on}
            assert decision.approved_by_id not in recorded | {file.entered_by_id}
            purpose = purposes.get(decision.kind)
            if purpose is None or decision.pk in cancelled:
                continue
            days = []
            for level in levels:
                votes = counted(level, purpose, file.course)
                assert votes, (decision.kind, level)
                days.append(min(one.held_on for one in votes))
            assert max(days) <= decision.signed_on

    def _terms_are_reckoned(self, file: Candidate) -> None:
        """Reckoning once more finds nothing that the operation left undone."""
        self.seen = {}
        before = self.terms()
        deadlines.reckon(file, on=self.day)
        assert self.terms() == before

    @staticmethod
    def terms() -> list[Any]:
        columns = ("candidate", "clock", "due_on", "rules", "met_on", "void_on")
        model = apps.get_model("admissions", "Deadline")
        known = {one.name for one in model._meta.fields}
        return list(
            model._default_manager.order_by("pk").values_list(
                "pk", *(one for one in columns if one in known)
            )
        )

    def _nobody_has_two_open_files(self) -> None:
        openings = Candidate.objects.filter(stage__in=OPEN_STAGES).values_list("person", flat=True)
        assert max(Counter(openings).values(), default=0) <= 1
        here = Membership.objects.on(self.day).values_list("person", flat=True)
        assert not set(openings) & set(here)

    def _no_vote_of_the_cell_without_introducers(self) -> None:
        for vote in Ballot.objects.filter(level=Level.CELL, purpose=Purpose.ADMISSION):
            named = Introducer.objects.filter(
                candidate=vote.candidate_id, kind="member", named_on__lte=vote.held_on
            )
            assert named.count() >= 2, vote

    def _votes_and_papers_are_as_the_rules_say(self) -> None:
        for one in Ballot.objects.all():
            assert one.in_favour + one.against <= one.present <= one.entitled
            share = 2 * one.in_favour > one.entitled
            if one.level != Level.COMPETENT:
                share = 3 * one.in_favour >= 2 * one.entitled
            assert one.passed == share
        for certificate in Certificate.objects.all():
            full = add_months(certificate.issued_on, 60)
            assert certificate.expires_on == full + timedelta(days=1)
        for school in AwarenessClass.objects.all():
            states = Counter(school.enrolments.values_list("state", flat=True))
            states.subtract({"proposed": states["proposed"]})
            taken = sum(states[one] for one in ("accepted", "passed", "failed", "absent"))
            assert taken <= school.places

    def _a_member_was_admitted(self) -> None:
        """Who is a member on the day by this product had a ceremony that stands."""
        for file in Candidate.objects.all():
            ceremonies = Admission.objects.standing().filter(candidate=file)
            if file.stage in {Stage.ADMITTED, Stage.OFFICIAL}:
                assert ceremonies.count() == 1
                held = Membership.objects.filter(person=file.person_id, period__endswith=None)
                status = "official" if file.stage == Stage.OFFICIAL else "probationary"
                assert [one.status for one in held] == [status]
            elif file.stage != Stage.CLOSED:
                assert not ceremonies.exists()

    # ------------------------------------------------------------ one step

    def tries(self, name: str) -> bool:
        """Try act `name`; say whether it was carried out to its end."""
        try:
            getattr(self, name)()
        except RefusedError as refusal:
            self.tell(f"{self.day} {name}: {str(refusal)[:90]}")
            return False
        self.tell(f"{self.day} {name}: {self.now.stage}")
        return True


def begin(draw: Callable[..., Any]) -> Life:
    around = world()
    file = log_candidate(
        around.cell,
        by=around.secretary,
        on=DAY,
        full_name="Vũ Văn Thịnh",
        born_on=date(1985, 9, 17),
        sex="male",
        occupation="Thợ lò",
        identified_on=DAY,
    )
    return Life(
        draw=draw,
        kc=around,
        second=officer("kc-duyet2", around.top, Role.APPROVER),
        centre=officer("kc-trungtam", around.committee, Role.CENTRE),
        file=file,
    )


@settings(PROPERTIES, max_examples=max(PROPERTIES.max_examples // 3, 1))
@given(data=st.data())
def test_whatever_is_recorded_of_a_file_leaves_a_legal_case_or_nothing(data: st.DataObject) -> None:
    with transaction.atomic():
        life = begin(data.draw)
        for _one in range(data.draw(st.integers(20, 45), label="steps")):
            life.is_next = data.draw(st.integers(0, 9)) < 7
            name = data.draw(
                st.sampled_from(NEXT.get(Stage(life.now.stage), ACTS) if life.is_next else ACTS)
            )
            carried_out = life.tries(name)
            life.is_legal(after=name if carried_out else "")
            event(f"{name} {'to' if carried_out else 'refused at'} {life.now.stage}")
            if data.draw(st.booleans()):
                life.day += timedelta(days=data.draw(st.integers(1, 20)))
                stand_on(life.day)
        transaction.set_rollback(True)


def test_the_usual_way_leads_to_an_official_member_and_is_legal_at_every_step() -> None:
    """So that the lives above are known to be able to come to their end."""
    way = (
        *("put_on_list", "enrol", "mark", "assign", "permit", "introduce", "papers"),
        *("vote_cell", "send_up"),
        *("vote_grassroots", "vote_competent", "decide", "receive", "ceremony"),
        *("new_member_papers", "enrol", "mark", "a_year", "papers", "recognition_cell"),
        *("recognition_grassroots", "recognition_competent", "recognise", "announce"),
    )
    with transaction.atomic():
        life = begin(lambda strategy, **_more: strategy.elements[0])
        life.tell = print
        for name in way:
            assert life.tries(name), name
            life.is_legal(after=name)
        assert life.now.stage == Stage.OFFICIAL
        transaction.set_rollback(True)


def test_a_file_that_goes_back_is_legal_where_it_comes_to() -> None:
    """Taken back from a class, and returned by the committee to the earliest step there is."""
    with transaction.atomic():
        life = begin(lambda strategy, **_more: getattr(strategy, "elements", [True])[0])
        life.tell = print
        way = (
            *("put_on_list", "enrol", "withdraw", "enrol", "mark", "assign", "permit", "papers"),
            *("introduce", "vote_cell", "vote_grassroots"),
        )
        for name in way:
            assert life.tries(name), name
            life.is_legal(after=name)
        life.draw = lambda strategy, **_more: getattr(strategy, "elements", [True])[-1]
        assert life.tries("give_back")
        life.is_legal(after="give_back")
        assert life.now.stage == Stage.SYMPATHISER
        transaction.set_rollback(True)

"""Loading a plan: structure, members and past years in bulk; this year through the operations
that the pages call, day by day, with the clock of the database standing on each day."""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import cycle
from random import Random

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.models import Candidate, Introducer, Milestone, PaperKind, Round, RuleSet
from admissions.operations import deadlines
from admissions.operations.ballots import record_ballot
from admissions.operations.candidates import log_candidate
from admissions.operations.ceremonies import NewAdmission, hold_ceremony, take_over_admissions
from admissions.operations.classes import Answer as ClassAnswer
from admissions.operations.classes import answer_proposals, plan_class, propose
from admissions.operations.decisions import decide
from admissions.operations.permission import permit
from admissions.operations.preparation import (
    assign_mentor,
    issue_certificate,
    put_on_list,
    receive_papers,
)
from admissions.rules import add_working_days
from admissions.stages import Level, Step
from config import clock
from config.errors import DomainError
from config.locks import Lock, hold
from organizations.models import (
    Appointment,
    EventUnit,
    Installation,
    Membership,
    Organization,
    Person,
    ReorganizationEvent,
    Role,
    User,
)
from organizations.models.reorganization import ReorganizationKind
from organizations.operations import jobs, outbox, reorganizations
from organizations.operations.accounts import appoint, open_account
from organizations.operations.people import NewMember, take_over_members_of
from organizations.operations.structure import NewOrganization, found_many, grant_competence
from organizations.reorganizing import handlers
from targets.followed import admitted_by
from targets.models import FollowUp, SourceDeclaration
from targets.operations import attainment
from targets.operations.baselines import NewBaseline, report_baselines
from targets.operations.cycles import acknowledge, move_cycle, open_cycle
from targets.operations.decisions import issue_cycle
from targets.operations.declarations import (
    answer_declaration,
    declare_forecast,
    declare_no_source,
    report_figure,
)
from targets.operations.drafts import save_drafts
from targets.operations.following import (
    assign_follow_up,
    close_follow_up,
    confirm_month,
    record_visit,
)
from targets.operations.targets import assign_target, register_target

from . import plan as plans
from .plan import Plan

CENTRE = "Trung tâm Bồi dưỡng chính trị"
DIFFERENCE = "Ban Thường vụ cân đối theo nguồn của từng đơn vị"
"""Why a demonstration's units were given more or less than their superior has, where they were."""


def load(plan: Plan, *, password: str) -> Installation:
    """Make the empty database the demonstration of `plan`, standing on its day; all or nothing.

    `password` is that of the accounts that sign in. Raises DomainError where there is an
    organisation or an installation already: scenarios are never mixed.
    """
    with _nobody_woken(), _little_garbage(), transaction.atomic():
        hold(Lock.INSTALLATION)
        if Organization.objects.exists() or Installation.objects.exists():
            raise DomainError(
                _("This database is not empty: a scenario is loaded into a database of its own.")
            )
        loading = Loading(plan)
        loading.found()
        loading.settle()
        events = plan.events()
        loading.stand_on(date(events[0].day.year, 1, 1))
        loading.open_accounts(password=password)
        # Each file's terms once, at the end, as it then stands.
        with deadlines.deferred(on=lambda: plan.day):
            for event in events:
                loading.happen(event)
            loading.stand_on(plan.day)
            loading.write_up()
        deadlines.scan(on=plan.day, at=clock.now())
        for year in plan.years:
            attainment.recompute(year, on=plan.day)
        loading.installation.is_complete = True
        loading.installation.save(update_fields=["is_complete"])
        return loading.installation


@contextmanager
def _little_garbage() -> Iterator[None]:
    """Let the collector look rarely: a load keeps what it makes, and looking takes long."""
    kept = gc.get_threshold()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*kept)


@contextmanager
def _nobody_woken() -> Iterator[None]:
    """Keep the news of a load from waking workers one by one; the recompute takes them all."""
    kept = outbox.wakers[:], jobs.wakers[:]
    outbox.wakers.clear()
    jobs.wakers.clear()
    try:
        yield
    finally:
        outbox.wakers[:], jobs.wakers[:] = kept


class Loading:
    """A plan on its way into the database; remembers what was made under which name."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.random = Random(plan.seed + 1)
        self.day = plan.since
        self.installation = Installation.objects.create(
            mode=Installation.Mode.DEMONSTRATION, scenario=plan.name, day=plan.since
        )
        self.organizations: dict[str, Organization] = {}
        self.users: dict[str, User] = {}
        self.persons: list[Person] = []
        self.mentors: dict[str, list[tuple[date, Person]]] = defaultdict(list)
        self.helpers: dict[int, Person] = {}
        self.voters: dict[str, list[date]] = defaultdict(list)
        self.files: dict[int, Candidate] = {}
        self.numbers: Counter[tuple[str, int]] = Counter()
        self.rounds: dict[date, Round] = {}
        self.papers: dict[int, list[PaperKind]] = {}
        self.declared: dict[str, SourceDeclaration] = {}
        self.follow_ups: dict[str, FollowUp] = {}

    # ------------------------------------------------------------ in bulk

    def found(self) -> None:
        """Found the organisations, let those that decide admissions do so, name the rounds."""
        plan = self.plan
        self.organizations = found_many(
            [
                NewOrganization(
                    slug=unit.slug,
                    name=unit.name,
                    short_name=unit.short_name,
                    kind=unit.kind,
                    parent_slug=unit.parent,
                    on=plan.since,
                    sector=unit.sector,
                    group=unit.group,
                )
                for unit in plan.units
            ]
        )
        for slug, members in plan.authorities.items():
            grant_competence(
                self.organizations[slug],
                kind="superior",
                on=plan.since,
                decision_number="01-QĐ/TU",
                members_entitled=members,
            )
        top = self.organizations[plan.top]
        for one in plan.rounds:
            self.rounds[one.day] = Round.objects.create(
                organization=top,
                name=one.name,
                day=one.day,
                submit_by=one.day - timedelta(days=35),
            )

    def settle(self) -> None:
        """Take over the members on 1 January."""
        members = self.plan.members
        memberships = take_over_members_of(
            [
                (
                    self.organizations[member.cell],
                    NewMember(
                        full_name=member.person.full_name,
                        born_on=member.person.born_on,
                        sex=member.person.sex,
                        since=member.since,
                        status=member.status,
                        ethnicity=member.person.ethnicity,
                        occupation=member.person.occupation,
                        is_youth_union_member="youth_union" in member.groups,
                    ),
                )
                for member in members
            ]
        )
        self.persons = [membership.person for membership in memberships]
        signing_in = {account.member for account in self.plan.accounts}
        for index, member in enumerate(members):
            if member.status != Membership.Status.OFFICIAL:
                continue
            self.voters[member.cell].append(member.since)
            # Whoever has an account may have to judge the case: somebody else helps.
            if index not in signing_in:
                self.mentors[member.cell].append((member.since, self.persons[index]))
        for days in self.voters.values():
            days.sort()

    @cached_property
    def shown(self) -> set[str]:
        """The organisations for which somebody signs in as staff."""
        return {
            organization
            for account in self.plan.accounts
            if account.is_shown
            for organization, role, _title in account.posts
            if role == Role.STAFF
        }

    def open_accounts(self, *, password: str) -> None:
        """Open the accounts; those that nobody signs in with have no password.

        The administrator and the first staff at the top are appointed as in a new installation;
        these two grant the other roles, as two people do.
        """
        administrator: User | None = None
        for account in self.plan.accounts:
            self.users[account.username] = open_account(
                username=account.username,
                full_name=account.full_name,
                password=password if account.is_shown else None,
                by=administrator,
                on=self.day,
                person=None if account.member is None else self.persons[account.member],
            )
            if administrator is None:
                administrator = self._appoint(account, by=None)
        (top,) = (unit.slug for unit in self.plan.units if unit.parent is None)
        confirming = next(
            account
            for account in self.plan.accounts
            if any(post[:2] == (top, Role.STAFF) for post in account.posts)
        )
        staff = self._appoint(confirming, by=administrator)
        for account in self.plan.accounts[1:]:
            if account is not confirming:
                self._appoint(account, by=administrator, confirmed_by=staff)

    def _appoint(
        self, account: plans.Account, *, by: User | None, confirmed_by: User | None = None
    ) -> User:
        user = self.users[account.username]
        for organization, role, title in account.posts:
            appoint(
                user,
                to=self.organizations[organization],
                role=role,
                by=by,
                confirmed_by=confirmed_by,
                on=self.day,
                title=title,
            )
        return user

    # ------------------------------------------------------------ day by day

    def stand_on(self, day: date) -> None:
        """Let the database's clock stand on `day`."""
        if day != self.day:
            self.day = self.installation.day = day
            self.installation.save(update_fields=["day"])

    def happen(self, event: plans.Event) -> None:
        """Let `event` happen on its day, entered by whoever keeps those books."""
        self.stand_on(event.day)
        match event:
            case plans.FileStep():
                getattr(self, f"_{event.step}")(event.file, event.day)
            case plans.TakeOver():
                self._take_over(event)
            case plans.Opening():
                self._report_opening(event)
            case plans.TopTarget():
                self._assign_from_outside(event)
            case plans.Shares():
                self._share_out(event)
            case plans.PercentTarget():
                self._assign_percent(event)
            case plans.Forecast():
                self._declare_forecast(event)
            case plans.NoSource():
                self._declare_no_source(event)
            case plans.Visit():
                self._visit(event)
            case plans.Confirmation():
                self._confirm_month(event)
            case plans.FollowUp():
                self._assign_follow_up(event)
            case plans.FollowUpDone():
                self._close_follow_up(event)
            case plans.Answer():
                self._answer(event)
            case plans.Figure():
                self._report_figure(event)
            case plans.Reorganize():
                self._reorganize(event)
            case plans.Class():
                self._plan_class(event)

    def clerk(self, slug: str) -> User:
        """Return who enters what happens in `slug`: the nearest keeper of books above it."""
        for unit in self.plan.above(slug):
            if username := self.plan.clerks.get(unit.slug):
                return self.users[username]
        raise LookupError(slug)

    def staff(self, slug: str) -> User:
        """Return who enters the votes and figures of `slug` itself."""
        username = self.plan.staff.get(slug)
        return self.users[username] if username else self.clerk(slug)

    def staff_above(self, slug: str) -> User:
        """Return who enters what the organisation above `slug` sets; at the top, its own."""
        return self.staff(self.plan.unit(slug).parent or slug)

    def _next(self, series: str) -> int:
        self.numbers[series, self.day.year] += 1
        return self.numbers[series, self.day.year]

    def _identify(self, file: plans.File, day: date) -> None:
        someone = file.person
        self.files[file.number] = log_candidate(
            self.organizations[file.cell],
            by=self.clerk(file.cell),
            on=day,
            full_name=someone.full_name,
            born_on=someone.born_on,
            sex=someone.sex,
            occupation=someone.occupation,
            groups=file.groups,
            ethnicity=someone.ethnicity,
            is_youth_union_member=file.is_youth_union_member,
        )

    def _put_on_list(self, file: plans.File, day: date) -> None:
        put_on_list(
            self.files[file.number],
            by=self.clerk(file.cell),
            on=day,
            held_on=day,
            resolution_number=f"{self._next(f'list {file.cell}'):02d}-NQ/CB",
        )

    def _certify(self, file: plans.File, day: date) -> None:
        issued_on = file.certified_on or day
        issue_certificate(
            self.files[file.number],
            by=self.clerk(file.cell),
            on=day,
            number=f"{issued_on.year}/{self._next('certificate'):04d}",
            issuer=CENTRE,
            issued_on=issued_on,
        )

    def _assign_mentor(self, file: plans.File, day: date) -> None:
        together = day - timedelta(days=366)
        able = [person for since, person in self.mentors[file.cell] if since <= together]
        mentor = self.helpers[file.number] = self.random.choice(able)
        assign_mentor(
            self.files[file.number],
            by=self.clerk(file.cell),
            on=day,
            mentor=mentor,
            since=day,
        )

    def _introduce(self, file: plans.File, day: date) -> None:
        """Let the helper introduce, with the Youth Union or with another member of the cell.

        As rows: the operation, which brings no file to another stage, would take several times as
        long. The cell's vote judges them.
        """
        candidate, by = self.files[file.number], self.clerk(file.cell)
        helper = self.helpers[file.number]
        members = [helper]
        if not file.is_youth_union_member:
            able = [person for since, person in self.mentors[file.cell] if since <= day]
            turn = file.number % len(able)
            others = (one for one in able[turn:] + able[:turn] if one.pk != helper.pk)
            members.append(next(others))
        rows = [
            Introducer(
                kind=Introducer.Kind.MEMBER,
                person=person,
                # Longer than the months of any rules.
                together_since=day - timedelta(days=500 + 37 * file.number % 900 + 200 * place),
            )
            for place, person in enumerate(members)
        ]
        if file.is_youth_union_member:
            unit = next(one for one in self.plan.above(file.cell) if one.slug != file.cell)
            union = f"Đoàn Thanh niên {unit.short_name}"
            rows.append(Introducer(kind=Introducer.Kind.YOUTH_UNION, union=union))
        for row in rows:
            row.candidate, row.named_on, row.entered_by = candidate, day, by
        Introducer.objects.bulk_create(rows)
        Milestone.objects.bulk_create(
            [
                Milestone(
                    candidate=candidate,
                    step=Step.INTRODUCE,
                    on=day,
                    entered_by=by,
                    note="; ".join(str(row) for row in rows),
                )
            ]
        )

    def _permit(self, file: plans.File, day: date) -> None:
        # As `Bodies.permitting`: the committee of the grassroots unit, or else the body above.
        body = next(
            unit.slug
            for unit in self.plan.above(file.cell)
            if unit.committee or unit.slug in self.plan.authorities
        )
        permit(
            self.files[file.number],
            by=self.staff(body),
            on=day,
            held_on=day,
            resolution_number=f"{self._next(f'NQ/ĐU {body}'):02d}-NQ/ĐU",
        )

    def _receive_paper(self, file: plans.File, day: date) -> None:
        self._introduce(file, day)
        asked = {PaperKind.Audience.EVERYBODY}
        if file.is_youth_union_member:
            asked.add(PaperKind.Audience.YOUTH_UNION)
        receive_papers(
            self.files[file.number],
            by=self.clerk(file.cell),
            on=day,
            papers=[
                {
                    "kind": kind,
                    "dated_on": day - timedelta(days=self.random.randint(1, 25)),
                    "received_on": day,
                }
                for kind in self._kinds(day)
                if kind.code != file.lacks_paper and kind.audience in asked
            ],
        )

    def _kinds(self, day: date) -> list[PaperKind]:
        rules = RuleSet.objects.in_force(on=day)
        if rules.pk not in self.papers:
            kinds = rules.paper_kinds.filter(before_cell=True, phase="admission").select_related(
                "rules"
            )
            self.papers[rules.pk] = list(kinds)
        return self.papers[rules.pk]

    def _vote_cell(self, file: plans.File, day: date) -> None:
        entitled = bisect_right(self.voters[file.cell], day)
        self._vote(file, day, Level.CELL, entitled=entitled, body=file.cell, mark="NQ/CB")

    def _vote_grassroots(self, file: plans.File, day: date) -> None:
        body = next(unit for unit in self.plan.above(file.cell) if unit.committee)
        self._vote(
            file, day, Level.GRASSROOTS, entitled=body.committee, body=body.slug, mark="NQ/ĐU"
        )

    def _vote_competent(self, file: plans.File, day: date) -> None:
        body = self._authority(file)
        entitled = self.plan.authorities[body]
        self._vote(file, day, Level.COMPETENT, entitled=entitled, body=body, mark="NQ/BTV")

    def _vote(
        self, file: plans.File, day: date, level: Level, *, entitled: int, body: str, mark: str
    ) -> None:
        present = entitled - self.random.randint(0, entitled // 10)
        against = int(present > 8 and self.random.random() < 0.12)
        record_ballot(
            self.files[file.number],
            by=self.clerk(body) if level == Level.CELL else self.staff(body),
            on=day,
            level=level,
            held_on=day,
            entitled=entitled,
            present=present,
            in_favour=present - against,
            against=against,
            resolution_number=f"{self._next(f'{mark} {body}'):02d}-{mark}",
        )

    def _decide(self, file: plans.File, day: date) -> None:
        authority = self._authority(file)
        approver = self.users[self.plan.approvers[authority]]
        decide(
            self.files[file.number],
            by=approver,
            on=day,
            number=f"{self._next(f'decision {authority}')}-QĐ/ĐU",
            # Signed when the body had voted; in the cell's hands on the day it is entered.
            signed_on=file.days["vote_competent"],
            received_on=day,
            signer=approver.full_name,
        )

    def _admit(self, file: plans.File, day: date) -> None:
        of_round = next((one for one in self.rounds if 0 <= (one - day).days < 5), None)
        hold_ceremony(
            self.files[file.number],
            by=self.clerk(file.cell),
            on=day,
            ceremony_on=day,
            round=self.rounds[of_round] if of_round else None,
        )

    def write_up(self) -> None:
        """Record what a clerk does without a meeting: the file sent up, a new member's papers made.

        As rows at once, for they bring no file to another stage: an operation for each would be a
        tenth of the whole load.
        """
        routine = [
            ("vote_cell", Step.SEND_UP, 1),
            ("admit", Step.NEW_MEMBER_PAPERS, 7),
        ]
        Milestone.objects.bulk_create(
            Milestone(
                candidate=self.files[file.number],
                step=step,
                on=day,
                entered_by=self.clerk(file.cell),
            )
            for file in self.plan.files
            for of, step, days in routine
            if of in file.days and (day := add_working_days(file.days[of], days)) <= self.plan.day
        )

    def _authority(self, file: plans.File) -> str:
        return next(
            unit.slug for unit in self.plan.above(file.cell) if unit.slug in self.plan.authorities
        )

    # ------------------------------------------------------------ figures

    def _take_over(self, event: plans.TakeOver) -> None:
        take_over_admissions(
            [
                NewAdmission(
                    person=person,
                    cell=self.organizations[member.cell],
                    decided_on=member.admitted_on - timedelta(days=10),
                    ceremony_on=member.admitted_on,
                    groups=member.groups,
                )
                for person, member in zip(self.persons, self.plan.members, strict=True)
                if member.admitted_on is not None and member.admitted_on.year == event.year
            ]
        )
        # The years before make the plan that the months of this one are held to.
        attainment.recompute(event.year, on=event.day)

    def _report_opening(self, event: plans.Opening) -> None:
        report_baselines(
            [
                NewBaseline(self.organizations[slug], event.year, members)
                for slug, members in event.members.items()
            ],
            by=self.staff(self.plan.top),
            on=event.day,
        )

    def _assign_from_outside(self, event: plans.TopTarget) -> None:
        assign_target(
            self.organizations[event.organization],
            by=self.staff_above(event.organization),
            on=event.day,
            year=event.year,
            form=event.form,
            low=event.low,
            high=event.high,
            percent=None if event.percent is None else Decimal(event.percent),
            decision_number=event.decision_number,
            decided_on=event.decided_on or event.day,
            responsible=event.responsible,
            indicator=event.indicator,
            span=event.span,
            until_year=event.until_year,
            origin=event.origin,
            issuer=event.issuer,
        )

    def _share_out(self, event: plans.Shares) -> None:
        """Carry the assignment of a year from its opening to the decision, all on one day."""
        superior, who = self.organizations[event.superior], self.staff(event.superior)
        numbers = {self.organizations[slug].pk: one for slug, one in event.numbers.items()}
        assignment = open_cycle(
            superior,
            by=who,
            on=event.day,
            year=event.year,
            register_by=event.day,
            issue_by=event.day,
        )
        if event.superior in self.shown:  # elsewhere nobody looks at what was registered
            for place, (slug, number) in enumerate(event.numbers.items()):
                low, high = number if isinstance(number, tuple) else (number, number)
                if low and place % 5 == 0:
                    low = high = low - 1
                register_target(
                    self.organizations[slug],
                    by=who,
                    on=event.day,
                    year=event.year,
                    form="number" if low == high else "range",
                    low=low,
                    high=high,
                )
        if assignment.state == assignment.State.REGISTERING:
            move_cycle(assignment, by=who, on=event.day, step="draft")
        save_drafts(assignment, by=who, on=event.day, numbers=numbers)
        move_cycle(assignment, by=who, on=event.day, step="submit")
        decision = issue_cycle(
            assignment,
            by=who,
            on=event.day,
            decision_number=event.decision_number,
            decided_on=event.day,
            reasons=["superior"] if assignment.number > 1 else [],
            difference=DIFFERENCE,
        )
        for held in Appointment.objects.filter(
            organization__in=numbers,
            role__in=[Role.SECRETARY, Role.STAFF],
            period__contains=event.day,
        ).select_related("user", "organization"):
            acknowledge(decision, held.organization, by=held.user, on=event.day)

    def _assign_percent(self, event: plans.PercentTarget) -> None:
        assign_target(
            self.organizations[event.organization],
            by=self.staff_above(event.organization),
            on=event.day,
            year=event.year,
            form="percent",
            percent=Decimal(event.percent),
            decision_number=event.decision_number,
            decided_on=event.day,
        )

    def _declare_forecast(self, event: plans.Forecast) -> None:
        declare_forecast(
            self.organizations[event.organization],
            by=self.staff(event.organization),
            on=event.day,
            year=event.year,
            people=event.people,
            declared_on=event.day,
            declared_by=event.declared_by,
        )

    def _visit(self, event: plans.Visit) -> None:
        record_visit(
            self.organizations[event.organization],
            by=self.staff_above(event.organization),
            on=event.day,
            year=event.day.year,
            visited_on=event.day,
            who=event.who,
            findings=event.findings,
        )

    def _confirm_month(self, event: plans.Confirmation) -> None:
        organization, year = self.organizations[event.organization], event.day.year
        confirm_month(
            organization,
            by=self.staff(event.organization),
            on=event.day,
            year=year,
            month=event.month,
            admitted=admitted_by(organization, year=year, month=event.month),
            shortfall=event.shortfall,
        )

    def _assign_follow_up(self, event: plans.FollowUp) -> None:
        self.follow_ups[event.organization] = assign_follow_up(
            self.organizations[event.organization],
            by=self.staff_above(event.organization),
            on=event.day,
            year=event.day.year,
            task=event.task,
            assignee=self.users[event.assignee],
            due_on=event.due_on,
        )

    def _close_follow_up(self, event: plans.FollowUpDone) -> None:
        close_follow_up(
            self.follow_ups[event.organization],
            by=self.staff_above(event.organization),
            on=event.day,
            result=event.result,
        )

    def _declare_no_source(self, event: plans.NoSource) -> None:
        self.declared[event.organization] = declare_no_source(
            self.organizations[event.organization],
            by=self.staff(event.organization),
            on=event.day,
            grounds=event.grounds,
            declared_on=event.day,
            review_on=event.review_on,
        )

    def _answer(self, event: plans.Answer) -> None:
        answer_declaration(
            self.declared[event.organization],
            by=self.staff_above(event.organization),
            on=event.day,
            accept=True,
        )

    def _plan_class(self, event: plans.Class) -> None:
        school = plan_class(
            self.organizations[event.organization],
            by=self.staff(event.organization),
            on=event.day,
            kind="awareness",
            name=event.name,
            centre=event.centre,
            starts_on=event.starts_on,
            ends_on=event.ends_on,
            enrol_by=event.enrol_by,
            places=event.places,
            sessions=event.sessions,
        )
        answers = []
        for number in event.proposed:
            file = self.files[number]
            by = self.clerk(file.cell.slug)
            made = propose(file, by=by, on=event.day, school=school, proposed_on=event.day)
            if number in event.accepted:
                answers.append(ClassAnswer(made.pk, accepts=True))
        by = self.staff(event.organization)
        if answers:
            answer_proposals(school, by=by, on=event.day, answers=answers, answered_on=event.day)

    def _report_figure(self, event: plans.Figure) -> None:
        report_figure(
            event.indicator,
            self.organizations[event.organization],
            by=self.staff(event.organization),
            on=event.day,
            as_of=event.as_of,
            numerator=event.numerator,
            denominator=event.denominator,
            evidence=event.evidence,
        )

    # ------------------------------------------------------------ decisions

    def _reorganize(self, event: plans.Reorganize) -> None:
        drafter = self.staff(event.organization)
        second = self.users[
            next(
                self.plan.approvers[unit.slug]
                for unit in self.plan.above(event.organization)
                if unit.slug in self.plan.approvers
            )
        ]
        decision = reorganizations.draft(
            self.organizations[event.organization],
            by=drafter,
            on=event.day,
            number=event.number,
            signed_on=event.signed_on,
            signer=second.full_name,
            effective_on=event.effective_on,
            note=event.note,
        )
        for change in event.changes:
            made = reorganizations.add_event(
                decision,
                by=drafter,
                on=event.day,
                kind=change.kind,
                sources=[self.organizations[slug] for slug in change.sources],
                results=[self._result(result) for result in change.results],
            )
            self._choose(made, by=drafter)
            if change.kind == ReorganizationKind.CONVERT:
                self._share_people(made, by=drafter)
        decision = reorganizations.preview(decision, by=drafter, on=event.day)
        if refused := (decision.preview or {})["refusals"]:
            raise ValueError(f"{self.plan.name}, No {event.number}: {refused[0]['sentence']}")
        decision = reorganizations.confirm(decision, by=second, on=event.day)
        if event.effective_on <= event.day:
            reorganizations.apply(decision, on=event.day)
            if decision.job is not None:
                jobs.finish(decision.job)

    def _result(self, result: str | plans.Described) -> Organization | reorganizations.NewUnit:
        if isinstance(result, str):
            return self.organizations[result]
        return reorganizations.NewUnit(name=result.name, kind=result.kind)

    def _choose(self, made: ReorganizationEvent, *, by: User) -> None:
        """Let the targets of units that end go to the successor."""
        planned = next(
            one
            for one in reorganizations.plan_of(made.reorganization).events
            if one.event.pk == made.pk
        )
        for handler in handlers:
            chosen = {
                name: f"carry-{planned.results[0].pk}"
                for name in handler.fields(planned)
                if name.startswith("target-")
            }
            if chosen:
                reorganizations.choose(
                    made, by=by, on=self.day, label=handler.label, cleaned=chosen
                )

    def _share_people(self, made: ReorganizationEvent, *, by: User) -> None:
        """Share the people of a cell that becomes a committee out over its new cells, in turn."""
        source = made.units.get(part=EventUnit.Part.SOURCE).organization_id
        cells = made.units.filter(part=EventUnit.Part.RESULT).order_by("position")[1:]
        people = Membership.objects.on(self.day).filter(cell=source).order_by("person__name_order")
        homes = cycle(cell.pk for cell in cells)
        reorganizations.assign(
            made,
            by=by,
            on=self.day,
            people=dict(zip(people.values_list("person", flat=True), homes, strict=False)),
        )

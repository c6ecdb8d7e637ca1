"""Files that go elsewhere: the panel of both sides, the card on a file, what is next meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.cases import Case, cases_of
from admissions.models import Candidate, FileTransfer, RuleSet
from admissions.operations.moving import handed_over_by, may_send, situation_of
from admissions.permissions import Permission, Rights
from admissions.stages import OPEN_STAGES, Stage, Step
from config.periods import contains
from organizations.models import Appointment, Competence, Organization, Role
from organizations.permissions import accounts_of_human, same_human

from .sections import Section

if TYPE_CHECKING:
    from admissions.models.moving import FileTransferQuerySet
    from organizations.models import User
    from organizations.models.organization import OrganizationQuerySet

TO_SEND, TO_TAKE, WAITING, DONE = "gui", "nhan", "cho", "xong"
PARTS = (TO_SEND, TO_TAKE, WAITING, DONE)

SEND, TAKE, REFUSE, REVIEW, WITHDRAW = "gui", "nhan", "tu-choi", "xem-lai", "rut"
"""Steps of a request, as in its addresses."""

State = FileTransfer.State
Situation = FileTransfer.Situation
BELOW = (Situation.HELPED, Situation.RESOLVED)
ABOVE = (Situation.SUBMITTED, Situation.DECIDED)


@dataclass(frozen=True)
class MoveRow:
    """A request as the panel, a step's page and the file's card show it to one reader.

    `stage` is where the file is at present: empty, once answered, for who does not see the file.
    """

    transfer: FileTransfer
    person: str
    number: str
    stage: str
    file_url: str
    rules: str
    is_late: bool = False
    terms: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def may(self, step: str) -> bool:
        """Say whether the reader takes `step` now."""
        return step in self.steps


def panel(user: User, part: str, *, on: date) -> FileTransferQuerySet:
    """Return the requests of one `part` of the panel of `user`: both sides see their own.

    To send (and sent back for their faults), to take over, waiting for others, done; each stands
    in one part.
    """
    seen = FileTransfer.objects.visible_to(user, on=on)
    own = _kept(user, Role.SECRETARY, on=on).values("pk")
    writes = _kept(user, Role.SECRETARY, Role.STAFF, on=on).values("pk")
    competent = _competent_over(user, on=on).values("pk")
    asked = Q(state=State.ASKED)
    later = FileTransfer.objects.filter(candidate=OuterRef("candidate"), pk__gt=OuterRef("pk"))
    to_mend = Q(
        ~Exists(later.exclude(state=State.WITHDRAWN)),
        review_by__isnull=False,
        candidate__cell__in=own,
        candidate__stage__in=OPEN_STAGES,
    )
    to_send = (
        asked & Q(situation__in=BELOW, candidate__cell__in=own)
        | asked & Q(situation__in=ABOVE, candidate__cell__in=competent)
        | to_mend
    )
    # Who asked for it waits for somebody else to take it over.
    to_take = Q(state=State.SENT, destination__in=writes) & ~Q(entered_by__in=same_human(user))
    if part == TO_SEND:
        return seen.filter(to_send)
    if part == TO_TAKE:
        return seen.filter(to_take)
    if part == WAITING:
        return seen.open().exclude(to_send).exclude(to_take)
    done = seen.exclude(state__in=FileTransfer.OPEN).exclude(to_mend)
    # What was taken back is the old side's matter alone.
    named = Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
    theirs = Q(origin__in=named) | Q(candidate__cell__in=named)
    return done.filter(theirs | ~Q(state=State.WITHDRAWN))


def counted(user: User, parts: Sequence[str], *, on: date) -> dict[str, int]:
    """Return {part: how many requests it has} of the panel of `user`; one query."""
    mine = {
        f"n{place}": Count("pk", filter=Q(pk__in=panel(user, part, on=on).order_by().values("pk")))
        for place, part in enumerate(parts)
    }
    found = FileTransfer.objects.aggregate(**mine)
    return {part: found[f"n{place}"] for place, part in enumerate(parts)}


def _kept(user: User, *roles: Role, on: date) -> OrganizationQuerySet:
    return Appointment.objects.organizations_of(user, roles=roles, on=on)


def _competent_over(user: User, *, on: date) -> OrganizationQuerySet:
    """Return what lies beneath the deciding bodies where `user` is staff on day `on`."""
    staffed = Appointment.objects.of(user, roles=[Role.STAFF], on=on).values("organization")
    deciding = Competence.objects.filter(organization__in=staffed, period__contains=on)
    roots = Organization.objects.filter(pk__in=deciding.values("organization"))
    return Organization.objects.under(roots, on=on)


def move_rows(transfers: Iterable[FileTransfer], user: User, *, on: date) -> list[MoveRow]:
    """Return `transfers` as rows for `user` on day `on`; queries do not grow with them.

    Each is to come with its candidate, and `called()`.
    """
    rows = list(transfers)
    files = {row.candidate_id: row.candidate for row in rows}
    rule_sets = list(RuleSet.objects.all())
    try:
        cases = {case.candidate.pk: case for case in cases_of(list(files.values()), on=on)}
    except RuleSet.DoesNotExist:
        cases = {}
    rights = Rights.of(user, on=on, cells={file.cell_id for file in files.values()})
    writes = set(
        _kept(user, Role.SECRETARY, Role.STAFF, on=on)
        .filter(pk__in={row.destination_id for row in rows if row.destination_id})
        .values_list("pk", flat=True)
    )
    accounts = accounts_of_human(user)
    return [
        _row(
            row,
            case=cases.get(row.candidate_id),
            rights=rights,
            accounts=accounts,
            answers=row.destination_id in writes,
            rule_sets=rule_sets,
            on=on,
        )
        for row in rows
    ]


def _row(
    transfer: FileTransfer,
    *,
    case: Case | None,
    rights: Rights,
    accounts: set[int],
    answers: bool,
    rule_sets: Sequence[RuleSet],
    on: date,
) -> MoveRow:
    file: Candidate = transfer.candidate
    sees = file.cell_id in rights.sees
    is_open = transfer.state in {State.ASKED, State.SENT}
    last = transfer.review_by if transfer.is_under_review else transfer.send_by
    waits = is_open or transfer.is_under_review
    rules = _of(rule_sets, transfer.moved_on)
    return MoveRow(
        transfer=transfer,
        rules=rules.code if rules else "",
        person=file.person.full_name,
        number=file.number,
        stage=str(Stage(file.stage).label) if sees or is_open else "",
        file_url=reverse("candidate-detail", args=[file.public_id]) if sees else "",
        is_late=waits and transfer.state != State.SENT and last is not None and last < on,
        terms=_terms(transfer, rule_sets),
        steps=_steps(transfer, case=case, rights=rights, accounts=accounts, answers=answers),
    )


def _steps(
    transfer: FileTransfer,
    *,
    case: Case | None,
    rights: Rights,
    accounts: set[int],
    answers: bool,
) -> list[str]:
    """Return what the holder of `rights`, one human by all `accounts`, may do with it now."""
    if case is None or not transfer.is_open:
        return []
    file = case.candidate
    is_own = rights.are_of_their_own(file.person_id)
    steps = []
    if transfer.state == State.ASKED and file.stage in OPEN_STAGES:
        below = transfer.situation == Situation.RESOLVED
        if may_send(rights, case, situation_of(case, is_below=below)):
            steps.append(SEND)
    if answers and not is_own and file.stage in OPEN_STAGES and transfer.state == State.SENT:
        if not accounts & handed_over_by(case, transfer):
            steps.append(TAKE)
        steps.append(REVIEW)
    if answers and not is_own:
        steps.append(REFUSE)
    if rights.may(Permission.MOVE, case):
        steps.append(WITHDRAW)
    return steps


def _terms(transfer: FileTransfer, rule_sets: Sequence[RuleSet]) -> list[str]:
    """Return the last days of the request in words, each with its working days and rules."""
    found = []
    if transfer.review_by:
        found.append(_("To be reviewed and answered by %(day)s.") % _day(transfer.review_by))
    elif transfer.send_by and transfer.is_open and (rules := _of(rule_sets, transfer.moved_on)):
        decided = transfer.situation == Situation.DECIDED
        days = rules.moved_ceremony_days if decided else rules.forward_days
        words = (
            _("The decision goes along until %(day)s (%(days)s working days, %(rules)s).")
            if decided
            else _("To be sent by %(day)s (%(days)s working days, %(rules)s).")
        )
        found.append(words % {**_day(transfer.send_by), "days": days, "rules": rules.code})
    day = transfer.received_on
    if transfer.decide_by and day and (rules := _of(rule_sets, day)):
        words = _("Decision there by %(day)s (%(days)s working days, %(rules)s).")
        days = rules.moved_decision_days
        found.append(words % {**_day(transfer.decide_by), "days": days, "rules": rules.code})
    return found


def _of(rule_sets: Sequence[RuleSet], day: date) -> RuleSet | None:
    return next((one for one in rule_sets if contains(one.period, day)), None)


def _day(day: date) -> dict[str, str]:
    return {"day": f"{day:%d/%m/%Y}"}


# ---------------------------------------------------------------- on the file


def section_of_moving(case: Case, rights: Rights, user: User) -> Section | None:
    """Return the card that says where the file goes, or since when it is here; None otherwise."""
    known = sorted(case.candidate.file_transfers.all(), key=lambda one: one.pk)
    if not known:
        return None
    latest = known[-1]
    if latest.state == State.WITHDRAWN:
        return None
    row = _row(
        latest,
        case=case,
        rights=rights,
        accounts=accounts_of_human(user),
        answers=False,
        rule_sets=[case.rules],
        on=case.on,
    )
    return Section(
        "admissions/move_section.html", {"row": row}, order=5 if latest.is_open else 60, beside=True
    )


def asking(case: Case, rights: Rights) -> bool:
    """Say whether the holder of `rights` may ask that the file follow its person."""
    return (
        case.transfer is None
        and case.candidate.stage in OPEN_STAGES
        and rights.may(Permission.MOVE, case)
    )


def on_the_way(case: Case, rights: Rights) -> dict[str, Any] | None:
    """Return the arguments of a `NextStep` for a file that is on its way, None for others."""
    transfer = case.transfer
    if transfer is None:
        return None
    words = {"person": case.candidate.person.full_name, "place": transfer.place}
    if transfer.state == State.SENT:
        return {
            "step": Step.MOVE,
            "title": _("The file of %(person)s was sent to %(place)s") % words,
            "why": _("Sent on %(day)s; it is of this cell until it is taken over there.")
            % {"day": f"{transfer.sent_on:%d/%m/%Y}"},
            "verb": _("See"),
            "url": f"{reverse('move-list')}?phan={WAITING}",
            "is_mine": False,
            "waits_for": transfer.place,
        }
    situation = situation_of(case, is_below=transfer.situation == Situation.RESOLVED)
    is_mine = may_send(rights, case, situation)
    competent = case.bodies.competent
    return {
        "step": Step.SEND_FILE,
        "title": _("Send the file of %(person)s to %(place)s") % words,
        "why": " ".join([str(Situation(situation).label) + ".", *_terms(transfer, [case.rules])]),
        "verb": _("Send"),
        "url": reverse("move-send", args=[transfer.public_id]),
        "is_mine": is_mine,
        "due_on": transfer.send_by,
        "is_legal": transfer.send_by is not None,
        "waits_for": str(competent if situation in ABOVE and competent else case.bodies.cell),
    }

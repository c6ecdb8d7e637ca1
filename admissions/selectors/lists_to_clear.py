"""What does not agree in the records, rule by rule, and how each is put right.

The database refuses most of these at the source; what was taken over, moved or entered elsewhere
is found here. A rule is one query over the cells that the reader may see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from admissions.models import (
    Admission,
    Ballot,
    Candidate,
    Deadline,
    Decision,
    Extension,
    Mentorship,
    Milestone,
    Paper,
)
from admissions.operations.ceremonies import LATE_WITHOUT_CONSENT
from admissions.stages import (
    BEFORE_THE_CELL,
    LIVE_STAGES,
    WITH_THE_COMMITTEES,
    Level,
    Purpose,
    Stage,
    Step,
)
from config.rows import beyond_scope
from organizations.models import Membership, Person

if TYPE_CHECKING:
    from organizations.models import User

SHOWN = 20
AT_MOST = 200
"""Files of one rule on a page; its count says how many there are."""

OF_A_DECISION = r"(^|[^[:alpha:]])Q[ĐđD]([^[:alpha:]]|$)"
"""How the number of a decision is written: 12-QĐ/ĐU, not 12-NQ/ĐU or 04-TBKL."""

CONSENT_TO_LATENESS = "ĐY-LKN"
"""The form in which the committee above consents to a late ceremony (HD 06-HD/TW 2025)."""

Words = str | Promise
Clock, State = Deadline.Clock, Deadline.State


@dataclass(frozen=True)
class Rule:
    """One check: its name, what to do about it, and the files (of those given) that break it."""

    code: str
    name: Words
    mend: Words
    breaks: Callable[[QuerySet[Candidate], date], QuerySet[Candidate]]


@dataclass(frozen=True)
class Broken:
    """A rule with the files that break it: how many, and the first of them."""

    rule: Rule
    count: int
    files: list[Candidate]

    @property
    def more(self) -> int:
        return self.count - len(self.files)


def _decision_before_vote(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    passed = Ballot.objects.filter(
        candidate=OuterRef("candidate"),
        level=Level.COMPETENT,
        purpose=Purpose.ADMISSION,
        passed=True,
        held_on__lte=OuterRef("signed_on"),
    )
    wrong = Decision.objects.filter(~Exists(passed), kind=Decision.Kind.ADMIT)
    return files.filter(pk__in=wrong.values("candidate"))


def _ceremony_before_decision(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    wrong = Admission.objects.filter(
        Q(ceremony_on__lt=F("decision__signed_on")) | Q(ceremony_on__lt=F("decision__received_on")),
        sign=1,
        reversed_by__isnull=True,
    )
    return files.filter(pk__in=wrong.values("candidate"))


def _member_without_cell(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    somewhere = Membership.objects.filter(person=OuterRef("person"))
    now = Membership.objects.on(on).filter(person=OuterRef("person"))
    admitted = Admission.objects.filter(
        candidate=OuterRef("pk"), sign=1, reversed_by__isnull=True, ceremony_on__lte=on
    )
    # One who left has a membership that ended with its reason; one without any is lost.
    return files.filter(
        Exists(admitted),
        ~Exists(now),
        ~Exists(somewhere.exclude(reason_out="")),
        stage=Stage.ADMITTED,
    )


def _expired(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    over = _missed(on, Clock.PAPERS, Clock.CERTIFICATE)
    return files.filter(stage__in=BEFORE_THE_CELL, pk__in=over.values("candidate"))


def _same_person(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    twin = Person.objects.filter(
        born_on=OuterRef("person__born_on"), name_search=OuterRef("person__name_search")
    ).exclude(pk=OuterRef("person"))
    return files.filter(Exists(twin), stage__in=LIVE_STAGES)


def _number_without_decision(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    # A vote may have a number of its own, of a resolution or a notice, and waits for the decision
    # as long as its term: overdue is another list. Amiss is the number of a decision, typed at a
    # vote of those who decide, and no decision; or that of the decision's form among the papers.
    typed = Ballot.objects.filter(
        level=Level.COMPETENT,
        purpose=Purpose.ADMISSION,
        passed=True,
        held_on__lte=on,
        resolution_number__iregex=OF_A_DECISION,
    )
    received = Paper.objects.filter(
        kind__arises_at=Level.COMPETENT, kind__phase="admission", received_on__lte=on
    ).exclude(number="")
    made = Decision.objects.filter(candidate=OuterRef("pk"))
    return files.filter(
        Q(pk__in=typed.values("candidate")) | Q(pk__in=received.values("candidate")),
        ~Exists(made),
        stage__in=WITH_THE_COMMITTEES,
    )


def _unexplained(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    explained = Extension.objects.filter(
        candidate=OuterRef("candidate"), course=OuterRef("candidate__course")
    )
    over = _missed(on, Clock.DECISION, Clock.RECOGNITION, Clock.MOVED_DECISION)
    return files.filter(pk__in=over.filter(~Exists(explained)).values("candidate"))


def _ceremony_overdue(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    return files.filter(pk__in=_missed(on, Clock.CEREMONY).values("candidate"))


def _late_without_consent(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    held = Admission.objects.filter(
        candidate=OuterRef("candidate"),
        ceremony_on=OuterRef("on"),
        sign=1,
        reversed_by__isnull=True,
    )
    with translation.override(settings.LANGUAGE_CODE):  # as notes are kept (`recording.kept`)
        ending = str(LATE_WITHOUT_CONSENT).rpartition("%(rules)s")[2]
    late = Milestone.objects.filter(
        Exists(held), step=Step.ADMIT, on__lte=on, note__endswith=ending
    )
    consented = Paper.objects.filter(
        candidate=OuterRef("pk"), kind__code=CONSENT_TO_LATENESS, received_on__lte=on
    )
    return files.filter(~Exists(consented), pk__in=late.values("candidate"), stage=Stage.ADMITTED)


def _verification_overdue(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    over = _missed(on, Clock.VERIFICATION)
    return files.filter(stage__in=BEFORE_THE_CELL, pk__in=over.values("candidate"))


def _nobody_helps(files: QuerySet[Candidate], on: date) -> QuerySet[Candidate]:
    helping = Mentorship.objects.filter(candidate=OuterRef("pk"), period__contains=on)
    begun = BEFORE_THE_CELL - {Stage.SOURCE, Stage.SYMPATHISER, Stage.ENROLLED}
    return files.filter(~Exists(helping), stage__in=[*begun, Stage.ADMITTED])


def _missed(on: date, *clocks: str) -> QuerySet[Deadline]:
    return Deadline.objects.filter(state=State.RUNNING, due_on__lt=on, clock__in=clocks)


RULES = (
    Rule(
        "quyet-dinh-truoc-bieu-quyet",
        _("Decision before the vote"),
        _("Compare the dates of the decision and of the vote with the papers, and cancel the one"
          " that is wrong by a decision."),
        _decision_before_vote,
    ),
    Rule(
        "le-truoc-quyet-dinh",
        _("Ceremony before the decision"),
        _("Compare the day of the ceremony with the minutes; a wrong admission is reversed and"
          " recorded again."),
        _ceremony_before_decision,
    ),
    Rule(
        "dang-vien-khong-chi-bo",
        _("Member without a cell"),
        _("Say in which cell the member is active, or record that they left."),
        _member_without_cell,
    ),
    Rule(
        "giay-to-het-gia-tri",
        _("Papers or certificate expired"),
        _("Receive the papers anew; with an expired certificate the class is attended again."),
        _expired,
    ),
    Rule(
        "trung-nguoi",
        _("The same person twice"),
        _("Compare both records on the page of possible duplicates and ask to merge them."),
        _same_person,
    ),
    Rule(
        "co-so-chua-co-quyet-dinh",
        _("Number typed but no decision"),
        _("Record the decision, with its own number, or put the vote right."),
        _number_without_decision,
    ),
    Rule(
        "qua-han-chua-giai-trinh",
        _("Decision overdue and not explained"),
        _("Record the decision, or extend the term once and say why."),
        _unexplained,
    ),
    Rule(
        "qua-han-to-chuc-le",
        _("Ceremony overdue"),
        _("Report to the superior committee for its consent, then hold the ceremony."),
        _ceremony_overdue,
    ),
    Rule(
        "le-muon-chua-dong-y",
        _("Late ceremony without consent"),
        _("Report to the superior committee and receive its consent (ĐY-LKN) into the file."),
        _late_without_consent,
    ),
    Rule(
        "qua-han-tham-tra",
        _("Verification not answered in time"),
        _("Remind the committee that was asked, or send a member."),
        _verification_overdue,
    ),
    Rule(
        "khong-nguoi-giup-do",
        _("Nobody helps the candidate"),
        _("Assign an official member of the same grassroots organisation."),
        _nobody_helps,
    ),
)  # fmt: skip


def lists_to_clear(user: User, *, on: date, code: str = "") -> list[Broken]:
    """Return the rules that some file of `user` breaks on day `on`, with its files; a rule more is
    a query more and another where it is broken, a file more is none. With `code`, that rule alone
    and more of its files."""
    files = Candidate.objects.visible_to(user, on=on)
    chosen = [rule for rule in RULES if not code or rule.code == code]
    found = []
    for rule in chosen:
        with beyond_scope():  # somebody alike may be known elsewhere: whose files, only is told
            broken = rule.breaks(files, on).order_by("stage_since", "pk")
            keys = list(broken.values_list("pk", flat=True)[: AT_MOST + 1])
            count = len(keys) if len(keys) <= AT_MOST else broken.count()
        if keys:
            shown = files.filter(pk__in=keys[: AT_MOST if code else SHOWN])
            rows = shown.with_cell_name(on=on).select_related("person")
            found.append(Broken(rule, count, list(rows.order_by("stage_since", "pk"))))
    return found

"""The papers of a file as its page shows them, and the catalogue they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from admissions.cases import VERIFICATION_FORM, Case, PaperState, case_of
from admissions.eligibility import union_unsaid
from admissions.guards import STEPS
from admissions.models import Candidate, Paper, PaperKind, RuleSet, Scan
from admissions.permissions import Permission, Rights
from admissions.stages import Level, Step
from organizations.models import Ancestry

from .addresses import step_url
from .sections import Section

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

CERTIFICATE = "CN-NTVĐ"
"""How the class certificate is called beside the forms of the rules, which do not number it."""

STATUS_LOOK = {
    Paper.Status.COMPLETE: "ok",
    Paper.Status.MISSING: "warn",
    Paper.Status.EXPIRING: "warn",
    Paper.Status.NOT_YET: "",
    Paper.Status.NOT_APPLICABLE: "",
}

COUNTS = {Paper.Status.COMPLETE, Paper.Status.EXPIRING}


@dataclass(frozen=True)
class PaperRow:
    """A row of the table of papers: words of its status and how they look.

    `url` is where the reader does something about it; `paper_url` the page of the paper itself.
    """

    name: str
    code: str
    maker: str
    note: str
    day: date | None
    status: str
    kind: str
    is_needed: bool = False
    counts: bool = False
    url: str = ""
    verb: str = ""
    paper_url: str = ""


@dataclass(frozen=True)
class PaperGroup:
    """Rows of papers under one heading."""

    title: str
    rows: list[PaperRow]


def paper_rows(case: Case, *, prepares: bool) -> tuple[list[PaperRow], list[PaperRow]]:
    """Return the papers before the cell considers admission, and those from then on.

    `prepares` says that the reader receives papers into the file. Papers of special cases that
    this one is not are left out; those for everybody and the unions' are named as not applicable.
    """
    before, after = [_certificate(case, prepares=prepares)], []
    for state in case.papers:
        kind = state.kind
        if kind.phase != PaperKind.Phase.ADMISSION:
            continue
        if kind.before_cell:
            if not _is_of_another(state):
                before.append(_row(case, state, prepares=prepares))
        elif kind.arises_at or state.status != Paper.Status.NOT_APPLICABLE:
            after.append(_row(case, state, prepares=prepares))
    return before, after


def _is_of_another(state: PaperState) -> bool:
    """Say whether a form is for people whom the table of everybody does not speak of."""
    usual = {PaperKind.Audience.EVERYBODY, PaperKind.Audience.YOUTH_UNION}
    return state.status == Paper.Status.NOT_APPLICABLE and state.kind.audience not in usual


def further_papers(case: Case, rights: Rights, user: User | AnonymousUser) -> Section | None:
    """Return the papers of the probation, once it has begun, and others kept with the file."""
    prepares = rights.may(Permission.PREPARE, case)
    groups = []
    if case.became_probationary_on:
        of_phase = _rows(case, PaperKind.Phase.PROBATION, prepares=prepares)
        groups.append(PaperGroup(_("For the official recognition"), of_phase))
    kept = [row for row in _rows(case, PaperKind.Phase.OTHER, prepares=prepares) if row.paper_url]
    if kept:
        groups.append(PaperGroup(_("Kept with the file"), kept))
    if not groups:
        return None
    return Section("admissions/papers_further.html", {"groups": groups}, order=20)


def _rows(case: Case, phase: PaperKind.Phase, *, prepares: bool) -> list[PaperRow]:
    return [
        _row(case, state, prepares=prepares) for state in case.papers if state.kind.phase == phase
    ]


def _row(case: Case, state: PaperState, *, prepares: bool) -> PaperRow:
    kind, paper = state.kind, state.paper
    is_missing = state.status == Paper.Status.MISSING
    is_verification = kind.code == VERIFICATION_FORM
    may_receive = prepares and STEPS[Step.RECEIVE_PAPER].is_at(case.candidate)
    return PaperRow(
        name=kind_name(kind),
        code=kind.code,
        maker=kind.get_maker_display(),
        note=_note(case, state),
        day=case.arose_on(kind) if kind.arises_at else paper.dated_on if paper else None,
        status=str(state.status.label),
        kind=STATUS_LOOK[state.status],
        is_needed=kind.before_cell and state.status != Paper.Status.NOT_APPLICABLE,
        counts=state.status in COUNTS,
        url=step_url(case, Step.RECEIVE_VERIFICATION if is_verification else Step.RECEIVE_PAPER)
        if is_missing and may_receive and not kind.arises_at
        else "",
        verb=_("Verify") if is_verification else _("Receive"),
        paper_url=paper_url(case, paper) if paper else "",
    )


def paper_url(case: Case, paper: Paper) -> str:
    """Return the address of the page of one paper."""
    return reverse("candidate-paper", args=[case.candidate.public_id, paper.pk])


def _note(case: Case, state: PaperState) -> str:
    kind, paper = state.kind, state.paper
    if kind.maker == PaperKind.Maker.HELPER and case.became_probationary_on:
        silent = ", ".join(one.mentor.full_name for one in case.silent_helpers)
        return _("still to come from: %(people)s") % {"people": silent} if silent else ""
    if kind.maker == PaperKind.Maker.MEMBER and kind.before_cell and paper is None:
        first = case.self_criticism_from
        return _("from %(day)s on") % {"day": f"{first:%d/%m/%Y}"} if first else ""
    if kind.audience == PaperKind.Audience.YOUTH_UNION and paper is None and union_unsaid(case):
        return _("not clear: a member of the Youth Union?")
    if kind.before_decision and paper is None:
        return _("needed before the decision")
    if paper and paper.stale_on and kind.before_cell and not case.passed(Level.CELL):
        is_missing = state.status == Paper.Status.MISSING
        is_stale = is_missing and paper.stale_on <= case.on
        words = _("stale since %(day)s") if is_stale else _("counts until before %(day)s")
        return words % {"day": f"{paper.stale_on:%d/%m/%Y}"}
    return ""


def kind_name(kind: PaperKind) -> str:
    """Return the name of a form in the reader's language."""
    return kind.name_en if get_language() == "en" else kind.name


def _certificate(case: Case, *, prepares: bool) -> PaperRow:
    certificate = case.certificate
    counts = bool(case.valid_certificate or (certificate and case.passed(Level.CELL)))
    status = Paper.Status.COMPLETE if counts else Paper.Status.MISSING
    if case.certificate_expires_soon and not case.passed(Level.CELL):
        status = Paper.Status.EXPIRING
    note = ""
    if certificate:
        note = _("counts until before %(day)s") % {"day": f"{certificate.expires_on:%d/%m/%Y}"}
    may_enter = prepares and not counts and STEPS[Step.CERTIFY].is_at(case.candidate)
    return PaperRow(
        name=_("Certificate of the awareness class"),
        code=CERTIFICATE,
        maker=_("Political centre"),
        note=note,
        day=certificate.issued_on if certificate else None,
        status=str(status.label),
        kind=STATUS_LOOK[status],
        is_needed=True,
        counts=counts,
        url=step_url(case, Step.CERTIFY) if may_enter else "",
        verb=_("Enter"),
    )


def asked_for(case: Case) -> tuple[list[PaperKind], list[PaperKind]]:
    """Return the forms that may be received now: those some step asks for, and any other.

    The answers to requests of verification are not asked for while one of them is open.
    """
    statuses = {state.kind.pk: state.status for state in case.papers}
    done = {Paper.Status.COMPLETE, Paper.Status.EXPIRING}
    asked, other = [], []
    for kind in case.receivable:
        if kind.code == VERIFICATION_FORM and case.open_verifications:
            continue
        is_asked_for = kind.before_cell or kind.before_decision
        if is_asked_for and statuses[kind.pk] not in done:
            asked.append(kind)
        elif kind.phase == PaperKind.Phase.OTHER or kind.goes_stale:
            other.append(kind)
    return asked, other


# ---- one paper


@dataclass(frozen=True)
class Reading:
    """Somebody opened a scan."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class ScanRow:
    """A scan of a paper, with who opened it where the reader may see that."""

    name: str
    size: int
    at: datetime
    by: str
    sha256: str
    url: str
    is_replaced: bool
    quarantine: str
    readings: list[Reading]


@dataclass(frozen=True)
class PaperPage:
    """One paper of a file, its scans, and what the reader may do."""

    case: Case
    paper: Paper
    name: str
    status: PaperRow
    facts: list[tuple[str, str]]
    scans: list[ScanRow]
    add_url: str
    shows_readings: bool


def paper_page(candidate: Candidate, key: int, *, user: User, on: date) -> PaperPage | None:
    """Return the page of the paper with id `key` of this file, None where it has no such paper.

    Who opened the scans is shown to those who prepare the file and to the committees above.
    """
    paper = (
        Paper.objects.filter(candidate=candidate, pk=key)
        .select_related("kind", "entered_by")
        .prefetch_related(
            "scans__entered_by",
            "scans__replaced_by",
            "scans__verdict",
            "scans__readings__entered_by",
        )
        .first()
    )
    if paper is None:
        return None
    case = case_of(candidate, on=on)
    rights = Rights.of(user, on=on, cells=[candidate.cell_id])
    prepares = rights.may(Permission.PREPARE, case)
    line = Ancestry.objects.on(on).filter(descendant=candidate.cell_id)
    above = line.filter(ancestor__in=rights.staff_at | rights.approver_at)
    shows = prepares or above.exists()
    kind = paper.kind
    state = next((one for one in case.papers if one.kind.code == kind.code), None)
    status = state or PaperState(kind, paper, Paper.Status.COMPLETE)
    scans = [_scan_row(candidate, scan, shows=shows) for scan in paper.scans.all()]
    add = reverse("candidate-scan-new", args=[candidate.public_id, paper.pk])
    return PaperPage(
        case=case,
        paper=paper,
        name=kind_name(kind),
        status=_row(case, status, prepares=False),
        facts=[
            (_("Form"), kind.code),
            (_("Made by"), kind.get_maker_display()),
            (_("Dated"), f"{paper.dated_on:%d/%m/%Y}"),
            (_("Received on"), f"{paper.received_on:%d/%m/%Y}"),
            (_("Number"), paper.number),
            (_("Signed by"), paper.signer),
            (
                _("Counts until before"),
                f"{paper.stale_on:%d/%m/%Y} ({kind.rules.code})" if paper.stale_on else "",
            ),
        ],
        scans=scans,
        add_url=add if prepares else "",
        shows_readings=any(row.readings for row in scans),
    )


def _scan_row(candidate: Candidate, scan: Scan, *, shows: bool) -> ScanRow:
    readings = scan.readings.all() if shows else []
    return ScanRow(
        name=scan.name,
        size=scan.size,
        at=scan.entered_at,
        by=str(scan.entered_by),
        sha256=scan.sha256,
        url=reverse("candidate-scan", args=[candidate.public_id, scan.paper_id, scan.pk]),
        is_replaced=hasattr(scan, "replaced_by"),
        quarantine=scan.quarantine,
        readings=[Reading(one.entered_at, str(one.entered_by), one.reason) for one in readings],
    )


# ---- the catalogue


@dataclass(frozen=True)
class CatalogueRow:
    """A form of a rule set as the catalogue shows it."""

    code: str
    name: str
    maker: str
    audience: str
    needed: str
    goes_stale: bool
    is_local: bool


@dataclass(frozen=True)
class Catalogue:
    """The forms of one rule set by phase, and the other rule sets to choose from."""

    rules: RuleSet
    phases: list[tuple[str, list[CatalogueRow]]]
    rule_sets: Sequence[RuleSet] = field(default_factory=list)


def catalogue(code: str, *, on: date) -> Catalogue | None:
    """Return the catalogue of rule set `code`, of that in force on day `on` where it is empty.

    None where there is no such rule set; two queries.
    """
    rule_sets = list(RuleSet.objects.prefetch_related("paper_kinds"))
    wanted = [one for one in rule_sets if (one.code == code if code else on in one.period)]
    if not wanted:
        return None
    kinds = list(wanted[0].paper_kinds.all())
    phases = [
        (str(phase.label), [_catalogue_row(kind) for kind in kinds if kind.phase == phase])
        for phase in PaperKind.Phase
    ]
    return Catalogue(wanted[0], phases, rule_sets)


def _catalogue_row(kind: PaperKind) -> CatalogueRow:
    return CatalogueRow(
        code=kind.code,
        name=kind_name(kind),
        maker=kind.get_maker_display(),
        audience=kind.get_audience_display(),
        needed=_needed(kind),
        goes_stale=kind.goes_stale,
        is_local=kind.is_local,
    )


def _needed(kind: PaperKind) -> str:
    if kind.before_cell:
        return _("before the cell considers")
    if kind.before_decision:
        return _("before the decision")
    if kind.arises_at:
        return _("arises from: %(level)s") % {"level": Level(kind.arises_at).label}
    return _("kept with the file")

"""Who helps whom: the page of a cell or committee, and the card on a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.cases import Bodies, Case, bodies_of
from admissions.models import Candidate, Mentorship
from admissions.permissions import Rights
from admissions.stages import LIVE_STAGES, Stage, Step
from config import names
from organizations.models import Designation, Membership

from .next_steps import STEP_CODES
from .sections import Section

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

HELPING, TO_REPLACE, WITHOUT, MINE = "dang-giup", "can-thay", "chua-co", "cua-toi"
PARTS = (HELPING, TO_REPLACE, WITHOUT, MINE)
HELPED = [stage for stage in LIVE_STAGES if stage != Stage.SOURCE]
"""Those who are to have a helper: the cell assigns one when it puts them on its list."""
AT_MOST = 2000
"""So many helpers of another cell than the candidate's are looked at; the rest on the next day."""


# ---------------------------------------------------------------- the page


@dataclass(frozen=True)
class HelperRow:
    """A line of the page: a candidate, who helps them since when, and what is amiss."""

    candidate: Candidate
    cell: str
    stage: str
    mentor: str = ""
    since: date | None = None
    load: int = 0
    notes: int = 0
    amiss: str = ""
    file_url: str = ""
    assign_url: str = ""
    release_url: str = ""
    note_url: str = ""


def running(*, on: date) -> QuerySet[Mentorship]:
    """Return who helps on day `on`, in files in which something is still to be done."""
    return Mentorship.objects.filter(period__contains=on, candidate__stage__in=LIVE_STAGES)


def helping(cells: QuerySet[Any], *, on: date, q: str = "") -> QuerySet[Mentorship]:
    """Return who helps candidates of `cells` on day `on`, by helper; with `load` and `noted`.

    `load` is how many the helper carries in all, `noted` how many notes there are. `q` narrows by
    the helper's or candidate's name.
    """
    rows = running(on=on).filter(candidate__cell__in=cells)
    if key := names.search_key(q):
        rows = rows.filter(
            Q(mentor__name_search__contains=key) | Q(candidate__person__name_search__contains=key)
        )
    carried = (
        running(on=on)
        .filter(mentor=OuterRef("mentor"))
        .order_by()
        .values("mentor")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return (
        rows.annotate(
            load=Coalesce(Subquery(carried, output_field=IntegerField()), 0),
            noted=Count("notes"),
        )
        .select_related("mentor", "candidate__person")
        .order_by("mentor__name_order", "mentor", "period", "pk")
    )


def without_helper(cells: QuerySet[Any], *, on: date, q: str = "") -> QuerySet[Candidate]:
    """Return the candidates of `cells` whom nobody helps on day `on`, nearest to admission last."""
    helped = Mentorship.objects.filter(candidate=OuterRef("pk"), period__contains=on)
    rows = Candidate.objects.filter(~Exists(helped), cell__in=cells, stage__in=HELPED)
    if key := names.search_key(q):
        rows = rows.filter(person__name_search__contains=key)
    return rows.select_related("person").order_by("stage_since", "pk")


def unfit(cells: QuerySet[Any], *, on: date) -> dict[int, str]:
    """Return {mentorship id: why the helper is to be replaced} in `cells` on day `on`.

    Found by query, so on the very day on which a membership ends. Four queries at most.
    """
    rows = suspects(cells, on=on).values_list("pk", "home", "candidate__cell")[:AT_MOST]
    return reasons(rows, on=on)


def suspects(cells: QuerySet[Any], *, on: date) -> QuerySet[Any]:
    """Return the helpers in `cells` who are no official members of the candidate's cell on day
    `on`; `home` is the cell of which they are."""
    own = Membership.objects.on(on).official().filter(person=OuterRef("mentor"))
    return (
        running(on=on)
        .filter(candidate__cell__in=cells)
        .annotate(home=Subquery(own.values("cell")[:1]))
        .exclude(Exists(own.filter(cell=OuterRef("candidate__cell"))))
        .order_by("pk")
    )


def reasons(rows: Iterable[tuple[int, int | None, int]], *, on: date) -> dict[int, str]:
    """Return {mentorship id: why the helper is to be replaced} of `suspects`, as (id, home, cell).

    Who is no official member any more, or one of another grassroots unit; three queries at most.
    """
    listed = list(rows)
    found = {key: _("no official member any more") for key, home, _cell in listed if not home}
    elsewhere = [(key, home, cell) for key, home, cell in listed if home]
    if not elsewhere:
        return found
    lines = bodies_of({cell for _key, *pair in elsewhere for cell in pair}, on=on)
    for key, home, cell in elsewhere:
        if _unit(lines[home]) != _unit(lines[cell]):
            found[key] = _("member of another grassroots organisation")
    return found


def _unit(bodies: Bodies) -> int:
    """Return the id of the grassroots organisation of a line, as `cases.grassroots_unit`."""
    if bodies.grassroots:
        return bodies.grassroots.organization_id
    if bodies.is_delegated and bodies.competent:
        return bodies.competent.organization_id
    return bodies.cell.organization_id


def rows_of_helpers(
    mentorships: Sequence[Mentorship],
    user: User | AnonymousUser,
    *,
    on: date,
    amiss: dict[int, str],
) -> list[HelperRow]:
    """Return the lines of `mentorships` (from `helping`); queries do not grow with them."""
    cells = {one.candidate.cell_id for one in mentorships}
    called = Designation.objects.by_organization(cells, on=on)
    rights = Rights.of(user, on=on, cells=cells)
    return [
        HelperRow(
            candidate=one.candidate,
            cell=_name(called, one.candidate.cell_id),
            stage=str(Stage(one.candidate.stage).label),
            mentor=one.mentor.full_name,
            since=one.period.lower,
            load=getattr(one, "load", 0),
            notes=getattr(one, "noted", 0),
            amiss=amiss.get(one.pk, ""),
            **_urls(one.candidate, rights, mentorship=one),
        )
        for one in mentorships
    ]


def rows_without(
    candidates: Sequence[Candidate], user: User | AnonymousUser, *, on: date
) -> list[HelperRow]:
    """Return the lines of candidates whom nobody helps."""
    cells = {one.cell_id for one in candidates}
    called = Designation.objects.by_organization(cells, on=on)
    rights = Rights.of(user, on=on, cells=cells)
    return [
        HelperRow(
            candidate=one,
            cell=_name(called, one.cell_id),
            stage=str(Stage(one.stage).label),
            since=one.stage_since,
            **_urls(one, rights),
        )
        for one in candidates
    ]


def _name(called: dict[int, Designation], cell: int) -> str:
    found = called.get(cell)
    return (found.short_name or found.name) if found else ""


def _urls(
    file: Candidate, rights: Rights, *, mentorship: Mentorship | None = None
) -> dict[str, Any]:
    is_own = rights.are_of_their_own(file.person_id)
    prepares = file.cell_id in rights.prepares and not is_own
    helps = mentorship is not None and rights.person_id == mentorship.mentor_id

    def step(one: Step) -> str:
        return reverse("candidate-step", args=[file.public_id, STEP_CODES[one]])

    return {
        "file_url": reverse("candidate-detail", args=[file.public_id])
        if file.cell_id in rights.sees
        else "",
        "assign_url": step(Step.ASSIGN_MENTOR) if prepares and mentorship is None else "",
        "release_url": f"{step(Step.RELEASE_MENTOR)}?ai={mentorship.pk}"
        if prepares and mentorship is not None
        else "",
        "note_url": reverse("helper-note", args=[mentorship.pk])
        if mentorship is not None and (prepares or helps)
        else "",
    }


# ---------------------------------------------------------------- on the file


@dataclass(frozen=True)
class Help:
    """One who helps or helped, as the file's card shows it, with the latest notes."""

    mentorship: Mentorship
    is_running: bool
    notes: list[tuple[date, str]]
    release_url: str
    note_url: str


NOTES_SHOWN = 3


def section_of_helpers(case: Case, rights: Rights, user: User | AnonymousUser) -> Section | None:
    """Return the card of those who help, what they noted, and who helped before."""
    known = sorted(
        case.candidate.mentorships.all(), key=lambda one: (one.period.lower, one.pk), reverse=True
    )
    if not known:
        return None
    is_live = case.candidate.stage in LIVE_STAGES
    running_now = {one.pk for one in case.mentorships}
    helps = [
        _help(one, case, rights, is_running=one.pk in running_now, is_live=is_live) for one in known
    ]
    return Section("admissions/helper_section.html", {"helps": helps}, order=55, beside=True)


def _help(one: Mentorship, case: Case, rights: Rights, *, is_running: bool, is_live: bool) -> Help:
    urls = _urls(case.candidate, rights, mentorship=one)
    notes = sorted(one.notes.all(), key=lambda note: (note.on, note.pk), reverse=True)
    return Help(
        mentorship=one,
        is_running=is_running,
        notes=[(note.on, note.text) for note in notes[:NOTES_SHOWN]],
        release_url=urls["release_url"] if is_running and is_live else "",
        note_url=urls["note_url"] if is_live else "",
    )

"""Where the matrix is asked: who asks, and whose the thing is that they ask for.

A tree of a top, two committees and cells, reorganised since; and a second tree that knows nothing
of it. In each of several cells there is one thing of each kind that an address can name, so that
each address is asked about one's own, about a sibling's, and so on (`POSITIONS`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from admissions.operations.candidates import close_candidate
from admissions.operations.erasures import ask_erasure
from admissions.selectors import STEP_CODES
from admissions.stages import Stage
from organizations.models import Organization, Role, User
from organizations.operations import reorganizations
from targets.operations.declarations import declare_no_source
from tests.makers import (
    DAY,
    World,
    account,
    appointed,
    candidate,
    cell,
    logged,
    members,
    officer,
    unit,
    world,
)
from tests.reports.classes_asked import asked_of_classes
from tests.reports.cycles_asked import asked_of_cycles
from tests.reports.everywhere import Anybody, handover
from tests.reports.following_asked import asked_of_following
from tests.reports.meetings_asked import asked_of_meetings
from tests.reports.moving_asked import asked_of_moving
from tests.reports.outcomes_asked import asked_of_outcomes
from tests.reports.papers_asked import asked_of_papers
from tests.reports.people_asked import asked_of_people
from tests.reports.probation_asked import asked_of_probation
from tests.reports.reorganizations_asked import asked_of_reorganizations
from tests.reports.rounds_asked import asked_of_rounds
from tests.reports.rules_asked import asked_of_rules
from tests.reports.scenarios_asked import asked_of_scenarios
from tests.reports.years_asked import asked_of_years

CANARIES = {
    "own": "Chim Hoàng Yến",
    "sibling": "Chim Sơn Ca",
    "cousin": "Chim Chích Choè",
    "above": "Chim Bồ Nông",
    "branch": "Chim Hoạ Mi",
    "moved": "Chim Thiên Di",
    "merged": "Chim Nhập Đàn",
    "closed": "Chim Rời Tổ",
}
"""{position: who is there}: a name that nobody may read anywhere who does not see that cell."""

POSITIONS = (*CANARIES, "top", "missing")
"""Whose the thing is: of one's own cell, of a sibling, of a cell beneath the other committee, of
the unit above, of another tree, of a cell that moved here, of one that was merged into the sibling
and of one that was closed into it, of the top; and of nobody, with an id that is not there."""

ASKS_UNIT = {
    *("indicator-list", "indicator-detail", "figure-report", "year-list"),
    *("movement", "movement-members"),
}
"""Routes that take the unit from `?dv=`, as all with a year do."""
PLAIN = {
    "year",
    "row",
    "code",
    "step",
    "parameter",
    "month",
    "indicator",
    "kind",
    "rules",
    "question",
}
"""Parameters that are nobody's: a year, a word of the product."""
NUMBERED = {
    **dict.fromkeys(("no-source-answer", "target-acknowledge", "follow-up"), "cell"),
    "scenario-withdraw": "committee",
    **dict.fromkeys(("baseline-correction", "year-answer", "year-open"), "top"),
}
"""Routes with a number of something that a unit has: which unit, in its world."""
NOT_THERE = {"missing": 987_654_321}


@dataclass
class Ground:
    """The trees, who asks, and what an address can name."""

    worlds: dict[str, World]
    people: dict[str, Anybody]
    posts: dict[str, list[tuple[str, str]]]
    """{who: [(role, unit)]} of those in force today; units by their addresses."""
    above: dict[str, str | None]
    """{unit: the one directly above it today, or where it lies since it ended}."""
    values: dict[tuple[str, str], dict[str, Any]]
    """{(route, or "" for all; parameter): {position: value}}."""

    @property
    def committees(self) -> set[str]:
        """Return the units that have others beneath them."""
        around = self.worlds.values()
        return {one.slug for each in around for one in (each.committee, each.top)}

    def line(self, unit: str | None) -> list[str]:
        """Return `unit` and those above it, the nearest first."""
        found = []
        while unit is not None:
            found.append(unit)
            unit = self.above[unit]
        return found

    def of(self, route: str, parameter: str) -> dict[str, Any]:
        found = self.values.get((route, parameter)) or self.values.get(("", parameter))
        assert found is not None, f"no value for {parameter} of {route}"
        return found

    def unit(self, position: str) -> str:
        """Return the unit that `position` names where an address asks for one."""
        if position in {"above", "top"}:
            here = self.worlds["own"]
            unit = here.committee if position == "above" else here.top
        elif position == "missing":
            return "khong-co"
        else:
            unit = self.worlds[position].cell
        return unit.slug


@dataclass(frozen=True)
class Address:
    """An address of `route`, about a thing at `position`."""

    route: str
    position: str
    path: str
    cell: str | None
    """The cell whose thing it is by now, or the unit asked for; None: nobody's."""


def addresses(ground: Ground, route: str, wanted: Sequence[str]) -> Iterator[Address]:
    """Return the addresses of a route, one for each position at which it has something."""
    named = [one for one in wanted if one not in PLAIN]
    asks_unit = _asks_unit(route, wanted)
    values = {one: ground.of(route, one) for one in wanted}
    own = {one: found["own"] for one, found in values.items()}
    if not named and not asks_unit:
        yield Address(route, "own", reverse(route, kwargs=own), ground.unit("own"))
        if wanted:
            missing = {one: found.get("missing", own[one]) for one, found in values.items()}
            yield Address(route, "missing", reverse(route, kwargs=missing), None)
        return
    for position in POSITIONS:
        if named and not any(position in values[one] for one in named):
            continue
        at = {one: values[one].get(position, own[one]) for one in named}
        path = reverse(route, kwargs={**own, **at})
        unit = _whose(ground, route, position, is_unit=asks_unit or "slug" in wanted)
        if asks_unit:
            path += f"?dv={unit or ground.unit(position)}"
        yield Address(route, position, path, unit)


def _asks_unit(route: str, wanted: Sequence[str]) -> bool:
    return ("year" in wanted and "slug" not in wanted) or route in ASKS_UNIT


def _whose(ground: Ground, route: str, position: str, *, is_unit: bool) -> str | None:
    """Return whose the thing at `position` is by now; None: nobody's."""
    if position == "missing":
        return None
    around = ground.worlds.get(position, ground.worlds["own"])
    if route in NUMBERED:
        unit: Organization = getattr(around, NUMBERED[route])
        return unit.slug
    if is_unit:
        return ground.unit(position)
    if position in {"merged", "closed"}:  # what it had went into the sibling
        around = ground.worlds["sibling"]
    return around.cell.slug


def mixed(ground: Ground, route: str, wanted: Sequence[str]) -> Iterator[str]:
    """Return addresses of one's own thing with a part of somebody else's, or of nobody's."""
    named = [one for one in wanted if one not in PLAIN]
    values = {one: ground.of(route, one) for one in wanted}
    own = {one: found["own"] for one, found in values.items()}
    if len(named) > 1 and route != "duplicate-merge":  # a pair of whoever one sees
        for about in named:
            for position, value in values[about].items():
                if position != "own":
                    yield reverse(route, kwargs={**own, about: value})
    if route in NUMBERED and route != "follow-up":
        mine = _whose(ground, route, "own", is_unit=True)
        for position in POSITIONS:
            if ground.unit(position) != mine:
                yield reverse(route, kwargs=own) + f"?dv={ground.unit(position)}"


# ---------------------------------------------------------------- how it is made


def ground() -> Ground:
    """Make the trees, reorganise the first, put one thing of each kind into each of the cells."""
    here, there = world(), world(slug="hg")
    worlds = {"own": here, "branch": there, **_grown(here)}
    for position in ("merged", "closed"):
        around = worlds[position]
        logged(around, full_name=CANARIES[position], cell=around.cell, by=around.secretary)
    _reorganised(worlds)
    above = _above(worlds)
    people, posts = _people(worlds)
    values = _values(worlds)
    people["centre"] = User.objects.get(username=f"{here.cell.slug}-trungtam")
    posts["centre"] = [("centre", here.committee.slug)]
    return Ground(worlds, people, posts, above, values)


def _grown(here: World) -> dict[str, World]:
    """Return the worlds around further cells of the first tree."""
    other = unit("kc-dang-uy-2", here.top)
    third, fourth, moving = (cell(f"kc-{one}", other) for one in (3, 4, 5))
    merging, closing = (cell(f"kc-{one}", here.committee) for one in (6, 7))
    direct = unit("kc-8", here.top, kind="grassroots-cell", name="Chi bộ kc-8")
    staff = officer("kc-canbo-2", other, Role.STAFF)
    second, first = (here.secretary2, here.secretary)

    def around(committee: Organization, of: Organization, beside: Organization, by: User,
               secretary: User, secretary2: User) -> World:  # fmt: skip
        return replace(
            here, committee=committee, cell=of, sibling=beside, members=members(of, 26),
            staff=by, secretary=secretary, secretary2=secretary2,
        )  # fmt: skip

    by = {one.pk: officer(f"{one.slug}-bithu", one) for one in
          (third, fourth, moving, merging, closing, direct)}  # fmt: skip
    below = here.committee
    return {
        "sibling": around(below, here.sibling, here.cell, here.staff, second, first),
        "cousin": around(other, third, fourth, staff, by[third.pk], by[fourth.pk]),
        "above": around(here.top, direct, third, here.staff2, by[direct.pk], by[third.pk]),
        "moved": around(below, moving, fourth, here.staff, by[moving.pk], by[fourth.pk]),
        "merged": around(below, merging, here.sibling, here.staff, by[merging.pk], second),
        "closed": around(below, closing, here.sibling, here.staff, by[closing.pk], second),
    }


def _reorganised(worlds: dict[str, World]) -> None:
    """One cell moved here a year before, two others went into the sibling yesterday."""
    here = worlds["own"]
    into = [here.sibling]
    for number, (effective_on, events) in enumerate(
        (
            (date(2020, 1, 6), [("move", "moved", [here.committee])]),
            (date(2021, 5, 27), [("merge", "merged", into), ("dissolve", "closed", into)]),
        ),
        start=1,
    ):
        drafted = {"by": here.staff2, "on": DAY}
        decision = reorganizations.draft(
            here.top, **drafted, number=f"{number}-QĐ", signed_on=effective_on,
            signer="Lê Bí Thư", effective_on=effective_on,
        )  # fmt: skip
        for kind, position, results in events:
            reorganizations.add_event(
                decision, **drafted, kind=kind, sources=[worlds[position].cell], results=results
            )
        reorganizations.preview(decision, **drafted)
        reorganizations.confirm(decision, by=here.approver, on=DAY)
        [applied] = reorganizations.apply_due(on=DAY)
        assert applied.state == "applied", applied.state


def _above(worlds: dict[str, World]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for position, around in worlds.items():
        found[around.top.slug] = None
        if around.committee != around.top:
            found[around.committee.slug] = around.top.slug
        # What was merged lies beneath what it went into; what was closed stays where it was.
        into = around.sibling if position == "merged" else around.committee
        found[around.cell.slug] = into.slug
        if position in {"own", "branch", "cousin"}:
            found[around.sibling.slug] = around.committee.slug
    return found


def _people(worlds: dict[str, World]) -> tuple[dict[str, Anybody], dict[str, Any]]:
    """Return who asks, and the posts that they hold today."""
    here, other = worlds["own"], worlds["cousin"]
    made: dict[str, tuple[User, list[tuple[str, Organization]]]] = {
        "secretary": (here.secretary, [("secretary", here.cell)]),
        "secretary of sibling": (here.secretary2, [("secretary", here.sibling)]),
        "secretary elsewhere": (other.secretary, [("secretary", other.cell)]),
        "staff": (here.staff, [("staff", here.committee)]),
        "staff of sibling committee": (other.staff, [("staff", other.committee)]),
        "staff of top": (here.staff2, [("staff", here.top)]),
        "approver of top": (here.approver, [("approver", here.top)]),
        "leader of top": (here.leader, [("leader", here.top)]),
        "administrator": (here.administrator, [("administrator", here.top)]),
    }
    for who, username, posts in (
        ("secretary of two", "kc-hai-noi", [("secretary", here.cell), ("secretary", here.sibling)]),
        ("approver", "kc-duyet-2", [("approver", here.committee)]),
        ("leader", "kc-lanhdao-2", [("leader", here.committee)]),
        ("auditor", "kc-giamsat-2", [("auditor", here.committee)]),
    ):
        user = account(username)
        for role, to in posts:
            appointed(user, to, role)
        made[who] = user, posts
    closed, former, ended = account("da-khoa"), account("nguyen-bi-thu"), account("het-han")
    appointed(closed, here.cell)
    closed.is_active = False
    closed.save(update_fields=["is_active"])
    appointed(former, here.cell, until=date(2020, 7, 1))
    appointed(ended, here.cell, until=DAY)
    people: dict[str, Anybody] = {"anonymous": AnonymousUser(), "deactivated": closed}
    people |= {"former secretary": former, "ended yesterday": ended}
    people |= {who: user for who, (user, _posts) in made.items()}
    posts = {who: [(role, to.slug) for role, to in held] for who, (_user, held) in made.items()}
    return people, {who: posts.get(who, []) for who in people}


Maker = Callable[..., dict[tuple[str, str], dict[str, Any]]]
EVERYWHERE = (("own", "branch"), ("cousin", "moved"), ("sibling", "above"))
COMMITTEES = (("own", "branch"), ("cousin", "above"))
TOPS = (("own", "branch"),)
MAKERS: tuple[tuple[Maker, tuple[tuple[str, str], ...]], ...] = (
    (asked_of_people, EVERYWHERE),
    (asked_of_reorganizations, COMMITTEES),
    (asked_of_classes, EVERYWHERE),
    (asked_of_outcomes, EVERYWHERE[:2]),
    (asked_of_papers, EVERYWHERE),
    (asked_of_probation, EVERYWHERE[:2]),
    (asked_of_meetings, EVERYWHERE),
    (asked_of_moving, EVERYWHERE),
    (asked_of_rounds, TOPS),
    (asked_of_following, EVERYWHERE),
    (asked_of_cycles, COMMITTEES),
    (asked_of_scenarios, COMMITTEES),
    (asked_of_years, TOPS),  # the last: nothing is founded before a closed year
)


def _values(worlds: dict[str, World]) -> dict[tuple[str, str], dict[str, Any]]:
    files = {
        "own": candidate(worlds["own"], at=Stage.READY, full_name=CANARIES["own"]),
        **{
            position: candidate(worlds[position], full_name=CANARIES[position])
            for position in ("sibling", "cousin", "above", "branch", "moved")
        },
    }
    declared = {
        position: declare_no_source(
            around.cell, by=around.secretary, on=DAY, grounds="Đã xét hết",
            declared_on=DAY, review_on=date(2022, 1, 1),
        ).pk
        for position, around in worlds.items()
        if position not in {"merged", "closed"}
    }  # fmt: skip
    handed = {
        position: handover(around.cell, position, around.secretary).public_id
        for position, around in worlds.items()
        if position not in {"merged", "closed"}
    }
    names = {whose: account.username for whose, account in _accounts(worlds).items()}
    slugs = {
        **{position: around.cell.slug for position, around in worlds.items()},
        "above": worlds["own"].committee.slug,
        "top": worlds["own"].top.slug,
        "missing": "khong-co",
    }
    posts = {whose: one.appointments.first() for whose, one in _accounts(worlds).items()}
    found: dict[tuple[str, str], dict[str, Any]] = {
        ("", "public_id"): {whose: file.public_id for whose, file in files.items()}
        | {"missing": uuid4()},
        ("", "slug"): slugs,
        ("", "username"): {**names, "missing": "khong-co"},
        ("", "pk"): {whose: one.pk for whose, one in posts.items() if one} | NOT_THERE,
        ("", "number"): {**declared, **NOT_THERE},
        ("", "year"): {"own": 2021},
        ("", "indicator"): {"own": "KN11", "missing": "KN99"},
        ("", "kind"): {"own": "cell", "missing": "khong-co"},
        ("", "code"): {"own": next(iter(STEP_CODES.values())), "missing": "khong-co"},
    }
    for route in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        found[route, "pk"] = {"own": 0}
    found["", "erasure"] = _erasures(worlds)
    for route in ("handover-detail", "handover-note", "handover-acknowledge"):
        found[route, "public_id"] = {**handed, "missing": uuid4()}
    for maker, pairs in MAKERS:
        _merge(found, maker, pairs, worlds)
    found |= asked_of_rules(worlds["own"])
    return found


def _erasures(worlds: dict[str, World]) -> dict[str, Any]:
    """Closed files whose erasure somebody asked for."""
    found: dict[str, Any] = {"missing": uuid4()}
    for position in ("own", "sibling", "cousin", "branch"):
        around = worlds[position]
        file = logged(around, full_name=f"{CANARIES[position]} Nhỏ", born_on=date(1995, 2, 3))
        close_candidate(file, by=around.secretary, on=DAY, closed_on=DAY, reason="Thôi")
        found[position] = ask_erasure(
            file, by=around.secretary, on=DAY, ground="request", reason="Đơn"
        ).public_id
    return found


def _accounts(worlds: dict[str, World]) -> dict[str, User]:
    return {
        position: around.secretary
        for position, around in worlds.items()
        if position not in {"merged", "closed"}
    }


def _merge(
    found: dict[tuple[str, str], dict[str, Any]],
    maker: Maker,
    pairs: tuple[tuple[str, str], ...],
    worlds: dict[str, World],
) -> None:
    """Let `maker` make things in two worlds at a time, and add them by whose they are."""
    takes = maker.__code__.co_varnames[: maker.__code__.co_argcount]
    for first, second in pairs:
        beside = {"own": "sibling", "sibling": "own"}.get(first, "cousin")
        canaries = {"own": CANARIES[first], "foreign": CANARIES[second]}
        canaries["sibling"] = f"{CANARIES[beside]} Sau"  # beside the one who is asked for there
        more = [canaries] if "canaries" in takes else []
        for key, rows in maker(worlds[first], worlds[second], *more).items():
            kept = found.setdefault(key, {})
            if key[0] in {"member-restore", "transfer-return"}:
                rows.pop("foreign")  # who never left
            for word, value in rows.items():
                if word == "missing":
                    kept.setdefault("missing", value)
                elif word == "own":
                    kept[first] = value
                elif word == "foreign":
                    kept[second] = value

"""What pages ask of the database at the size of the country, and how soon they are there."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from itertools import cycle

from django.db import connection
from django.test import Client
from django.urls import reverse

from admissions.filters import CandidateFilter
from admissions.models import Candidate
from benchmarks.measuring import Figure, in_the_database, milliseconds, p95, sampled
from benchmarks.nation import DAY, YEAR
from config.periods import between
from organizations.models import Appointment, Organization, Role, Scope, User
from reports.selectors.standing import look, standings
from targets.models import Attainment

SECONDS = 6.0
"""How long each is asked at the most."""
MOST = 100
LISTED = "files of a {}, first page of the list"

# Grassroots organisations by percent of their target; nobody's page stores that order.
RANKED = f"""
    SELECT unit.id, shown.admitted, shown.target_low
    FROM targets_attainment AS shown
    JOIN organizations_organization AS unit ON unit.id = shown.organization_id
    {{within}}
    WHERE shown.year = {YEAR} AND shown.lens = 'then' AND unit.is_grassroots_unit
        AND shown.target_low > 0
    ORDER BY shown.admitted::float8 / shown.target_low DESC, unit.id LIMIT 50
"""
WITHIN = f"""
    JOIN organizations_ancestry AS line ON line.descendant_id = unit.id
        AND line.ancestor_id = %s AND line.valid_from <= '{DAY}' AND line.valid_to > '{DAY}'
"""


def measure() -> list[Figure]:
    """Measure in the present database, whose years are computed."""
    import_module("config.wsgi")  # what the web's door does as it opens
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    units = {kind: _units(kind) for kind in ("province", "superior", "commune", "cell")}
    staff = {kind: _staff(found[0], Role.STAFF) for kind, found in units.items()}
    return [*_statements(units, staff), *_pages(units)]


def _units(kind: str) -> list[Organization]:
    """Return up to 40 organisations of `kind`, spread over all of them."""
    found = Organization.objects.filter(designations__kind=kind).called(on=DAY).order_by("pk")
    return list(found[:: max(1, found.count() // 40)][:40])


def _staff(organization: Organization, role: Role) -> User:
    user = User.objects.create(username=f"{role}-{organization.pk}", full_name=str(role))
    Appointment.objects.create(
        user=user, organization=organization, role=role,
        period=between(organization.period.lower, None),
    )  # fmt: skip
    return user


def _scope(user: User) -> Scope:
    return Appointment.objects.scope_of(user, roles=Role.sees_names(), on=DAY)


# ------------------------------------------------------------------ statements


def _statements(units: dict[str, list[Organization]], staff: dict[str, User]) -> list[Figure]:
    given = look(YEAR, lens=Attainment.Lens.THEN, today=DAY)
    every = cycle(unit for found in units.values() for unit in found)
    above = cycle([*units["superior"], *units["commune"]])
    provinces = cycle(units["province"])

    def header() -> None:
        standings([next(every)], given, shares=None)

    def children() -> None:
        beneath = Organization.objects.beneath(next(above), on=DAY)
        standings(beneath.called(on=DAY), given, shares=None)

    def page() -> None:
        _ask(RANKED.format(within=WITHIN), [next(provinces).pk])

    def files(user: User, text: str = "") -> Callable[[], None]:
        def ask() -> None:
            asked = {"q": text} if text else None
            named = Candidate.objects.select_related("person").with_cell_name(on=DAY)
            list(CandidateFilter(asked, named, scope=_scope(user)).listed[:50])

        return ask

    def prefix() -> None:
        named = Candidate.objects.select_related("person").each_within(_scope(staff["province"]))
        list(named.filter(person__name_search__startswith="tran van h")[:50])

    asked = {
        "header": (header, 5.0, "an organisation's figures"),
        "children": (children, 5.0, "all directly beneath a committee, with names"),
        "province_page": (page, 5.0, "the best 50 grassroots organisations of a province"),
        "top_50": (lambda: _ask(RANKED.format(within="")), 5.0, "the best 50 of the country"),
        "files_of_a_province": (files(staff["province"]), 5.0, LISTED.format("province")),
        "files_of_a_district": (files(staff["superior"]), 5.0, LISTED.format("superior committee")),
        "files_of_a_commune": (files(staff["commune"]), 5.0, LISTED.format("grassroots committee")),
        "name_prefix": (prefix, 30.0, "files of a province, names that begin so"),
        "name_substring": (files(staff["province"], "van hung"), 120.0,
                           "the list of a province, text in a name"),
    }  # fmt: skip
    found = []
    for name, (case, bar, what) in asked.items():
        case()
        taken = sampled(lambda case=case: _database_time(case), most=MOST, seconds=SECONDS)
        title = f"SQL, p95: {what}"
        found.append(Figure(f"sql_{name}_p95_ms", title, p95(taken), "ms", bar))
    worst = max(found[:7], key=lambda one: one.value)
    return [
        Figure("dashboard_p95_ms", "Dashboard SQL, the slowest of the seven below, p95",
               worst.value, "ms", 5, note=worst.title.removeprefix("SQL, p95: ")),
        *found,
    ]  # fmt: skip


def _ask(statement: str, parameters: list[int] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        cursor.fetchall()


def _database_time(case: Callable[[], None]) -> float:
    with in_the_database() as clock:
        case()
    return clock.milliseconds


# ------------------------------------------------------------------ pages


def _pages(units: dict[str, list[Organization]]) -> list[Figure]:
    top = Organization.objects.get(pk=1)
    readers = [top, units["province"][0], units["superior"][0], units["commune"][0]]
    leaders = [_client(_staff(unit, Role.LEADER)) for unit in readers]
    dashboard = reverse("dashboard", args=[YEAR])
    dashboards = cycle([(client, dashboard) for client in leaders])
    units_list = cycle([(leaders[1], reverse("organization-list"))])
    clerk = _client(_staff(units["province"][-1], Role.STAFF))
    files = cycle([(clerk, reverse("candidate-list"))])
    found = []
    for key, title, pages, bar in (
        ("http_dashboard_p95_ms", "HTTP, p95: dashboards of the top, a province, a superior and a"
         " grassroots committee", dashboards, 100.0),
        ("http_organizations_p95_ms", "HTTP, p95: list of a province's organisations", units_list,
         None),
        ("http_files_p95_ms", "HTTP, p95: list of a province's files", files, None),
    ):  # fmt: skip
        for _warming in range(4):
            _get(*next(pages))
        taken = sampled(
            lambda pages=pages: milliseconds(lambda: _get(*next(pages))),
            most=MOST,
            seconds=SECONDS,
        )
        found.append(Figure(key, title, p95(taken), "ms", bar, note="Django's test client"))
    return found


def _client(user: User) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    return client


def _get(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, (answer.status_code, address)

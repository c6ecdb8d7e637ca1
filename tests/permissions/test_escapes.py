"""Each way in which records escaped from products like this one, tried here: a class for each.

What the matrix asks of every route is not asked again; these are the ways around a route's check:
a filter, a batch, a choice, a file, another surface, a log, a tree that changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from admissions.models import Candidate
from config.environment import BASE_DIR
from config.periods import between
from organizations.models import AccessEvent, Appointment, AuditEvent, Role
from targets.models import TargetDraft
from tests.makers import BEGINNING, DAY, logged, officer, once
from tests.permissions.expected import ROUTES
from tests.permissions.ground import CANARIES, Ground
from tests.reports.everywhere import ask, client, patterns

READERS = ("secretary", "staff of sibling committee", "auditor")
"""One of a cell, one of a committee, one who only reads."""


def hidden_from(ground: Ground, who: str) -> set[str]:
    """Return the names of those of whom `who` may not read."""
    naming = {"secretary", "staff", "approver", "auditor"}
    units = {
        position: ground.worlds["sibling" if position in {"merged", "closed"} else position].cell
        for position in CANARIES
    }
    return {
        CANARIES[position]
        for position, cell in units.items()
        if not any(
            role in naming and at in ground.line(cell.slug) for role, at in ground.posts[who]
        )
    }


def told(answer: Any, names: set[str]) -> set[str]:
    body = answer.content.decode(errors="replace")
    return {name for name in names if name in body or name in str(answer.headers)}


def lists() -> list[str]:
    """Return the addresses of the pages that are about nothing that an address names."""
    by_name = {str(pattern.name): pattern.pattern.converters for pattern in patterns()}
    return [reverse(name) for name, row in ROUTES.items() if "get" in row and not by_name[name]]


def asked_by_forms(body: str) -> Iterator[tuple[str, str]]:
    """Return (name, value) of what the filters of a page can be set to."""
    for form in re.findall(r"<form[^>]*method=\"get\".*?</form>", body, re.S | re.I):
        for name, inside in re.findall(
            r"<select[^>]*name=\"([^\"]+)\"[^>]*>(.*?)</select>", form, re.S
        ):
            for value in re.findall(r"<option[^>]*value=\"([^\"]+)\"", inside)[:6]:
                yield name, value
        for tag in re.findall(r"<input[^>]*>", form):
            name, kind = (re.search(rf'\b{word}="([^"]*)"', tag) for word in ("name", "type"))
            if name and kind and kind[1] in {"text", "search"}:
                yield name[1], "Chim"
            elif name and kind and kind[1] in {"checkbox", "radio"}:
                value = re.search(r'\bvalue="([^"]*)"', tag)
                yield name[1], value[1] if value else "on"


@pytest.mark.slow
class TestListScope:
    """A list endpoint that returned the rows of every sibling (pretix CVE-2026-5600)."""

    @pytest.mark.parametrize("who", READERS)
    def test_no_filter_of_any_list_tells_of_another_unit(self, ground: Ground, who: str) -> None:
        browser, hidden, asked = client(ground.people[who]), hidden_from(ground, who), 0
        for path in lists():
            page = ask(browser, "get", path)
            if page.status_code != 200:
                continue
            for name, value in {*asked_by_forms(page.content.decode(errors="replace"))}:
                answer = ask(browser, "get", path, {name: value})
                asked += 1
                assert answer.status_code < 500, (path, name, value)
                assert told(answer, hidden) == set(), (path, name, value)
        assert asked > 15  # what is typed goes by POST and is asked for elsewhere


class TestFileOwnership:
    """An export fetched by its address, its owner not checked (pretix CVE-2026-9712)."""

    def scan(self, ground: Ground) -> str:
        wanted = ("public_id", "paper", "scan")
        return reverse(
            "candidate-scan", args=[ground.of("candidate-scan", one)["own"] for one in wanted]
        )

    def test_a_scan_and_a_workbook_are_given_to_nobody_whose_role_has_ended(
        self, ground: Ground
    ) -> None:
        scan = self.scan(ground)
        grid = f"{reverse('target-export', args=[2021])}?dv={ground.unit('above')}"
        for who, path in (("secretary", scan), ("staff", grid)):
            browser = client(ground.people[who])
            assert ask(browser, "get", path).status_code == 200
            held = Appointment.objects.filter(user=ground.people[who].pk)
            held.update(period=between(BEGINNING, DAY))
            for method in ("get", "post"):
                status = ask(browser, method, path, {"reason": "Thẩm định"}).status_code
                assert status in {404, 405}, (who, method)

    def test_a_scan_is_given_out_to_nobody_beside_the_cell(self, ground: Ground) -> None:
        for who in (
            "secretary of sibling",
            "staff of sibling committee",
            "leader",
            "administrator",
        ):
            answer = ask(
                client(ground.people[who]), "post", self.scan(ground), {"reason": "Thẩm định"}
            )
            assert answer.status_code == 404, who


class TestImportIsNotEdit:
    """A bulk import asked for the right to add and changed rows by their id (netbox #22617)."""

    def test_an_imported_row_about_a_unit_elsewhere_changes_nothing(self, ground: Ground) -> None:
        path = f"{reverse('target-import', args=[2021])}?dv={ground.unit('above')}"
        browser = client(ground.people["staff"])
        before = list(TargetDraft.objects.order_by("pk").values())
        for position in ("cousin", "branch", "above"):
            foreign = ground.worlds[position].cell.pk
            values = {"write": "1", "marks": f"{foreign}:0::38", "once": once()}
            assert browser.post(path, values).status_code in {404, 409, 422}
            assert list(TargetDraft.objects.order_by("pk").values()) == before


class TestChoiceOracle:
    """A choice in a form answered differently for what is hidden (netbox #21988).

    What is typed into each choice: tests/reports/test_every_filling.py.
    """

    def test_no_form_offers_anything_of_another_tree(self, ground: Ground) -> None:
        own = ground.of("candidate-step", "public_id")["own"]
        steps = ("giup-do", "gioi-thieu", "chuyen-di", "lop-hoc", "gui-tham-tra")
        paths = [reverse("candidate-step", args=[own, code]) for code in steps]
        paths += [reverse(name) for name in ("candidate-new", "member-new", "transfer-arrival")]
        person = ground.of("transfer-new", "person")["own"]
        paths.append(reverse("transfer-new", args=[person]))
        browser, hidden = client(ground.people["secretary"]), hidden_from(ground, "secretary")
        for path in paths:
            body = ask(browser, "get", path).content.decode()
            assert "hg-" not in body, path
            assert {name for name in hidden if name in body} == set(), path


PRODUCT = ("admissions", "organizations", "targets", "reports", "config")


def sources() -> Iterator[tuple[Path, str]]:
    for app in PRODUCT:
        for path in sorted((BASE_DIR / app).rglob("*.py")):
            yield path, path.read_text("utf-8")


class TestPermissionWithoutTheObject:
    """A permission function called without the object (netbox #22429)."""

    def test_no_permission_is_asked_for_without_saying_over_what(self) -> None:
        banned = re.compile(r"\bhas_perms?\(|\buser_passes_test\b|\bis_superuser\b.*\bif\b")
        assert [path.name for path, text in sources() if banned.search(text)] == []
        loose = re.compile(
            r"(?<!def )\b(acts|acts_at)\((?![^()]*(?:\([^()]*\)[^()]*)*\b(over|at)=)"
        )
        assert [path.name for path, text in sources() if loose.search(text)] == []


class TestSurfaceParity:
    """One surface hid it, another did not (netbox #22578)."""

    @pytest.mark.parametrize("who", ["secretary", "staff", "staff of sibling committee", "auditor"])
    def test_list_search_and_page_of_a_file_are_of_the_same_people(
        self, ground: Ground, who: str
    ) -> None:
        browser, user = client(ground.people[who]), ground.people[who]
        files = Candidate.objects.filter(person__full_name__in=CANARIES.values())
        may = set(Candidate.objects.visible_to(user, on=DAY).values_list("pk", flat=True))
        for file in files.select_related("person"):
            name, path = file.person.full_name, reverse("candidate-detail", args=[file.public_id])
            found = ask(browser, "get", reverse("candidate-list"), {"q": name})
            is_listed = path in found.content.decode()
            is_shown = ask(browser, "get", path).status_code == 200
            assert is_listed == is_shown == (file.pk in may), (who, name)


class TestAggregateScope:
    """A summary ran another query, without the scope (netbox #16093)."""

    COUNT = """
        SELECT count(*) FROM admissions_candidate AS file
        JOIN organizations_ancestry AS line ON line.descendant_id = file.cell_id
        WHERE file.stage <> 'closed' AND line.ancestor_id = %s
            AND line.valid_from <= %s AND line.valid_to > %s
    """

    @pytest.mark.parametrize(
        ("who", "position"), [("secretary", "own"), ("staff", "above"), ("auditor", "above")]
    )
    def test_the_number_of_files_is_an_independent_count_of_the_scope(
        self, ground: Ground, who: str, position: str
    ) -> None:
        here = ground.worlds["own"]
        unit = here.cell if position == "own" else here.committee
        with connection.cursor() as cursor:
            cursor.execute(self.COUNT, [unit.pk, DAY, DAY])
            (number,) = cursor.fetchone()
        page = ask(client(ground.people[who]), "get", reverse("candidate-list"))
        assert page.context["total"] == number

    def test_a_leader_reads_numbers_and_no_name(self, ground: Ground) -> None:
        browser, hidden = client(ground.people["leader"]), set(CANARIES.values())
        for name in ("organization-files", "organization-people", "organization-detail"):
            answer = ask(browser, "get", reverse(name, args=[ground.unit("above")]))
            assert answer.status_code == 200
            assert told(answer, hidden) == set(), name


class TestEveryRow:
    """Only the first row was checked, all were taken (hitobito #3602)."""

    def test_a_class_takes_none_of_a_batch_with_one_of_another_cell(self, ground: Ground) -> None:
        school = ground.of("class-propose", "public_id")["own"]
        here = ground.worlds["own"]
        own = logged(here, full_name="Vũ Văn Được").pk
        foreign = Candidate.objects.get(person__full_name=CANARIES["sibling"], stage="source").pk
        values = {"candidates": [str(own), str(foreign)], "proposed_on": f"{DAY:%d/%m/%Y}"}
        browser = client(ground.people["secretary"])
        answer = browser.post(reverse("class-propose", args=[school]), {**values, "once": once()})
        assert answer.status_code == 422
        assert not Candidate.objects.filter(pk__in=[own, foreign], enrolments__isnull=False)

    def test_a_grid_saves_none_of_a_batch_with_one_unit_elsewhere(self, ground: Ground) -> None:
        here, other = ground.worlds["own"], ground.worlds["cousin"]
        before = list(TargetDraft.objects.order_by("pk").values())
        values = {
            f"target-{here.cell.pk}": "4", f"target-{other.cell.pk}": "5",
            "seen": f"{here.cell.pk}:0:,{other.cell.pk}:0:", "once": once(),
        }  # fmt: skip
        path = f"{reverse('target-grid', args=[2021])}?dv={here.committee.slug}"
        answer = client(ground.people["staff"]).post(path, values)
        drafts = TargetDraft.objects.filter(
            organization=other.cell, cycle__organization=here.committee
        )
        assert answer.status_code in {303, 409, 422}
        assert not drafts.exists()
        if answer.status_code != 303:
            assert list(TargetDraft.objects.order_by("pk").values()) == before


class TestNoPermissionOfItsOwn:
    """A class that overrode another lost the check of the base (Sentry PR 108480)."""

    def test_no_view_names_permissions_of_its_own(self) -> None:
        banned = re.compile(r"permission_required|PermissionRequiredMixin|UserPassesTestMixin")
        assert [path.name for path, text in sources() if banned.search(text)] == []

    def test_only_the_way_in_is_open_to_whoever_is_not_signed_in(self) -> None:
        opened = {
            str(pattern.name)
            for pattern in patterns()
            if getattr(pattern.callback, "login_required", True) is False
        }
        assert opened <= {
            *("account_login", "account_logout", "display", "help", "robots", "healthz", "readyz"),
            *("home", "first-start", "start-code"),
            *("mfa_authenticate", "mfa_login_webauthn"),  # the second half of the way in
        }  # fmt: skip


class TestAuditScope:
    """Rows of the log that belonged to no unit were shown to everyone (Airflow PR 70759)."""

    def test_what_belongs_to_no_unit_is_read_by_an_auditor_of_a_whole_tree_alone(
        self, ground: Ground
    ) -> None:
        written = AuditEvent.objects.create(kind="write", action="x", words="Written of no unit")
        read = AccessEvent.objects.create(action="x", words="Read of no unit")
        of_all = officer("giam-sat-ca-cay", ground.worlds["own"].top, Role.AUDITOR)
        pages = [reverse("audit-list"), reverse("audit-readings")]

        shown = {
            who: [one for one in (written, read) for page in pages
                  if one.words in ask(client(user), "get", page).content.decode()]
            for who, user in {**ground.people, "auditor of all": of_all}.items()
        }  # fmt: skip

        assert shown.pop("auditor of all") == [written, read]
        assert set(map(tuple, shown.values())) == {()}
        assert len(shown) == len(ground.people)


class TestTreeMove:
    """A check of the subtree was wrong once the tree had changed (DHIS2 PR 16678).

    The matrix asks every route about a cell that moved, was merged or closed; here a role goes.
    """

    def test_what_a_cell_keeps_is_read_beneath_the_new_committee_alone(
        self, ground: Ground
    ) -> None:
        path = reverse(
            "candidate-detail", args=[ground.of("candidate-detail", "public_id")["moved"]]
        )
        seen = {
            who: ask(client(ground.people[who]), "get", path).status_code
            for who in ("staff", "auditor", "staff of sibling committee", "secretary")
        }
        assert seen == {
            "staff": 200, "auditor": 200, "staff of sibling committee": 404, "secretary": 404,
        }  # fmt: skip

    def test_a_role_for_one_day_opens_it_for_that_day(self, ground: Ground) -> None:
        path = reverse(
            "candidate-detail", args=[ground.of("candidate-detail", "public_id")["moved"]]
        )
        user, cell = ground.people["former secretary"], ground.worlds["moved"].cell
        browser = client(user)
        assert ask(browser, "get", path).status_code == 404
        held = Appointment.objects.create(
            user=user, organization=cell, role=Role.SECRETARY,
            period=between(DAY - timedelta(days=9), DAY + timedelta(days=1)),
        )  # fmt: skip
        assert ask(browser, "get", path).status_code == 200
        Appointment.objects.filter(pk=held.pk).update(period=between(DAY - timedelta(days=9), DAY))
        assert ask(browser, "get", path).status_code == 404

"""The ancestry compared with the placements: what was tampered with is told, not repaired."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from organizations import tasks
from organizations.models import Ancestry, Job, Organization
from organizations.operations import ancestry
from tests.database import OwnerRole
from tests.organizations.decisions import tree
from tests.organizations.makers import BEGINNING, cell, unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def low(db: None) -> Organization:
    return cell("to-1", unit("dang-bo", unit("tren", kind="superior")))


def verified(**options: Any) -> tuple[str, int]:
    """What the command prints, and its exit code."""
    out = io.StringIO()
    try:
        call_command("verify_ancestry", stdout=out, **options)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code or 0)
    return out.getvalue(), 0


def test_what_the_placements_say_is_right(low: Organization) -> None:
    printed, code = verified()

    assert code == 0
    assert printed.splitlines() == [
        "6 lines of ancestry",
        "0 missing lines",
        "0 lines too many",
        "0 organisations without a place on some day",
        "0 placements before their organisation",
        "0 placements beneath what did not exist",
        "0 lines of 32 steps or more",
        "0 lines in a circle",
    ]
    assert json.loads(verified(json=True)[0])["differences"]["missing lines"] == 0


@pytest.mark.thorough
def test_a_decision_leaves_it_right() -> None:
    here = tree()
    here.applied(here.draft(("merge", [here.mine], [here.other]), ("dissolve", [here.four], [])))

    assert verified()[1] == 0


TAMPERED = {
    "missing lines": "DELETE FROM organizations_ancestry WHERE depth = 2",
    "lines too many": (
        "INSERT INTO organizations_ancestry"
        " (descendant_id, ancestor_id, depth, valid_from, valid_to)"
        " SELECT ancestor_id, descendant_id, 1, '2022-01-01', '2022-02-01'"
        " FROM organizations_ancestry WHERE depth = 1 LIMIT 1"
    ),
    "organisations without a place on some day": (
        "UPDATE organizations_placement SET period = daterange(lower(period), '2021-03-01')"
        " WHERE organization_id = (SELECT id FROM organizations_organization WHERE slug = 'to-1')"
    ),
    "placements before their organisation": (
        "UPDATE organizations_organization SET period = daterange('2021-02-01', NULL)"
        " WHERE slug = 'to-1'"
    ),
    "placements beneath what did not exist": (
        "UPDATE organizations_organization SET period = daterange('2021-02-01', NULL)"
        " WHERE slug = 'dang-bo'"
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_the_owner_tampers_with_is_told(
    what: str, low: Organization, owner_role: OwnerRole
) -> None:
    with owner_role() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger refuses it
        cursor.execute(TAMPERED[what])
        cursor.execute("SET LOCAL session_replication_role = origin")

    printed, code = verified()

    assert code == 1
    assert f"0 {what}" not in printed.splitlines()
    assert any(line.startswith(f"{what}: ") for line in printed.splitlines())
    told = json.loads(verified(json=True)[0])
    assert told["differences"][what] >= 1
    assert told["first"]


def test_a_line_too_long_to_be_derived_is_told() -> None:
    above = unit("tren", kind="superior")
    for number in range(31):
        above = unit(f"bac-{number}", above)
    assert ancestry.verify().is_right  # 31 steps

    unit("bac-31", above)

    assert ancestry.verify().differences["lines of 32 steps or more"] == 1


def test_a_circle_is_told_and_the_command_ends(low: Organization, owner_role: OwnerRole) -> None:
    with owner_role() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger refuses it
        cursor.execute(
            "UPDATE organizations_placement SET parent_id = %s WHERE parent_id IS NULL", [low.pk]
        )
        cursor.execute("SET LOCAL session_replication_role = origin")

    found = ancestry.verify()

    assert found.differences["lines in a circle"] > 0
    assert not found.is_right


def test_the_nightly_job_is_done_or_fails_with_the_difference(
    low: Organization, owner_role: OwnerRole
) -> None:
    tasks.verify_ancestry()
    right = Job.objects.get()
    assert (right.kind, right.state, right.done, right.errors) == ("verify-ancestry", "done", 1, [])

    with owner_role() as cursor:
        cursor.execute("DELETE FROM organizations_ancestry WHERE depth = 2")
    tasks.verify_ancestry()

    wrong = Job.objects.latest("pk")
    assert wrong.state == "failed"
    top = Organization.objects.get(slug="tren").pk
    assert wrong.errors[0] == f"missing lines: {low.pk} {top} 2 {BEGINNING} 9999-12-31"
    assert not Ancestry.objects.filter(depth=2).exists()  # told, not repaired

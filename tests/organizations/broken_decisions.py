"""Rows of decisions, and those that break a constraint; tried in test_constraints.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from organizations.models import (
    EventAssignment,
    EventUnit,
    Lineage,
    Organization,
    Reorganization,
    ReorganizationEvent,
)
from tests.organizations.makers import account, cell, person, unit

SIGNED = date(2021, 4, 20)
EFFECTIVE = date(2021, 5, 1)
INSTANT = datetime(2021, 5, 28, tzinfo=UTC)


def top() -> Organization:
    return Organization.objects.filter(slug="tren").first() or unit("tren", kind="superior")


def decision(**columns: Any) -> Reorganization:
    return Reorganization(
        **{
            "organization": columns.get("organization") or top(),
            "number": "1-QĐ",
            "signed_on": SIGNED,
            "signer": "Nguyễn Văn Ký",
            "effective_on": EFFECTIVE,
            "entered_by": columns.get("entered_by") or account(f"nhap-{len(columns)}"),
            **columns,
        }
    )


def confirmed(**columns: Any) -> Reorganization:
    return decision(
        **{
            "state": "confirmed",
            "confirmed_by": account("duyet"),
            "confirmed_at": INSTANT,
            **columns,
        }
    )


def confirmed_by_who_drafted() -> Reorganization:
    one = account("mot-nguoi")
    return confirmed(entered_by=one, confirmed_by=one)


def saved(row: Any) -> Any:
    row.save()
    return row


def second_number() -> Reorganization:
    first = saved(decision())
    return decision(
        organization=first.organization, entered_by=first.entered_by, signed_on=date(2021, 12, 31)
    )


def event(**columns: Any) -> ReorganizationEvent:
    given = columns.get("reorganization") or saved(decision())
    return ReorganizationEvent(
        **{
            "reorganization": given,
            "position": 1,
            "kind": "move",
            "entered_by": given.entered_by,
            **columns,
        }
    )


def second_row() -> ReorganizationEvent:
    first = saved(event())
    return event(reorganization=first.reorganization)


def event_unit(**columns: Any) -> EventUnit:
    return EventUnit(
        **{
            "event": columns.get("event") or saved(event()),
            "part": "source",
            "organization": top(),
            **columns,
        }
    )


def named_twice() -> EventUnit:
    first = saved(event_unit())
    return event_unit(event=first.event, position=2)


def assignment(**columns: Any) -> EventAssignment:
    result = columns.get("unit") or saved(event_unit(part="result"))
    return EventAssignment(**{"event": result.event, "person": person(), "unit": result, **columns})


def assigned_twice() -> EventAssignment:
    first = saved(assignment())
    return assignment(unit=first.unit, person=first.person)


def lineage(**columns: Any) -> Lineage:
    return Lineage(
        **{
            "predecessor": columns.get("predecessor") or cell("truoc", top()),
            "successor": columns.get("successor") or cell("sau", top()),
            "kind": "merge",
            "reorganization": columns.get("reorganization") or saved(decision()),
            "on": EFFECTIVE,
            **columns,
        }
    )


def said_twice() -> Lineage:
    first = saved(lineage())
    return lineage(
        predecessor=first.predecessor,
        successor=first.successor,
        reorganization=first.reorganization,
    )


BROKEN: list[tuple[str, Callable[[], Any]]] = [
    ("reorganization_number_once_per_organization_and_year", second_number),
    ("reorganization_has_a_number", lambda: decision(number="")),
    ("reorganization_confirmed_by_a_second_person", confirmed_by_who_drafted),
    ("reorganization_confirmed_by_a_second_person", lambda: decision(state="confirmed")),
    ("reorganization_confirmed_by_a_second_person", lambda: decision(state="failed")),
    ("reorganization_confirmed_by_a_second_person", lambda: confirmed(confirmed_at=None)),
    (
        "reorganization_cancelled_with_a_reason",
        lambda: decision(state="cancelled", cancelled_by=account("huy"), cancelled_at=INSTANT),
    ),
    (
        "reorganization_cancelled_with_a_reason",
        lambda: decision(state="cancelled", cancel_reason="Thôi", cancelled_at=INSTANT),
    ),
    ("reorganization_applied_at_an_instant", lambda: confirmed(state="applied", outcome={})),
    (
        "reorganization_applied_at_an_instant",
        lambda: confirmed(state="applied", applied_at=INSTANT),
    ),
    ("reorganization_event_one_per_row", second_row),
    ("event_unit_exists_or_is_described", lambda: event_unit(organization=None)),
    (
        "event_unit_exists_or_is_described",
        lambda: event_unit(part="result", is_new=True, organization=None, kind_id="cell"),
    ),
    (
        "event_unit_exists_or_is_described",
        lambda: event_unit(is_new=True, organization=None, kind_id="cell", name="Chi bộ"),
    ),
    ("event_unit_once_in_its_part", named_twice),
    ("event_assignment_one_unit_per_person", assigned_twice),
    ("lineage_said_once", said_twice),
    ("lineage_not_of_itself", lambda: lineage(predecessor=top(), successor=top())),
]

KEPT: dict[str, Callable[[], Any]] = {
    "Reorganization": lambda: saved(decision()),
    "ReorganizationEvent": lambda: saved(event()),
    "EventUnit": lambda: saved(event_unit()),
    "EventAssignment": lambda: saved(assignment()),
    "Lineage": lambda: saved(lineage()),
}

"""What addresses of reorganisations name, and what their forms take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import uuid4

from django.urls import reverse

from organizations.models import Reorganization, User
from organizations.operations import reorganizations as operations
from organizations.operations.reorganizations import NewUnit
from targets.operations.targets import assign_target
from tests.makers import DAY, World, cell, members
from tests.reports.people_asked import Asked

DAYS = "28/05/2021"


def asked_of_reorganizations(here: World, there: World) -> Asked:
    """Return drafts of two trees, each with a split in row 1 that is ready to be confirmed."""
    return {
        ("", "decision"): {
            "own": _draft(here).public_id,
            "foreign": _draft(there).public_id,
            "missing": uuid4(),
        },
        ("", "row"): {"own": 1, "missing": 987_654_321},
    }


def _draft(where: World) -> Reorganization:
    """Return a draft that splits a cell of two members, who are assigned; with its preview."""
    source = cell(f"{where.committee.slug}-tach", where.committee)
    people = members(source, 2)
    given = {"decision_number": "1-QĐ", "decided_on": DAY}
    assign_target(source, by=where.staff, on=DAY, year=2021, low=2, high=2, **given)
    who = {"by": where.staff, "on": DAY}
    draft = operations.draft(
        where.committee, **who, number="77-QĐ/ĐU", signed_on=date(2021, 5, 20),
        signer="Lê Bí Thư", effective_on=DAY,
    )  # fmt: skip
    parts = [source, NewUnit(name="Chi bộ Tách Ra", kind="cell")]
    event = operations.add_event(draft, **who, kind="split", sources=[source], results=parts)
    stays, new = event.units.filter(part="result").order_by("position")
    operations.assign(event, **who, people={people[0].pk: stays.pk, people[1].pk: new.pk})
    carried = {f"target-{source.pk}": f"carry-{stays.pk}"}
    operations.choose(event, **who, label="targets", cleaned=carried)
    return operations.preview(draft, **who)


def forms_of_reorganizations(
    here: World, asked: Asked
) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for every form about reorganisations."""
    draft = Reorganization.objects.get(public_id=asked["", "decision"]["own"])
    event = draft.events.get()
    source = event.units.get(part="source").organization
    stays, new = event.units.filter(part="result").order_by("position")
    seen = {"version": str(draft.version)}
    head = {"number": "78-QĐ", "signed_on": DAYS, "signer": "Lê Bí Thư", "effective_on": DAYS,
            "note": "Ghi"}  # fmt: skip
    own, one, other = [draft.public_id], f"x [{here.cell.slug}]", f"x [{here.sibling.slug}]"
    under = f"x [{here.committee.slug}]"
    new_unit = {"name": "Chi bộ Nào", "short_name": "Nào", "kind": "cell"}

    def at(name: str, *more: int) -> str:
        return reverse(f"reorganization-{name}", args=[*own, *more])

    yield here.staff, reverse("reorganization-new"), {**head, "organization": under}
    yield here.staff, at("edit"), {**head, **seen}
    for kind, typed in {
        "found": {**new_unit, "under": under},
        "merge": {"merged": one, "into": other},
        "split": {"whole": one, "stays": "on", "parts": "Chi bộ Nào; Nào", "kind": "cell"},
        "move": {"moved": one, "superior_unit": under},
        "convert": {"converted": one, "kind": "grassroots-cell", "name": "", "short_name": "",
                    "parts": "", "parts_kind": ""},
        "dissolve": {"ended": one, "receivers": other},
    }.items():  # fmt: skip
        yield here.staff, f"{at('event-new')}?loai={kind}", {**typed, **seen}
    rows = "Thành lập\t\tChi bộ Dán\tcell\n"
    yield here.staff, at("import"), {"table": rows, "write": "1", **seen}
    person = event.assignments.order_by("pk").values_list("person", flat=True)[0]
    yield here.staff, at("assign", 1), {f"p{person}": str(new.pk), "rest": str(stays.pk), **seen}
    assert source is not None
    target = {f"targets-target-{source.pk}": f"carry-{new.pk}"}
    yield here.staff, at("choices", 1), {**target, **seen}
    yield here.staff, at("withdraw", 1), seen
    yield here.staff, at("preview"), {}
    yield here.approver, at("confirm"), seen
    yield here.staff, at("cancel"), {"reason": "Hoãn", **seen}

"""What addresses of classes name, and what their forms take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.urls import reverse

from admissions.models import AwarenessClass, Candidate, Enrolment
from admissions.operations.classes import propose
from admissions.operations.preparation import put_on_list
from organizations.models import Role, User
from tests.makers import DAY, WAY, World, enrolled, logged, officer, planned_class

Asked = dict[tuple[str, str], dict[str, Any]]
"""{(route, or "" for all; parameter): {whose: value}}, own first."""

OPEN = {"starts_on": DAY, "ends_on": DAY, "enrol_by": DAY, "places": 5}
ROUTES = (
    "class-detail", "class-edit", "class-cancel", "class-propose", "class-answer", "class-mark",
    "class-withdraw",
)  # fmt: skip


def asked_of_classes(here: World, there: World) -> Asked:
    """Return rows of all that these addresses name: a class of each of two trees, filled."""
    own, foreign = _filled(here), _filled(there)
    schools = {
        "own": own.school.public_id,
        "foreign": foreign.school.public_id,
        "missing": uuid4(),
    }
    return {(route, "public_id"): schools for route in ROUTES} | {
        ("class-withdraw", "enrolment"): {
            "own": own.pk,
            "foreign": foreign.pk,
            "missing": 987_654_321,
        }
    }


def _filled(around: World) -> Enrolment:
    """A class of the committee, with one who waits for an answer and one who is accepted."""
    officer(f"{around.cell.slug}-trungtam", around.committee, Role.CENTRE)
    school = planned_class(around, **OPEN)
    enrolled(around, school, _listed(around))
    file = _listed(around)
    return propose(file, by=around.secretary, on=DAY, school=school, proposed_on=DAY)


def _listed(around: World) -> Candidate:
    file = logged(around, cell=around.cell, by=around.secretary)
    put_on_list(file, by=around.secretary, on=DAY, held_on=WAY["listed_on"])
    return Candidate.objects.get(pk=file.pk)


def forms_of_classes(here: World, asked: Asked) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for each of these forms."""
    waiting = Enrolment.objects.get(pk=asked["class-withdraw", "enrolment"]["own"])
    school = waiting.school
    of = lambda name: reverse(name, args=[school.public_id])  # noqa: E731
    centre = User.objects.get(username=f"{here.cell.slug}-trungtam")
    version = {"version": str(AwarenessClass.objects.get(pk=school.pk).version)}
    sent = school.enrolments.get(state="accepted")
    day = f"{DAY:%d/%m/%Y}"
    plan = {
        "name": "Lớp 6/2021", "centre": "Trung tâm chính trị", "starts_on": day, "ends_on": day,
        "enrol_by": day, "places": "60", "sessions": "5",
    }  # fmt: skip
    yield centre, reverse("class-new"), {**plan, "kind": "new_member"}
    yield here.staff, of("class-edit"), {**plan, **version}
    yield here.secretary, of("class-propose"), {
        "candidates": str(_listed(here).pk), "proposed_on": day,
    }  # fmt: skip
    yield here.staff, of("class-answer"), {
        f"answer-{waiting.pk}": "refuse", f"reason-{waiting.pk}": "Đợi", "answered_on": day,
    }  # fmt: skip
    yield centre, of("class-mark"), {
        **version, f"attended-{sent.pk}": "2", f"result-{sent.pk}": "passed",
        f"grade-{sent.pk}": "Khá", f"number-{sent.pk}": "CN-1", "issued_on": day,
    }  # fmt: skip
    withdraw = reverse("class-withdraw", args=[school.public_id, waiting.pk])
    yield here.secretary, withdraw, {"reason": "Ốm"}
    yield centre, of("class-cancel"), {**version, "reason": "Bão", "confirm": "on"}
    step = reverse("candidate-step", args=[_listed(here).public_id, "lop-hoc"])
    yield here.secretary, step, {"school": str(school.pk), "proposed_on": day}

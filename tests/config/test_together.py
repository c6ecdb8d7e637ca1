"""Several querysets in one statement give what each would have given by itself."""

from datetime import date
from typing import Any

import pytest
from django.db.models import Count, QuerySet

from admissions.models import Candidate, Milestone, Paper, RuleSet
from admissions.stages import Stage
from config.together import fetch_together
from organizations.models import Membership, Organization, Person
from tests.makers import candidate, world

pytestmark = pytest.mark.django_db


def fields(one: Any) -> dict[str, Any]:
    return {field.attname: getattr(one, field.attname) for field in one._meta.concrete_fields}


@pytest.mark.thorough
def test_rows_have_every_value_in_its_type(django_assert_num_queries: Any) -> None:
    kc = world()
    candidate(kc, at=Stage.ADMITTED)
    wanted: dict[str, QuerySet[Any]] = {
        "files": Candidate.objects.order_by("pk"),
        "milestones": Milestone.objects.select_related("entered_by"),
        "papers": Paper.objects.select_related("kind__rules"),
        "rules": RuleSet.objects.all(),
        "people": Person.objects.order_by("pk"),
        "memberships": Membership.objects.order_by("pk"),
    }
    alone = {name: [fields(one) for one in rows.all()] for name, rows in wanted.items()}

    with django_assert_num_queries(1):
        found = fetch_together(wanted)

    assert {name: [fields(one) for one in rows] for name, rows in found.items()} == alone
    assert all(alone.values())


def test_what_is_selected_along_is_there_without_another_query(
    django_assert_num_queries: Any,
) -> None:
    kc = world()
    candidate(kc, at=Stage.READY)
    found = fetch_together({"papers": Paper.objects.select_related("kind__rules", "candidate")})

    with django_assert_num_queries(0):
        rules = {one.kind.rules.code for one in found["papers"]}
        dates = {type(one.candidate.identified_on) for one in found["papers"]}

    assert len(rules) == 1
    assert dates == {date}


def test_annotations_values_and_nothing_at_all(django_assert_num_queries: Any) -> None:
    kc = world()

    found = fetch_together(
        {
            "counted": Organization.objects.filter(pk=kc.cell.pk).annotate(many=Count("pk")),
            "values": Organization.objects.filter(pk=kc.cell.pk).values_list("slug", "pk"),
            "none": Organization.objects.none(),
            "nobody": Person.objects.filter(full_name="Không có ai"),
        }
    )

    assert [one.many for one in found["counted"]] == [1]
    assert found["values"] == [("kc-1", kc.cell.pk)]
    assert (found["none"], found["nobody"]) == ([], [])
    with django_assert_num_queries(0):
        assert fetch_together({"none": Organization.objects.none()}) == {"none": []}

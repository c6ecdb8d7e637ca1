"""What the forms of helper and ceremony offer: members and rounds."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import OuterRef, QuerySet, Subquery

from admissions.models import Candidate, Round
from organizations.models import Ancestry, Designation, Membership, Person


def possible_mentors(candidate: Candidate, *, unit: int | None, on: date) -> QuerySet[Person]:
    """Return the official members who may help on day `on`, by given name.

    Those of the candidate's own cell, or of the whole grassroots organisation `unit` (an id); each
    with `cell_name`, the cell's name of the day.
    """
    cells = Ancestry.objects.on(on).filter(ancestor=unit or candidate.cell_id).values("descendant")
    memberships = Membership.objects.on(on).official().filter(cell__in=cells)
    called = Designation.objects.begun(on=on).filter(organization=OuterRef("cell"))
    cell_name = (
        memberships.filter(person=OuterRef("pk"))
        .annotate(cell_name=Subquery(called.values("short_name")[:1]))
        .values("cell_name")[:1]
    )
    return (
        Person.objects.filter(pk__in=memberships.values("person"))
        .exclude(pk=candidate.person_id)
        .annotate(cell_name=Subquery(cell_name))
        .order_by("name_order", "pk")
    )


def rounds_near(candidate: Candidate, *, on: date) -> QuerySet[Round]:
    """Return the rounds of the organisations above the cell within half a year of day `on`."""
    above = Ancestry.objects.on(on).filter(descendant=candidate.cell_id).values("ancestor")
    near = (on - timedelta(days=183), on + timedelta(days=183))
    return Round.objects.filter(organization__in=above, day__range=near).order_by("day")

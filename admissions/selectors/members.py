"""What the pages of members ask of admissions: when probation is full, and whose file is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Min
from django.urls import reverse

from admissions.models import Admission, Candidate, RuleSet
from admissions.rules import probation_ends_on
from organizations.models import Membership

if TYPE_CHECKING:
    from organizations.models import Person, User


def probation_ends(memberships: Sequence[Membership]) -> dict[int, date]:
    """Return {membership id: the day probation is full} for probationary `memberships`.

    Months count from the ceremony, by the rules of the file; of who was admitted elsewhere, from
    the first day of probation known here, by the rules of that day. Three queries.
    """
    people = [row.person_id for row in memberships]
    admitted = {
        one.person_id: one
        for one in Admission.objects.filter(person__in=people, sign=1)
        .select_related("candidate__rules")
        .order_by("ceremony_on")
    }
    began = dict(
        Membership.objects.filter(person__in=people, status=Membership.Status.PROBATIONARY)
        .order_by()
        .values_list("person")
        .annotate(first=Min("period__startswith"))
    )
    known = list(RuleSet.objects.all())
    found = {}
    for row in memberships:
        admission = admitted.get(row.person_id)
        first = admission.ceremony_on if admission else began[row.person_id]
        if admission is not None and admission.candidate is not None:
            rules: RuleSet | None = admission.candidate.rules
        else:
            rules = next((one for one in known if _is_in_force(one, first)), None)
        if rules is not None:
            found[row.pk] = probation_ends_on(first, rules)
    return found


def _is_in_force(rules: RuleSet, day: date) -> bool:
    upper = rules.period.upper
    return bool(rules.period.lower <= day and (upper is None or day < upper))


def file_url(person: Person, user: User, *, on: date) -> str:
    """Return the address of the newest file of `person` that `user` may see, or the empty text."""
    seen = Candidate.objects.visible_to(user, on=on).filter(person=person)
    file = seen.order_by("-identified_on", "-pk").first()
    return reverse("candidate-detail", args=[file.public_id]) if file else ""

"""Who changed a file last, for a reader whose page has gone stale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps

from admissions.models import Candidate
from config.clock import HERE
from organizations.models import Person, User


@dataclass(frozen=True)
class Change:
    """The latest change: by whom, if a request made it, at which instant, and what it left."""

    by: User | None
    at: datetime
    person: Person


def last_change(candidate: Candidate) -> Change:
    """Return the latest change of the file, from its history."""
    history: Any = apps.get_model("admissions", "CandidateEvent")
    event = (
        history.objects.filter(pgh_obj=candidate.pk)
        .select_related("pgh_context")
        .latest("pgh_created_at", "pgh_id")
    )
    made_by = (event.pgh_context.metadata if event.pgh_context else {}).get("user")
    return Change(
        by=User.objects.filter(pk=made_by).first() if made_by else None,
        at=event.pgh_created_at.astimezone(HERE),
        person=Person.objects.get(pk=candidate.person_id),
    )

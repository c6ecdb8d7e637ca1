"""The audit as it is read: one sentence for each event, naming only what the reader may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.apps import apps
from django.db.models import Model, Prefetch, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from organizations.models import AccessEvent, AuditEvent, Organization, Person, Role, User
from organizations.operations.bursts import KINDS

Named = dict[str, tuple[str, str]]
"""{reference: (what it is called, its page or nothing)}."""

SO_MANY = 50
"""Newest openings, and newest actions, that the page of one record shows."""


@dataclass(frozen=True)
class Line:
    """One event: when, who in which roles, what was done, with which record, for which unit."""

    event: Any
    who: str
    roles: str
    what: str
    about: str
    url: str
    unit: str

    @property
    def is_bad(self) -> bool:
        return getattr(self.event, "kind", "") == AuditEvent.Kind.DENIED


def lines(events: Iterable[Any], user: User, *, on: date) -> list[Line]:
    """Return a line for each of `events`, as `user` may read them on day `on`."""
    rows = list(events)
    named = _named(rows, user, on=on)
    return [
        Line(
            event=row,
            who=str(row.actor) if row.actor else _("The system"),
            roles=", ".join(_roles(row.roles)),
            what=what_of(row),
            about=named.get((row.object, row.reference), (_unnamed(row.object), ""))[0],
            url=named.get((row.object, row.reference), ("", ""))[1],
            unit=row.organization.short_name if row.organization else "",
        )
        for row in rows
    ]


def what_of(row: Any) -> str:
    """Return what was done, in the reader's language, with how often where that was counted."""
    words = _(row.words) if row.words else str(row.action)
    count = getattr(row, "payload", {}).get("count")
    if row.action not in KINDS or not count:
        return words
    told = ngettext("%(what)s, %(n)s time", "%(what)s, %(n)s times", count)
    return told % {"what": words, "n": count}


def with_units(rows: QuerySet[Any], *, on: date) -> QuerySet[Any]:
    """Return `rows` with who did it, and the name of the organisation on day `on`."""
    called: QuerySet[Any] = Organization.objects.called(on=on)
    return rows.select_related("actor").prefetch_related(Prefetch("organization", called))


def _roles(stored: str) -> list[str]:
    """Return the words of stored roles, each once, in their order.

    >>> [str(one) for one in _roles("staff:3 staff:4")] == [str(Role.STAFF.label)]
    True
    """
    known = dict(Role.choices)
    codes = dict.fromkeys(one.partition(":")[0] for one in stored.split())
    return [str(known.get(code, code)) for code in codes]


# ---------------------------------------------------------------- what records are called

UNNAMED: dict[str, str | Promise] = {
    "admissions.candidate": gettext_lazy("a file"),
    "organizations.person": gettext_lazy("a person"),
    "organizations.user": gettext_lazy("an account"),
    "organizations.appointment": gettext_lazy("a role"),
    "organizations.organization": gettext_lazy("an organisation"),
    "organizations.reorganization": gettext_lazy("a reorganisation"),
}


def _unnamed(kind: str) -> str:
    return str(UNNAMED.get(kind, ""))


def _files(references: list[str], user: User, on: date) -> Named:
    # By its name: the ground floor may not import the app above it.
    files: Any = apps.get_model("admissions", "Candidate")._default_manager
    seen = files.visible_to(user, on=on).select_related("person")
    return {
        str(one.public_id): (str(one), reverse("candidate-detail", args=[one.public_id]))
        for one in seen.filter(public_id__in=references)
    }


def _people(references: list[str], user: User, on: date) -> Named:
    seen = Person.objects.visible_to(user, on=on).filter(public_id__in=references)
    return {
        str(one.public_id): (str(one), reverse("member-detail", args=[one.public_id]))
        for one in seen
    }


def _units(references: list[str], user: User, on: date) -> Named:
    found = Organization.objects.filter(slug__in=references).called(on=on)
    return {one.slug: (one.short_name, "") for one in found}


def _accounts(references: list[str], user: User, on: date) -> Named:
    return {str(one.pk): (str(one), "") for one in User.objects.filter(pk__in=references)}


NAMED: dict[str, Callable[[list[str], User, date], Named]] = {
    "admissions.candidate": _files,
    "organizations.person": _people,
    "organizations.organization": _units,
    "organizations.user": _accounts,
}


def _named(rows: list[Any], user: User, *, on: date) -> dict[tuple[str, str], tuple[str, str]]:
    wanted: dict[str, list[str]] = {}
    for row in rows:
        if row.object in NAMED:
            wanted.setdefault(row.object, []).append(row.reference)
    return {
        (kind, reference): name
        for kind, references in wanted.items()
        for reference, name in NAMED[kind](references, user, on).items()
    }


# ---------------------------------------------------------------- one record


@dataclass(frozen=True)
class History:
    """Who opened a record, and what was done with it: the newest of each."""

    openings: list[Line]
    actions: list[Line]
    number: int


def history_of(record: Model, user: User, *, on: date, also: Iterable[Model] = ()) -> History:
    """Return the history of `record`, which `user` may see; done with it is what was done with
    those of `also`, such as the meetings that voted on it."""
    openings = AccessEvent.objects.about(record)
    actions = AuditEvent.objects.about(record, *also).exclude(kind=AuditEvent.Kind.DENIED)
    return History(
        openings=lines(with_units(openings, on=on)[:SO_MANY], user, on=on),
        actions=lines(with_units(actions, on=on)[:SO_MANY], user, on=on),
        number=SO_MANY,
    )

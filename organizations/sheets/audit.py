"""The audit as it is read: one sentence for each event, naming only what the reader may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Model, Prefetch, QuerySet
from django.urls import URLPattern, get_resolver, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.ui.pages import ActionView
from organizations.models import (
    AccessEvent,
    Appointment,
    AppointmentProposal,
    AuditEvent,
    DeclaredRelative,
    Organization,
    Person,
    Role,
    User,
)
from organizations.models.audit import ROWS
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
            about=named.get((row.object, row.reference), (_unnamed(row), ""))[0],
            url=named.get((row.object, row.reference), ("", ""))[1],
            unit=row.organization.short_name if row.organization else "",
        )
        for row in rows
    ]


def what_of(row: Any) -> str:
    """Return what was done, in the reader's language, with how often where that was counted."""
    words = _(row.words) if row.words else str(row.action)
    if isinstance(row, AccessEvent) and (page := page_of(row.action)):
        return _("%(what)s “%(page)s”") % {"what": words, "page": page}
    payload = getattr(row, "payload", {})
    route = payload.get("route", "")
    if page := page_of(route) or str(RECORDS.get(route, "")):
        words = _("%(what)s “%(page)s”") % {"what": words, "page": page}
    if answer := payload.get("answer"):
        told = _("%(what)s: agreed") if answer in AGREED else _("%(what)s: declined or taken back")
        return told % {"what": words}
    count = payload.get("count")
    if row.action not in KINDS or not count:
        return words
    told = ngettext("%(what)s, %(n)s time", "%(what)s, %(n)s times", count)
    return told % {"what": words, "n": count}


RECORDS: dict[str, str | Promise] = {
    "candidate-detail": gettext_lazy("a file"),
    "member-detail": gettext_lazy("a person"),
}
"""What pages that the audit tells by their record are called where they were refused."""
AGREED = frozenset({"approve", "agree", "accept"})
"""Answers of a second person by which what was asked for is done."""
PAGES: dict[str, str | Promise] = {
    "task-list": gettext_lazy("Tasks to do"),
    "lists-to-clear": gettext_lazy("Lists to clear"),
    "tracker": gettext_lazy("Where files are"),
    "files-before-us": gettext_lazy("Files before us"),
    "round-planner": gettext_lazy("Rounds of admission"),
    "candidate-list": gettext_lazy("Files"),
    "candidate-history": gettext_lazy("Who opened this, who did what"),
    "candidate-readers": gettext_lazy("Who sees this record, and why"),
    "emergency-list": gettext_lazy("Opened in an emergency"),
    "meeting-list": gettext_lazy("Meetings"),
    "meeting-minutes": gettext_lazy("Minutes of meetings"),
    "meeting-short": gettext_lazy("Votes that fell short"),
    "move-list": gettext_lazy("Files that move"),
    "helper-list": gettext_lazy("Helpers"),
    "handover-list": gettext_lazy("Hand-overs between secretaries"),
    "duplicate-list": gettext_lazy("Duplicates"),
    "member-list": gettext_lazy("Members"),
    "member-history": gettext_lazy("Who opened this, who did what"),
    "member-readers": gettext_lazy("Who sees this record, and why"),
    "transfer-list": gettext_lazy("Transfers"),
    "appointment-proposals": gettext_lazy("Roles granted"),
    "relative-list": gettext_lazy("My relatives"),
    "account-list": gettext_lazy("Accounts"),
    "audit-list": gettext_lazy("Audit"),
    "audit-readings": gettext_lazy("What was opened"),
}
"""What pages with names that are no forms are called; those of a record mostly by the record."""


def page_of(action: str) -> str:
    """Return what the page of `action` is called, a form as the audit calls what it does."""
    return str(PAGES.get(action) or _forms().get(action, ""))


@cache
def _forms() -> dict[str, str | Promise]:
    found: dict[str, str | Promise] = {}
    for pattern in _patterns(get_resolver()):
        view: Any = getattr(pattern.callback, "view_class", object)
        if pattern.name and issubclass(view, ActionView):
            said = (view.told_as, view.title, view.submit_label)
            words = (one for one in said if isinstance(one, str | Promise) and one)
            found[pattern.name] = next(words, "")
    return found


def _patterns(within: Any) -> Iterator[URLPattern]:
    for one in within.url_patterns:
        if isinstance(one, URLPattern):
            yield one
        else:
            yield from _patterns(one)


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
    "admissions.meeting": gettext_lazy("a meeting"),
    "admissions.awarenessclass": gettext_lazy("a class"),
    "organizations.handover": gettext_lazy("a hand-over"),
    "organizations.person": gettext_lazy("a person"),
    "organizations.user": gettext_lazy("an account"),
    "organizations.appointment": gettext_lazy("a role"),
    "organizations.appointmentproposal": gettext_lazy("a role"),
    "organizations.declaredrelative": gettext_lazy("a person"),
    "organizations.organization": gettext_lazy("an organisation"),
    "organizations.reorganization": gettext_lazy("a reorganisation"),
}


def _unnamed(row: Any) -> str:
    if row.object == ROWS:
        number = int(row.reference)
        return ngettext("%(n)s row", "%(n)s rows", number) % {"n": number}
    return str(UNNAMED.get(row.object, ""))


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


def _roles_of(
    model: type[Appointment | AppointmentProposal],
) -> Callable[[list[str], User, date], Named]:
    def named(references: list[str], user: User, on: date) -> Named:
        rows: Any = model._default_manager.filter(pk__in=references).select_related("user")
        return {str(one.pk): (f"{one.user}: {one.get_role_display()}", "") for one in rows}

    return named


def _relatives(references: list[str], user: User, on: date) -> Named:
    seen = DeclaredRelative.objects.filter(
        pk__in=references, person__in=Person.objects.visible_to(user, on=on)
    )
    return {str(one.pk): (str(one.person), "") for one in seen.select_related("person")}


NAMED: dict[str, Callable[[list[str], User, date], Named]] = {
    "admissions.candidate": _files,
    "organizations.person": _people,
    "organizations.organization": _units,
    "organizations.user": _accounts,
    "organizations.appointment": _roles_of(Appointment),
    "organizations.appointmentproposal": _roles_of(AppointmentProposal),
    "organizations.declaredrelative": _relatives,
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

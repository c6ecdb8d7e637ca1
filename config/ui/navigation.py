"""The navigation row: what each role finds there, in its order; at most seven.

On phones five are in the bar, the others in the account menu.

An entry whose page is not installed is left out, so an app brings its pages by its `urls.py` alone.
A count beside an entry comes from settings: `NAVIGATION_COUNTS = {url name: "dotted.function"}`,
called with (user, appointment, today) and returning a number of things to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from config import clock

from .acting import acting

PHONE = 5

Words = str | Promise


@dataclass(frozen=True)
class Entry:
    """A page of the navigation: its URL name, words, icon, key after `g`; is it per year?"""

    name: str
    label: Words
    icon: str
    key: str
    by_year: bool = False


@dataclass(frozen=True)
class Link:
    """An entry as it is drawn."""

    url: str
    label: Words
    icon: str
    key: str
    count: int
    current: bool
    on_phone: bool


TASKS = Entry("task-list", _("Tasks"), "task", "v")
CANDIDATES = Entry("candidate-list", _("Files"), "file", "h")
TARGETS = Entry("target-year", _("Targets"), "target", "c", by_year=True)
DASHBOARD = Entry("dashboard", _("Overview"), "screen", "t", by_year=True)
ORGANIZATIONS = Entry("organization-list", _("Organisations"), "tree", "d")
CHECKS = Entry("lists-to-clear", _("Lists to clear"), "warn", "r")
MEMBERS = Entry("member-list", _("Members"), "user", "m")
CLASSES = Entry("class-list", _("Classes"), "class", "l")
REORGANIZATIONS = Entry("reorganization-list", _("Reorganisation"), "change", "s")
AUDIT = Entry("audit-list", _("Audit"), "lock", "a")
UNITS = Entry("administration-organizations", _("Organisations"), "tree", "d")
ACCOUNTS = Entry("account-list", _("Accounts"), "user", "n")
ADMINISTRATION = Entry("administration", _("Administration"), "more", "q")

BY_ROLE: dict[str, list[Entry]] = {
    "secretary": [TASKS, CANDIDATES, TARGETS, MEMBERS, CLASSES],
    "staff": [TASKS, TARGETS, CANDIDATES, ORGANIZATIONS, DASHBOARD, MEMBERS, REORGANIZATIONS],
    "approver": [TASKS, CANDIDATES, TARGETS, ORGANIZATIONS, DASHBOARD, MEMBERS, REORGANIZATIONS],
    "leader": [DASHBOARD, ORGANIZATIONS, TARGETS, REORGANIZATIONS],
    "auditor": [DASHBOARD, ORGANIZATIONS, TARGETS, CANDIDATES, CHECKS, MEMBERS, AUDIT],
    "administrator": [ADMINISTRATION, ACCOUNTS, UNITS],
    "centre": [CLASSES],
}
LANDING: dict[str, Entry] = {
    "secretary": TASKS,
    "staff": TASKS,
    "approver": TASKS,
    "leader": DASHBOARD,
    "auditor": DASHBOARD,
    "administrator": ADMINISTRATION,
    "centre": CLASSES,
}


def address(entry: Entry) -> str | None:
    """Return where `entry` is, or None where its page is not installed."""
    args: list[Any] = [clock.today().year] if entry.by_year else []
    try:
        return reverse(entry.name, args=args)
    except NoReverseMatch:
        return None


def links(request: HttpRequest) -> list[Link]:
    """Return the navigation of who asks, the page that is open marked."""
    current = acting(request).current
    if current is None:
        return []
    entries = [(entry, address(entry)) for entry in BY_ROLE.get(current.role, [])]
    there = [(entry, url) for entry, url in entries if url is not None]
    open_one = _open(request.path, [url for _entry, url in there])
    return [
        Link(
            url=url,
            label=entry.label,
            icon=entry.icon,
            key=entry.key,
            count=_count(entry, request),
            current=url == open_one,
            on_phone=place < PHONE,
        )
        for place, (entry, url) in enumerate(there)
    ]


def _open(path: str, urls: list[str]) -> str | None:
    """Return which of `urls` the page at `path` belongs to: the one that shares most of it.

    >>> _open("/quan-tri/nguoi-dung/them/", ["/quan-tri/", "/quan-tri/nguoi-dung/"])
    '/quan-tri/nguoi-dung/'
    >>> _open("/chi-tieu/2020/giao/", ["/viec/", "/chi-tieu/2021/"])
    '/chi-tieu/2021/'
    """
    beneath = [url for url in urls if path.startswith(url)]
    if beneath:
        return max(beneath, key=len)
    return next((url for url in urls if url.split("/")[1] == path.split("/")[1]), None)


def _count(entry: Entry, request: HttpRequest) -> int:
    counts: dict[str, str] = getattr(settings, "NAVIGATION_COUNTS", {})
    if entry.name not in counts:
        return 0
    known: dict[str, int] = getattr(request, "navigation_counts", {})
    if entry.name in known:
        return known[entry.name]
    count: int = import_string(counts[entry.name])(
        request.user, acting(request).current, clock.today()
    )
    return count


def count_is_known(request: HttpRequest, entry: Entry, count: int) -> None:
    """Let the navigation show `count` beside `entry`, which the page has reckoned already."""
    request.navigation_counts = {entry.name: count}  # type: ignore[attr-defined]


def landing(request: HttpRequest) -> str | None:
    """Return the page that answers the one question of the role acted in, if it is installed."""
    current = acting(request).current
    return address(LANDING[current.role]) if current else None


def search(request: HttpRequest) -> str | None:
    """Return the page that the box at the top searches: people, for the roles that see them by
    name, else organisations, for those that see these."""
    current = acting(request).current
    entries = BY_ROLE.get(current.role, []) if current else []
    for entry in (CANDIDATES, ORGANIZATIONS):
        if entry in entries:
            return address(entry)
    return None

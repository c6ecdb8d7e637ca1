"""Sections of a candidate's page that other topics add to it, each from its own module.

A section reads only what hangs on the file, through `case`: the page reads that in one go, and its
number of queries does not grow with sections.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from admissions.cases import Case
from admissions.permissions import Rights

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

SECTIONS: tuple[str, ...] = (
    "admissions.selectors.eligibility.conditions",
    "admissions.selectors.outcomes.section",
    "admissions.selectors.probation_section.section",
    "admissions.selectors.terms.section",
    "admissions.selectors.tracker.section",
    "admissions.selectors.moving.section_of_moving",
    "admissions.selectors.helpers.section_of_helpers",
    "admissions.selectors.papers.further_papers",
    "admissions.selectors.introducers.section_of_introducers",
    "admissions.selectors.classes.section_of_classes",
    "admissions.selectors.meetings.section_of_votes",
)
"""Dotted names of functions `(case, rights, user) -> Section | None`; by name, as their modules
import this one."""


@dataclass(frozen=True)
class Section:
    """One card of the page: `template` sees `part` (this context), `file` and `page`.

    Lower `order` stands higher; `beside` puts it in the narrow column.
    """

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    order: int = 50
    beside: bool = False


SectionOf = Callable[[Case, Rights, "User | AnonymousUser"], Section | None]


@cache
def _functions() -> tuple[SectionOf, ...]:
    return tuple(import_string(name) for name in SECTIONS)


def sections(case: Case, rights: Rights, user: User | AnonymousUser) -> list[Section]:
    """Return the sections of the file's page for this reader, from above."""
    found = (section for function in _functions() if (section := function(case, rights, user)))
    return sorted(found, key=lambda section: section.order)

"""Who may be the third person of a ceremony that was entered late."""

from __future__ import annotations

from admissions.cases import Case
from admissions.models import LateEntry
from admissions.operations.late_entries import barred_from_answering
from admissions.permissions import HOLDERS, Permission
from config.rows import beyond_scope
from organizations.operations.people import is_own_record
from organizations.permissions import readers_of

SHOWN = 5
"""So many of those who may answer are named, in the order of their names."""


@beyond_scope()  # whose an account is, whoever is at the page
def who_may_answer(case: Case, entry: LateEntry) -> list[str]:
    """Return who may let `entry` count, with where they approve: at most `SHOWN`, by name.

    The approvers above the cell of whom `barred_from_answering` says nothing and whose own record
    it is not. Some queries for each of them, so only where an entry waits.
    """
    file, found = case.candidate, list[str]()
    posts = readers_of([file.cell_id], on=case.on).filter(
        role__in=HOLDERS[Permission.ANSWER_LATE].roles
    )
    for post in posts.select_related("user", "organization").order_by("user__full_name", "pk"):
        user = post.user
        if is_own_record(user, file.person) or barred_from_answering(case, entry, by=user):
            continue
        found.append(f"{user} ({post.organization})")
        if len(found) == SHOWN:
            break
    return found

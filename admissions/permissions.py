"""Who may take which step of a file, from dated appointments; nobody acts on their own file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from admissions.cases import Case
from organizations.models import Ancestry, Appointment, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User


class Permission(StrEnum):
    """What a step of the table asks of whoever takes it."""

    PREPARE = "prepare"
    VOTE_INTERMEDIATE = "intermediate"
    VOTE_GRASSROOTS = "grassroots"
    VOTE_COMPETENT = "competent"
    DECIDE = "decide"


@dataclass(frozen=True)
class Rights:
    """What one user may do on one day with the files of some cells; two queries for any number.

    `sees` are the cells whose files they may see by name, as `Candidate.objects.visible_to`.
    The secretary of a cell prepares its files, records its votes and its ceremonies; the staff of
    a committee, at exactly that committee, record its votes; an approver at the competent body
    records its decision.
    """

    person_id: int | None
    sees: frozenset[int]
    prepares: frozenset[int]
    staff_at: frozenset[int]
    approver_at: frozenset[int]

    @classmethod
    def of(cls, user: User | AnonymousUser, *, on: date, cells: Iterable[int]) -> Rights:
        """Return the rights of `user` on day `on` over the files of `cells` (ids)."""
        held = Appointment.objects.of(user, on=on).values_list("role", "organization")
        at: dict[str, set[int]] = {}
        for role, organization in held:
            at.setdefault(role, set()).add(organization)
        naming = {one for role in Role.sees_names() for one in at.get(role, ())}
        lines: list[tuple[int, int]] = []
        if naming:
            found = Ancestry.objects.on(on).filter(descendant__in=set(cells), ancestor__in=naming)
            lines = list(found.values_list("descendant", "ancestor"))
        secretary_at = at.get(Role.SECRETARY, set())
        return cls(
            person_id=getattr(user, "person_id", None),
            sees=frozenset(cell for cell, _above in lines),
            prepares=frozenset(cell for cell, above in lines if above in secretary_at),
            staff_at=frozenset(at.get(Role.STAFF, ())),
            approver_at=frozenset(at.get(Role.APPROVER, ())),
        )

    def may(self, permission: Permission, case: Case) -> bool:
        """Say whether the holder may take a step that asks for `permission` in `case`."""
        if self.person_id is not None and self.person_id == case.candidate.person_id:
            return False
        if permission == Permission.PREPARE:
            return case.candidate.cell_id in self.prepares
        if permission == Permission.DECIDE:
            competent = case.bodies.competent
            return competent is not None and competent.organization_id in self.approver_at
        body = case.bodies.at(permission.value)
        return body is not None and body.organization_id in self.staff_at

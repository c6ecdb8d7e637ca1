"""Who may take which step of a file, from dated appointments; nobody acts on their own file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from admissions.bundles import Above, Held
from admissions.cases import Case
from admissions.stages import ORDER, Level, Stage
from organizations.models import Ancestry, Appointment, Placement, Role
from organizations.models.relative import own_people
from organizations.rights import OWN_AND_BENEATH, TOP, Right

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from organizations.models import User


class Permission(StrEnum):
    """What a step of the table asks of whoever takes it."""

    PREPARE = "prepare"
    VOTE_INTERMEDIATE = "intermediate"
    VOTE_GRASSROOTS = "grassroots"
    VOTE_COMPETENT = "competent"
    DECIDE = "decide"
    PERMIT = "permit"
    SEND_UP = "send_up"
    RETURN = "return"
    ASK_CANCELLATION = "ask_cancellation"
    CANCEL = "cancel"
    ANSWER_LATE = "answer_late"
    MOVE = "move"


BODY = _("the body that votes at that level, itself")
HOLDERS: dict[Permission, Right] = {
    Permission.PREPARE: Right(
        _("Log a candidate, keep the file, record the cell's vote and the ceremony"),
        (Role.SECRETARY,),
        _("their cell"),
    ),
    Permission.SEND_UP: Right(
        _("Send a file up"), (Role.SECRETARY, Role.STAFF), _("the body that voted last")
    ),
    Permission.PERMIT: Right(
        _("Permit the procedure to begin"), (Role.STAFF,), _("the committee that permits")
    ),
    Permission.VOTE_INTERMEDIATE: Right(
        _("Record the vote of a committee in between"), (Role.STAFF,), BODY
    ),
    Permission.VOTE_GRASSROOTS: Right(
        _("Record the vote of the grassroots committee"), (Role.STAFF,), BODY
    ),
    Permission.VOTE_COMPETENT: Right(
        _("Record the vote of the competent body"), (Role.STAFF,), BODY
    ),
    Permission.RETURN: Right(
        _("Return a file with a reason"), (Role.STAFF,), _("a committee above the cell")
    ),
    Permission.DECIDE: Right(
        _("Record the decision on admission or recognition"),
        (Role.APPROVER,),
        _("the competent body; who took part in the case does not"),
        by_two=True,
    ),
    Permission.ASK_CANCELLATION: Right(
        _("Ask that a decision be cancelled"),
        (Role.STAFF,),
        _("a committee above the cell"),
        by_two=True,
    ),
    Permission.CANCEL: Right(
        _("Cancel a decision"),
        (Role.APPROVER,),
        _("the body that issued it; neither who asked nor who approved it"),
    ),
    Permission.ANSWER_LATE: Right(
        _("Let a ceremony count that was entered late, or decline it"),
        (Role.APPROVER,),
        _("above the cell; neither who entered it, nor approved, nor took part in the case"),
    ),
    Permission.MOVE: Right(
        _("Ask that a file follow its person"),
        (Role.SECRETARY, Role.STAFF),
        _("the cell; once it has resolved, also the committees above"),
        by_two=True,
    ),
}
"""Which roles may take a step that asks for the permission; `Rights.may` says where."""

KEEP_RULES = Right(
    _("Change the rules, decreed days off, and settings"),
    (Role.STAFF, Role.APPROVER),
    TOP,
    by_two=True,
)
ASK_ERASURE = Right(
    _("Ask that the personal data be erased"),
    (Role.SECRETARY, Role.STAFF),
    OWN_AND_BENEATH,
    by_two=True,
)
ANSWER_ERASURE = Right(_("Agree to an erasure, or decline it"), (Role.APPROVER,), OWN_AND_BENEATH)
OPEN_IN_EMERGENCY = Right(
    _("Open one named person's file for an hour, with a reason that unit and auditors read"),
    (Role.LEADER, Role.STAFF),
    _("leaders: their organisation and all beneath; staff: elsewhere in their tree"),
)
RIGHTS = (*HOLDERS.values(), KEEP_RULES, ASK_ERASURE, ANSWER_ERASURE, OPEN_IN_EMERGENCY)


def _by_role(held: Iterable[Held]) -> dict[str, set[int]]:
    at: dict[str, set[int]] = {}
    for role, organization, _near in held:
        at.setdefault(role, set()).add(organization)
    return at


def _naming(at: dict[str, set[int]]) -> set[int]:
    return {one for role in Role.sees_names() for one in at.get(role, ())}


@dataclass(frozen=True)
class Rights:
    """What one user may do on one day with the files of some cells; two queries for any number.

    `sees` are the cells whose files they may see by name, as `Candidate.objects.visible_to`.
    The secretary of a cell prepares its files, records its votes and its ceremonies; the staff of
    a committee, at exactly that committee, record its votes; an approver at the competent body
    records its decision. `near` are the holder and their declared relatives, by every record.
    `asks_erasure` are the cells whose closed files they may ask to have erased.
    """

    person_id: int | None
    roles: frozenset[str]
    near: frozenset[int]
    sees: frozenset[int]
    prepares: frozenset[int]
    approves: frozenset[int]
    staff_at: frozenset[int]
    approver_at: frozenset[int]
    asks_erasure: frozenset[int] = frozenset()

    @classmethod
    def of(cls, user: User | AnonymousUser, *, on: date, cells: Iterable[int]) -> Rights:
        """Return the rights of `user` on day `on` over the files of `cells` (ids)."""
        held: list[Held] = list(
            Appointment.objects.of(user, on=on).values_list(
                "role", "organization", own_people("user")
            )
        )
        at = _by_role(held)
        naming = _naming(at)
        lines: list[tuple[int, int]] = []
        if naming:
            found = Ancestry.objects.on(on).filter(descendant__in=set(cells), ancestor__in=naming)
            lines = list(found.values_list("descendant", "ancestor"))
        return cls._made(user, held, at, lines)

    @classmethod
    def read(cls, user: User | AnonymousUser, around: Above) -> Rights:
        """Return the rights of `user` over the files about which `around` was read with them."""
        at = _by_role(around.held)
        naming = _naming(at)
        return cls._made(
            user, around.held, at, [line for line in around.lines if line[1] in naming]
        )

    @classmethod
    def _made(
        cls,
        user: User | AnonymousUser,
        held: Iterable[Held],
        at: dict[str, set[int]],
        lines: list[tuple[int, int]],
    ) -> Rights:
        secretary_at, approver_at = at.get(Role.SECRETARY, set()), at.get(Role.APPROVER, set())
        asking = {one for role in ASK_ERASURE.roles for one in at.get(role, ())}
        return cls(
            person_id=getattr(user, "person_id", None),
            roles=frozenset(at),
            near=frozenset(one for _role, _organization, near in held for one in near),
            sees=frozenset(cell for cell, _above in lines),
            prepares=frozenset(cell for cell, above in lines if above in secretary_at),
            approves=frozenset(cell for cell, above in lines if above in approver_at),
            staff_at=frozenset(at.get(Role.STAFF, ())),
            approver_at=frozenset(approver_at),
            asks_erasure=frozenset(cell for cell, above in lines if above in asking),
        )

    def may(self, permission: Permission, case: Case) -> bool:
        """Say whether the holder may take a step that asks for `permission` in `case`."""
        if self.are_of_their_own(case.candidate.person_id):
            return False
        if self.roles.isdisjoint(HOLDERS[permission].roles):
            return False
        if permission == Permission.PREPARE:
            return case.candidate.cell_id in self.prepares
        if permission == Permission.ANSWER_LATE:
            return case.candidate.cell_id in self.approves
        if permission == Permission.SEND_UP:
            return self._has_the_file(case)
        if permission in {Permission.RETURN, Permission.ASK_CANCELLATION}:
            return bool(self.serves(case))
        if permission == Permission.MOVE:
            return self._lets_it_go(case)
        if permission == Permission.CANCEL:
            return case.issuer is not None and case.issuer in self.approver_at
        if permission == Permission.DECIDE:
            competent = case.bodies.competent
            return competent is not None and competent.organization_id in self.approver_at
        if permission == Permission.PERMIT:
            body = case.bodies.permitting
            return body is not None and body.organization_id in self.staff_at
        body = case.bodies.at(permission.value)
        return body is not None and body.organization_id in self.staff_at

    def are_of_their_own(self, person: int) -> bool:
        """Say whether `person` (id) is the holder or a declared relative: SoD-4 of trust.md c.3.

        Whichever record it is of them, where duplicates were merged, as the database's trigger
        (`models.separation.not_of_their_own`) has it.
        """
        return person == self.person_id or person in self.near

    def serves(self, case: Case) -> list[Level]:
        """Return the levels above the cell whose body the holder is staff of, from below.

        None for a record of their own (`are_of_their_own`): there they act for nobody.
        """
        if self.are_of_their_own(case.candidate.person_id):
            return []
        return [
            level
            for level in case.bodies.levels()
            if level != Level.CELL and case.bodies.voting(level).organization_id in self.staff_at
        ]

    def _lets_it_go(self, case: Case) -> bool:
        """Say whether the holder may ask that the file follow its person elsewhere.

        Secretaries may; once the cell has resolved, also the staff of the committees above.
        """
        if case.candidate.cell_id in self.prepares:
            return True
        has_resolved = ORDER.index(Stage(case.candidate.stage)) >= ORDER.index(Stage.CELL_RESOLVED)
        return has_resolved and bool(self.serves(case))

    def _has_the_file(self, case: Case) -> bool:
        """Say whether the file lies with the holder, who sends it on: the body that voted last."""
        level = {
            Stage.APPRAISED: Level.INTERMEDIATE,
            Stage.GRASSROOTS_RESOLVED: Level.GRASSROOTS,
        }.get(Stage(case.candidate.stage), Level.CELL)
        body = case.bodies.at(level)
        if level == Level.CELL or body is None:
            return case.candidate.cell_id in self.prepares
        return body.organization_id in self.staff_at


def keeps_rules(user: User | AnonymousUser, *, on: date) -> bool:
    """Say whether `user` changes rules, decreed days and settings on day `on`, with another one.

    Staff and approvers of a top unit: an organisation without a superior on the day.
    """
    return posts_that_keep_rules(user, on=on).exists()


def posts_that_keep_rules(user: User | AnonymousUser, *, on: date) -> QuerySet[Appointment]:
    """Return the appointments by which `user` does, as `keeps_rules`."""
    tops = Placement.objects.filter(parent__isnull=True, period__contains=on)
    held = Appointment.objects.of(user, on=on, roles=KEEP_RULES.roles)
    return held.filter(organization__in=tops.values("organization"))

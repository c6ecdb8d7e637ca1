"""Who may do what: each action with its roles, which the rules in code read and a page prints.

A row says which roles may do it at all. Where it reaches, on which day and in which state of the
record is in the function that asks; `where` says it in words. The rows of the apps above are in
their `permissions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from .models import Role

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Right:
    """An action, the `roles` that may do it, `where`; `by_two`: one more person has to agree."""

    title: StrPromise
    roles: tuple[Role, ...]
    where: StrPromise
    by_two: bool = False


OWN_AND_BENEATH = _("their organisation and all beneath it")
TOP = _("the top of the tree")
BOTH_SIDES = _("the cell that is left, and the one that is reached")

SEE_UNITS = Right(_("See the organisations"), tuple(Role), OWN_AND_BENEATH)
SEE_FIGURES = Right(_("See targets and attainment"), tuple(Role.sees_figures()), OWN_AND_BENEATH)
SEE_NAMES = Right(
    _("See candidates and members by name"), tuple(Role.sees_names()), OWN_AND_BENEATH
)
KEEP_MEMBERS = Right(
    _("Register members and correct their records"), (Role.SECRETARY, Role.STAFF), OWN_AND_BENEATH
)
MOVE_MEMBERS = Right(
    _("Release a member who moves, or accept them"),
    (Role.SECRETARY, Role.STAFF),
    BOTH_SIDES,
    by_two=True,
)
ASK_MERGE = Right(
    _("Ask that two records of one person be merged"), (Role.STAFF,), OWN_AND_BENEATH, by_two=True
)
APPROVE_MERGE = Right(_("Approve the merge"), (Role.STAFF, Role.APPROVER), OWN_AND_BENEATH)
DRAFT_REORGANIZATION = Right(
    _("Draft a reorganisation"),
    (Role.STAFF,),
    _("beneath the organisation that decides it"),
    by_two=True,
)
CONFIRM_REORGANIZATION = Right(
    _("Confirm a reorganisation"),
    (Role.STAFF, Role.APPROVER),
    _("beneath the organisation that decides it"),
)
CLOSE_YEARS = Right(
    _("Close a year, or open it again"), (Role.STAFF, Role.APPROVER), TOP, by_two=True
)
FOUND_UNITS = Right(
    _("Add organisations, say who decides admissions"), (Role.ADMINISTRATOR,), OWN_AND_BENEATH
)
KEEP_ACCOUNTS = Right(
    _(
        "Open and close accounts, end their sessions, take lost proofs away, give start codes for"
        " passwords"
    ),
    (Role.ADMINISTRATOR,),
    OWN_AND_BENEATH,
)
PROPOSE_ROLE = Right(
    _("Propose a role for an account"), (Role.ADMINISTRATOR,), OWN_AND_BENEATH, by_two=True
)
CONFIRM_ROLE = Right(_("Confirm or decline a proposed role"), (Role.STAFF,), OWN_AND_BENEATH)
END_ROLE = Right(_("End a role"), (Role.ADMINISTRATOR,), OWN_AND_BENEATH)

SEEING = (SEE_UNITS, SEE_FIGURES, SEE_NAMES)
MEMBERS = (
    KEEP_MEMBERS,
    MOVE_MEMBERS,
    ASK_MERGE,
    APPROVE_MERGE,
    DRAFT_REORGANIZATION,
    CONFIRM_REORGANIZATION,
    CLOSE_YEARS,
)
ACCOUNTS = (FOUND_UNITS, KEEP_ACCOUNTS, PROPOSE_ROLE, CONFIRM_ROLE, END_ROLE)

"""The table of kinds of organisation: what there is, and where each normally stands."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from config.locks import Lock, hold
from organizations.models import Designation, OrganizationKind, User
from organizations.permissions import keeps_kinds

MOST_RANK = 999


@transaction.atomic
def add_kind(
    code: str,
    *,
    by: User,
    on: date,
    name: str,
    name_en: str,
    rank: int,
    votes_as: str,
    is_cell: bool = False,
    is_grassroots: bool = False,
    allowed_parents: Collection[str] = (),
) -> OrganizationKind:
    """Add a kind called `name` with the lasting `code`; `allowed_parents` are codes of others.

    Raises PermissionDenied where `by` is no administrator of a whole tree, DomainError at `code`
    where it is taken or no code, and at whatever else cannot be.
    """
    if not keeps_kinds(by, on=on):
        raise PermissionDenied
    hold(Lock.TREE)
    kind = OrganizationKind(code=code.strip())
    refusals = {}
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code) or len(kind.code) > 50:
        refusals["code"] = _("Only small letters without diacritics, digits and hyphens.")
    elif OrganizationKind.objects.filter(code=kind.code).exists():
        refusals["code"] = _("The code “%(code)s” is taken.") % {"code": kind.code}
    return _write(
        kind,
        refusals,
        name=name,
        name_en=name_en,
        rank=rank,
        votes_as=votes_as,
        is_cell=is_cell,
        is_grassroots=is_grassroots,
        allowed_parents=allowed_parents,
    )


@transaction.atomic
def change_kind(
    kind: OrganizationKind,
    *,
    by: User,
    on: date,
    name: str,
    name_en: str,
    rank: int,
    votes_as: str,
    is_cell: bool = False,
    is_grassroots: bool = False,
    allowed_parents: Collection[str] = (),
) -> OrganizationKind:
    """Change what is said of `kind`; what was organised by it stays, and may then be warned of.

    Raises PermissionDenied where `by` is no administrator of a whole tree, DomainError at `is_cell`
    for a kind that some organisation has or had, and at whatever else cannot be.
    """
    if not keeps_kinds(by, on=on):
        raise PermissionDenied
    # As whoever founds and converts organisations does: nobody takes the kind meanwhile.
    hold(Lock.TREE)
    kind = OrganizationKind.objects.select_for_update().get(pk=kind.pk)
    refusals = {}
    if kind.is_cell != is_cell and Designation.objects.filter(kind=kind).exists():
        refusals["is_cell"] = (
            _("Organisations of this kind are cells, with members and votes: it stays one.")
            if kind.is_cell
            else _("Organisations of this kind are no cells: it can't become one.")
        )
    elif is_cell and OrganizationKind.objects.filter(allowed_parents=kind).exists():
        refusals["is_cell"] = _("Other kinds stand beneath it, and nothing stands beneath a cell.")
    return _write(
        kind,
        refusals,
        name=name,
        name_en=name_en,
        rank=rank,
        votes_as=votes_as,
        is_cell=is_cell,
        is_grassroots=is_grassroots,
        allowed_parents=allowed_parents,
    )


def _write(
    kind: OrganizationKind,
    refusals: dict[str, str],
    *,
    allowed_parents: Collection[str],
    **values: Any,
) -> OrganizationKind:
    values["name"], values["name_en"] = (
        names.written(values["name"]),
        names.written(values["name_en"]),
    )
    parents = list(OrganizationKind.objects.filter(code__in=allowed_parents))
    refused = {**_refusals(kind, parents, wanted=set(allowed_parents), **values), **refusals}
    if refused:
        raise DomainError(fields=refused)
    for field, value in values.items():
        setattr(kind, field, value)
    if kind._state.adding:
        kind.save(force_insert=True)
    else:
        kind.save(update_fields=list(values))
    kind.allowed_parents.set(parents)
    return kind


def _refusals(
    kind: OrganizationKind,
    parents: Collection[OrganizationKind],
    *,
    wanted: set[str],
    name: str,
    name_en: str,
    rank: int,
    votes_as: str,
    is_cell: bool,
    is_grassroots: bool,
) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, text in (("name", name), ("name_en", name_en)):
        if not text:
            found[field] = _("Enter the name.")
        elif len(text) > 120:
            found[field] = _("At most %(limit)s characters.") % {"limit": 120}
    same = OrganizationKind.objects.filter(name=name).exclude(pk=kind.pk)
    if name and same.exists():
        found["name"] = _("Another kind is called so.")
    if not 0 <= rank <= MOST_RANK:
        found["rank"] = _("The number can't be more than %(limit)s.") % {"limit": MOST_RANK}
    levels = dict(OrganizationKind._meta.get_field("votes_as").choices or [])
    if votes_as not in levels:
        found["votes_as"] = _("Choose one.")
    elif is_cell != (votes_as == "cell"):
        found["votes_as"] = _("A cell considers candidates as a cell, and nobody else does.")
    if {parent.code for parent in parents} != wanted:
        found["allowed_parents"] = _("There is no such kind.")
    elif any(parent.is_cell for parent in parents) or (is_cell and kind.pk in wanted):
        found["allowed_parents"] = _("Nothing stands beneath a cell.")
    return found

"""Declaring a relative: from then on nobody acts on their record or file by that account."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.errors import DomainError
from organizations.models import DeclaredRelative, Person, Role, User
from organizations.permissions import holds


def declare_relative(person: Person, *, by: User, on: date, kind: str) -> DeclaredRelative:
    """Record that `person` is a relative of `by`, who acts on no record of theirs from now on.

    Never taken back. Raises PermissionDenied where `by` sees no people by name, DomainError at
    `kind` where there is no such relationship, or where it is themselves or declared already.
    """
    if not holds(by, *Role.sees_names(), on=on):
        raise PermissionDenied
    if kind not in DeclaredRelative.Kind.values:
        raise DomainError(fields={"kind": _("Choose one.")})
    own = by.person
    if own is not None and own.kept_id == person.kept_id:
        raise DomainError(_("This is your own record: you act on it in no case."))
    try:
        with transaction.atomic():
            return DeclaredRelative.objects.create(user=by, person=person, kind=kind)
    except IntegrityError as error:
        raise DomainError(_("You have declared this relative already.")) from error

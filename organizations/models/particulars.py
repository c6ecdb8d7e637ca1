"""What is most personal about somebody: kept under a key of their own, shown on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config import vault

from .guards import APPEND_ONLY, NEVER_DELETED, EnteredAt, entered_now, stays_once

if TYPE_CHECKING:
    from .person import Person

LABELS = {
    "citizen_id": _("Citizen's number"),
    "religion": _("Religion"),
    "residence": _("Residence"),
}
"""What is sealed, in the order in which it is shown."""


class ParticularsQuerySet(models.QuerySet["Particulars"]):
    def opened(self, person: Person) -> dict[str, str]:
        """Return what is sealed of `person`, {name of LABELS: text}; empty texts where nothing is.

        Raises ValueError where it was changed behind the product's back.
        """
        found = self.filter(person=person.pk).first()
        return found.opened() if found else dict.fromkeys(LABELS, "")


# Not the key: a history of keys would outlive the one that is destroyed.
@pghistory.track(append_only=True, exclude=["key"])
class Particulars(models.Model):
    """Citizen's number, religion and residence of `person`, each sealed (`config/vault.py`).

    Sensitive by Decree 356/2025/NĐ-CP, articles 3 and 4 (domain.md 7.2). Written by
    `organizations.operations.particulars`. Once erased there is no key, and the row stays empty.
    """

    fixed: ClassVar[frozenset[str]] = frozenset({"person"})

    person = models.OneToOneField(
        "organizations.Person", models.PROTECT, primary_key=True, related_name="particulars"
    )
    key = models.BinaryField(default=vault.new_key)
    citizen_id = models.BinaryField(_("citizen's number"), default=b"")
    religion = models.BinaryField(_("religion"), default=b"")
    residence = models.BinaryField(_("residence"), default=b"")
    erased_at = models.DateTimeField(_("erased at"), null=True)

    objects = ParticularsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="particulars_erased_with_their_key",
                condition=(Q(erased_at__isnull=True) & ~Q(key=b""))
                | Q(erased_at__isnull=False, key=b"", citizen_id=b"", religion=b"", residence=b""),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            stays_once("OLD.erased_at IS NOT NULL", name="particulars_erased_stay"),
        ]

    def __str__(self) -> str:
        return str(self.person_id)

    def read(self, name: str) -> str:
        """Return what is sealed as `name` (of LABELS); empty where nothing is.

        Raises ValueError where it was changed behind the product's back.
        """
        return vault.unseal(bytes(self.key), getattr(self, name), about=self._about(name))

    def write(self, name: str, text: str) -> None:
        """Seal `text` as `name`; not saved."""
        setattr(self, name, vault.seal(bytes(self.key), text, about=self._about(name)))

    def opened(self) -> dict[str, str]:
        """Return all that is sealed, {name: text}."""
        return {name: self.read(name) for name in LABELS}

    def _about(self, name: str) -> str:
        return f"{self.person_id} {name}"


class ParticularsReading(models.Model):
    """Somebody was shown what is sealed of `person`, and why."""

    append_only = True

    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="readings")
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.person_id} {self.entered_at}"

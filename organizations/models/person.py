"""People: candidates, members, signers. Their account, if any, is elsewhere."""

from __future__ import annotations

import uuid

import pghistory
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

from config import names

from .guards import NEVER_DELETED, written_name


class Sex(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")


@pghistory.track(append_only=True)
class Person(models.Model):
    """A person; names in NFC as written, with a stored search key and Vietnamese sort key.

    Made and changed by `organizations.operations.people`. The birth date never changes
    (HD 06-HD/TW 2025, 9; certainty H): a wrong one is a new decision's matter.
    """

    Sex = Sex

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    full_name = models.CharField(_("full name"), max_length=120)
    name_search = models.CharField(max_length=120, editable=False)
    # By bytes: the key is made so, and the database's own language would order it otherwise.
    name_order = models.CharField(max_length=300, editable=False, db_collation="C")
    born_on = models.DateField(_("date of birth"))
    sex = models.CharField(_("sex"), max_length=6, choices=Sex)
    ethnicity = models.CharField(_("ethnicity"), max_length=40, blank=True)
    religion = models.CharField(_("religion"), max_length=40, blank=True)
    education = models.CharField(_("education"), max_length=120, blank=True)
    occupation = models.CharField(_("occupation"), max_length=120, blank=True)
    residence = models.CharField(_("residence"), max_length=160, blank=True)
    is_youth_union_member = models.BooleanField(_("Youth Union member"), default=False)

    class Meta:
        constraints = [
            written_name("full_name", name="person_name_is_written_in_nfc"),
            models.CheckConstraint(
                name="person_born_after_1900", condition=models.Q(born_on__gte="1900-01-01")
            ),
        ]
        indexes = [
            GinIndex(OpClass("name_search", name="gin_trgm_ops"), name="person_name_search_trgm"),
            models.Index(fields=["name_order"], name="person_name_order"),
            # Asked whenever somebody is logged: is the same person known already?
            models.Index(fields=["born_on", "name_search"], name="person_born_on_and_name"),
        ]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return self.full_name


def name_columns(full_name: str) -> dict[str, str]:
    """Return the three name columns of a person called `full_name`.

    The keys are cut to their columns: folding a letter may make several of it.
    """
    written = names.written(full_name)
    return {
        "full_name": written,
        "name_search": names.search_key(written)[:120],
        "name_order": names.sort_key(written)[:300],
    }

"""People: candidates, members, signers. Their account, if any, is elsewhere."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

from config import names

from .appointment import Appointment, Role
from .guards import NEVER_DELETED, written_name
from .membership import Membership
from .transfer import TemporaryStay, Transfer

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .user import User


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, user: User | AnonymousUser, *, on: date | None = None) -> PersonQuerySet:
        """Keep those who are, were or will be in a cell whose people `user` may see by name.

        Guests of such a cell, and who comes to it from outside, too. Somebody whose transfer from
        another cell here still waits is not among them.
        """
        cells = Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
        coming = Transfer.objects.filter(origin__isnull=True, destination__in=cells)
        return self.filter(
            models.Q(pk__in=Membership.objects.filter(cell__in=cells).values("person"))
            | models.Q(pk__in=TemporaryStay.objects.filter(host__in=cells).values("person"))
            | models.Q(pk__in=coming.values("person"))
        )

    def unmerged(self) -> PersonQuerySet:
        """Keep the records that were not merged into another of the same person."""
        return self.filter(merged_into__isnull=True)


class Sex(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")


MERGED = """
    IF NEW.merged_into_id IS NULL THEN
        RETURN NEW;
    END IF;
    -- Two merges at once, each into the other's duplicate, look at each other in turn.
    PERFORM 1 FROM organizations_person WHERE id = NEW.merged_into_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM organizations_person
        WHERE id = NEW.merged_into_id AND merged_into_id IS NOT NULL)
        OR EXISTS (SELECT 1 FROM organizations_person WHERE merged_into_id = NEW.id) THEN
        RAISE EXCEPTION 'the record that is kept is merged itself'
            USING ERRCODE = '23514', CONSTRAINT = 'person_merged_into_a_record_that_is_kept';
    END IF;
    RETURN NEW;
"""


@pghistory.track(append_only=True)
class Person(models.Model):
    """A person; names in NFC as written, with a stored search key and Vietnamese sort key.

    Made and changed by `organizations.operations.people`; what is most personal is sealed apart
    (`Particulars`). The birth date never changes
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
    education = models.CharField(_("education"), max_length=120, blank=True)
    occupation = models.CharField(_("occupation"), max_length=120, blank=True)
    is_youth_union_member = models.BooleanField(_("Youth Union member"), default=False)
    admitted_on = models.DateField(
        _("admitted on"),
        null=True,
        blank=True,
        help_text=_("As the member's papers say; admissions made here have their own row."),
    )
    official_on = models.DateField(_("official member since"), null=True, blank=True)
    citizen_id_hash = models.CharField(max_length=64, blank=True, editable=False)
    citizen_id_ending = models.CharField(max_length=4, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged_from",
        help_text=_("The record kept of the same person."),
    )

    objects = PersonQuerySet.as_manager()

    class Meta:
        constraints = [
            written_name("full_name", name="person_name_is_written_in_nfc"),
            models.CheckConstraint(
                name="person_born_after_1900", condition=models.Q(born_on__gte="1900-01-01")
            ),
            models.CheckConstraint(
                name="person_merged_into_another",
                condition=models.Q(merged_into__isnull=True)
                | ~models.Q(merged_into=models.F("pk")),
            ),
            models.CheckConstraint(
                name="person_official_after_admission",
                condition=models.Q(official_on__isnull=True)
                | models.Q(admitted_on__isnull=True)
                | models.Q(official_on__gte=models.F("admitted_on")),
            ),
        ]
        indexes = [
            GinIndex(OpClass("name_search", name="gin_trgm_ops"), name="person_name_search_trgm"),
            models.Index(fields=["name_order"], name="person_name_order"),
            # Asked whenever somebody is logged: is the same person known already?
            models.Index(fields=["born_on", "name_search"], name="person_born_on_and_name"),
            models.Index(
                fields=["citizen_id_hash"],
                condition=~models.Q(citizen_id_hash=""),
                name="person_citizen_id_hash",
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            pgtrigger.Trigger(
                name="merged_into_a_record_that_is_kept",
                operation=pgtrigger.UpdateOf("merged_into_id"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                func=MERGED,
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def kept_id(self) -> int:
        """Key of the record that is kept of this person: one and the same for all merged ones."""
        return self.merged_into_id or self.pk


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

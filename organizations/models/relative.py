"""Relatives whom somebody who signs in has declared: nobody acts on their records (SoD-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BigIntegerField, F, Func, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from .guards import APPEND_ONLY, EnteredAt, entered_now
from .person import Person
from .user import User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class DeclaredRelative(models.Model):
    """`user` says that `person` is their relative, and from then on acts on no record of theirs.

    Written by the user alone and never taken back: else it would be taken back before acting.
    """

    append_only = True

    class Kind(models.TextChoices):
        SPOUSE = "spouse", _("Wife or husband")
        PARENT = "parent", _("Father or mother")
        CHILD = "child", _("Child")
        SIBLING = "sibling", _("Brother or sister")
        IN_LAW = "in_law", _("Relative by marriage")
        OTHER = "other", _("Other relative")

    user = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="declared_relatives"
    )
    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="+")
    kind = models.CharField(_("relationship"), max_length=7, choices=Kind)
    entered_at = EnteredAt()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "person"], name="relative_declared_once"),
            models.CheckConstraint(
                name="relative_is_of_a_known_kind",
                condition=Q(kind__in=["spouse", "parent", "child", "sibling", "in_law", "other"]),
            ),
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.get_kind_display()} {self.person_id}"


def own_people(account: str) -> Func:
    """Return a column: the people (ids) on whose records the holder of `account` does not act.

    Their own person and the relatives whom they declared, each by every record there is of that
    human being: what was merged into it, what it was merged into, what else went there.
    """
    declared = DeclaredRelative.objects.filter(user=OuterRef(account)).order_by()
    holder = "person" if account == "pk" else f"{account}__person"
    own = Person.objects.filter(pk=OuterRef(holder)).order_by()
    return Func(
        _every_record(declared, "person__"),
        _every_record(own, ""),
        function="array_cat",
        output_field=ArrayField(BigIntegerField()),
    )


def own_people_of(user: User | AnonymousUser) -> QuerySet[Any]:
    """Return the people (ids) of `own_people` of the account `user`, for an `__in`."""
    holder: QuerySet[Any] = User.objects.filter(pk__in=[user.pk])
    own = Func(own_people("pk"), function="unnest", output_field=BigIntegerField())
    return holder.values(record=own).values("record")


def _every_record(rows: QuerySet[Any], person: str) -> ArraySubquery:
    # By joins from the few whom it is about: an OR over all people would read every one of them.
    same = ("pk", "merged_into", "merged_from", "merged_into__merged_from")
    records = Func(
        *(F(f"{person}{one}") for one in same),
        template="unnest(array_remove(ARRAY[%(expressions)s], NULL))",
        output_field=BigIntegerField(),
    )
    return ArraySubquery(rows.values(record=records).values("record"))

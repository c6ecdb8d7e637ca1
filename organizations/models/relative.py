"""Relatives whom somebody who signs in has declared: nobody acts on their records (SoD-4)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .guards import APPEND_ONLY, EnteredAt, entered_now


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

"""What happens too often to be told one by one: counted, and told together."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Burst(models.Model):
    """How often `action` happened with `account` (None: whoever else) since `began_at`.

    The first few were told to the audit one by one, the `untold` are told together once the span
    is over (`organizations.operations.bursts`); then the row goes.
    """

    derived = True

    action = models.CharField(max_length=80)
    account = models.ForeignKey(
        "organizations.User", models.PROTECT, null=True, related_name="+", db_index=False
    )
    began_at = models.DateTimeField(db_default=Now())
    told = models.PositiveIntegerField(default=0)
    untold = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["action", "account"], name="burst_counted_in_one_row"),
            # Not `nulls_distinct`: to check it, Django asks the server as a role that the first
            # `migrate` has still to make.
            models.UniqueConstraint(
                fields=["action"],
                condition=Q(account__isnull=True),
                name="burst_of_nobody_counted_in_one_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.account_id}: {self.told} + {self.untold}"

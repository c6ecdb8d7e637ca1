"""What this database is: a demonstration standing on a day of its own, or the real thing."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .guards import NEVER_DELETED


class Installation(models.Model):
    """The one row that says what this database is; made when its first data are.

    `app_now()` reads `day` from it. A real installation has no day of its own, and what it is
    cannot be changed once made.
    """

    class Mode(models.TextChoices):
        REAL = "real", _("Real")
        DEMONSTRATION = "demonstration", _("Demonstration")

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    mode = models.CharField(max_length=13, choices=Mode)
    scenario = models.CharField(max_length=60, blank=True)
    is_complete = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_("The demonstration is written: from now on two people grant a role there."),
    )
    day = models.DateField(null=True, blank=True, help_text=_("The day a demonstration stands on."))

    class Meta:
        constraints = [
            models.CheckConstraint(name="installation_is_one_row", condition=Q(id=1)),
            models.CheckConstraint(
                name="installation_has_its_own_day_only_in_a_demonstration",
                condition=Q(mode="demonstration") | Q(day__isnull=True),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            pgtrigger.Trigger(
                name="what_is_complete_stays_so",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__is_complete=True, new__is_complete=False),
                func="RAISE EXCEPTION 'a demonstration that is complete stays so'"
                " USING ERRCODE = '23514';",
            ),
            pgtrigger.Trigger(
                name="mode_is_chosen_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__mode__df=pgtrigger.F("new__mode")),
                func="RAISE EXCEPTION 'an installation stays what it was made: %', OLD.mode"
                " USING ERRCODE = '23514';",
            ),
        ]

    def __str__(self) -> str:
        return self.get_mode_display()

"""One organisation's stored figures beside those that its facts give now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from targets import sql
from targets.measures import MEASURES
from targets.models import Attainment

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from organizations.models import Organization

LABELS: dict[str, StrPromise | str] = {
    "opening_members": _("Members on 1 January"),
    "target_low": _("Target, at least"),
    "target_high": _("Target, up to"),
    **{measure.name: measure.label for measure in MEASURES},
    "term_admitted": _("Admitted since the term began"),
    "last_admission_on": _("Last admission"),
    "units": _("Units directly beneath"),
    "units_with_admission": _("Units with an admission"),
    "units_without_source": _("Units without a source"),
}


@dataclass(frozen=True)
class Recounted:
    """A figure of one organisation as it is stored, and as the facts give it now."""

    label: StrPromise | str
    stored: int | date | None
    counted: int | date | None

    @property
    def differs(self) -> bool:
        return self.stored != self.counted


def recounted(
    organization: Organization, *, year: int, lens: str, on: date, today: date
) -> list[Recounted]:
    """Return every figure of `organization` beside what the facts give as of day `on`.

    Only those of the clock's day are stored: for an earlier day `stored` is what is counted, and
    nothing differs. Empty where the organisation has no figures in the year.
    """
    counted = sql.read([organization.pk], year=year, lens=lens, on=on, today=today)
    if organization.pk not in counted:
        return []
    fresh = counted[organization.pk]
    stored = fresh
    if on == today:
        found = Attainment.objects.filter(organization=organization, year=year, lens=lens).first()
        stored = found or Attainment()
    return [
        Recounted(label, getattr(stored, name), getattr(fresh, name))
        for name, label in LABELS.items()
    ]

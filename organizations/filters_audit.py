"""What narrows the audit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config import clock, names
from organizations import selectors
from organizations.filters import SearchKey, search_box
from organizations.filters_people import DayFilter
from organizations.models import AuditEvent, Organization, User

DAYS = 31
"""Days back that the list shows unless other days are asked for."""


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=clock.HERE)


class ReadingFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow what was read: by days, by who did it, by organisation."""

    tu = DayFilter(label=_("From the day"))
    den = DayFilter(label=_("To the day"))
    q = search_box(_("Who: name or sign-in name"))
    don_vi = search_box(_("Organisation"))

    class Meta:
        model = AuditEvent
        fields: list[str] = []

    def asked(self, name: str) -> Any:
        """Return what was asked at `name`, or None; nonsense is as if nothing was."""
        if not self.form.is_bound:
            return None
        self.form.is_valid()
        return self.form.cleaned_data.get(name)

    @property
    def qs(self) -> Any:
        return self.narrowed(self.queryset)

    def narrowed(self, rows: Any) -> Any:
        """Return those of `rows` that were asked for; of the last days, unless others were."""
        today = clock.today()
        last = self.asked("den") or today
        first = self.asked("tu") or min(last, today) - timedelta(days=DAYS)
        rows = rows.filter(
            entered_at__gte=midnight(first), entered_at__lt=midnight(last + timedelta(days=1))
        )
        if q := self.asked("q"):
            key = names.search_key(q)
            people = User.objects.annotate(name_search=SearchKey(F("full_name"))).filter(
                Q(name_search__contains=key) | Q(username__icontains=key)
            )
            rows = rows.filter(actor__in=people.values("pk"))
        if unit := self.asked("don_vi"):
            named = selectors.found_by_name(Organization.objects.all(), unit, on=today)
            beneath = Organization.objects.under(named, on=today)
            rows = rows.filter(organization__in=beneath.values("pk"))
        return rows


class EventFilter(ReadingFilter):
    """The same of what was done, and by its kind."""

    loai = django_filters.ChoiceFilter(
        label=_("Kind"), choices=AuditEvent.Kind.choices, empty_label=_("All kinds")
    )

    def narrowed(self, rows: Any) -> Any:
        rows = super().narrowed(rows)
        kind = self.asked("loai")
        return rows.filter(kind=kind) if kind else rows

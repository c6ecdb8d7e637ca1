"""Filters of lists in the product's own words; the rest comes from django-filter as it is."""

from __future__ import annotations

import django_filters

from .forms import DateField


class DayFilter(django_filters.DateFilter):  # type: ignore[misc]  # django-filter has no types
    """Narrow by a day typed as everywhere: 05/06/2025, 5/6/25, 05062025."""

    field_class = DateField

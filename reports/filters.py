"""What narrows the list of organisations."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config import clock, names
from organizations import selectors
from organizations.filters import search_box
from organizations.models import Designation, Organization


class OrganizationFilter(django_filters.FilterSet):  # type: ignore[misc] - no types there
    """By name, with or without diacritics, past names too, and by kind as it is today."""

    q = search_box(_("Name"), method="by_name")
    loai = django_filters.ChoiceFilter(
        label=_("Kind"), empty_label=_("All kinds"), method="by_kind"
    )

    class Meta:
        model = Organization
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["loai"].extra["choices"] = selectors.kinds()

    def by_name(
        self, rows: QuerySet[Organization], name: str, value: str
    ) -> QuerySet[Organization]:
        # By any name it ever had: who looks for an old one finds what became of it.
        found = Designation.objects.begun(on=clock.today()).filter(
            name_search__contains=names.search_key(value)
        )
        return rows.filter(pk__in=found.values("organization"))

    def by_kind(self, rows: QuerySet[Organization], name: str, value: Any) -> Any:
        found = Designation.objects.on(clock.today()).filter(kind=value)
        return rows.filter(pk__in=found.values("organization"))

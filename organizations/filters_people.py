"""What narrows the member register."""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config import clock, names
from config.ui.forms import DateField
from organizations import selectors
from organizations.filters import search_box
from organizations.models import (
    Appointment,
    Membership,
    Organization,
    Role,
    TemporaryStay,
    Transfer,
)
from organizations.sheets import people

FEW_CELLS = 100
"""So many cells are offered in a list to choose from; more are found by their names."""


class DayFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = DateField


class MemberFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow the register: by name, by cell (or the committee above it), by standing, by day."""

    q = search_box(_("Name"))
    chi_bo = search_box(_("Cell or committee"))
    tinh_trang = django_filters.ChoiceFilter(
        label=_("Status"),
        choices=[
            *Membership.Status.choices,
            (people.AWAY, _("Temporarily elsewhere")),
            (people.GUEST, _("Temporary guests")),
            (people.LEFT, _("Left")),
        ],
        empty_label=_("All members"),
    )
    den = DayFilter(label=_("As of"))

    class Meta:
        model = Membership
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = clock.today()
        cells = self._cells()
        if len(cells) == 1:
            del self.filters["chi_bo"]
        elif len(cells) <= FEW_CELLS:
            self.filters["chi_bo"] = django_filters.ChoiceFilter(
                label=_("Cell"), choices=cells, empty_label=_("All cells")
            )

    def _cells(self) -> list[tuple[str, str]]:
        seen = Appointment.objects.organizations_of(
            self.request.user, roles=Role.sees_names(), on=self.today
        )
        named = seen.cells(on=self.today).called(on=self.today).order_by("name_order", "pk")
        rows = selectors.told_apart(named, on=self.today)[: FEW_CELLS + 1]
        return [(row.slug, selectors.told(row)) for row in rows]

    def asked(self, name: str) -> Any:
        """Return what was asked at `name`, or None; nonsense is as if nothing was."""
        if not self.form.is_bound:
            return None
        self.form.is_valid()
        return self.form.cleaned_data.get(name)

    @property
    def day(self) -> date:
        """Return the day that is looked at: the clock's unless another is asked for."""
        found: date | None = self.asked("den")
        return found or self.today

    @property
    def standing(self) -> str:
        return self.asked("tinh_trang") or ""

    def narrowed(self, standing: str) -> QuerySet[Any]:
        """Return the register's rows of `standing`, narrowed by name and cell."""
        rows = people.register(self.request.user, standing, on=self.today, day=self.day)
        if q := self.asked("q"):
            rows = rows.filter(person__name_search__contains=names.search_key(q))
        if cell := self.asked("chi_bo"):
            on = max(self.day, self.today)
            named = Organization.objects.filter(slug=cell)
            if not named.exists():
                named = selectors.found_by_name(Organization.objects.all(), cell, on=on)
            beneath = Organization.objects.under(named, on=on)
            is_stay = rows.model is TemporaryStay
            rows = rows.filter(Q(host__in=beneath) if is_stay else Q(cell__in=beneath))
        return rows


class TransferFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow the panel of transfers: by part, by the person's name."""

    q = search_box(_("Name"))
    phan = django_filters.ChoiceFilter(
        label=_("Part"),
        choices=[
            (people.TO_RELEASE, _("To release")),
            (people.TO_ACCEPT, _("To accept")),
            (people.WAITING, _("Waiting for others")),
            (people.STAYING, _("Staying elsewhere")),
            (people.DONE, _("Done")),
        ],
        widget=forms.HiddenInput,
    )

    class Meta:
        model = Transfer
        fields: list[str] = []

    def asked(self, name: str) -> Any:
        """Return what was asked at `name`, or None; nonsense is as if nothing was."""
        if not self.form.is_bound:
            return None
        self.form.is_valid()
        return self.form.cleaned_data.get(name)

    @property
    def part(self) -> str:
        return self.asked("phan") or ""

    def narrowed(self, part: str) -> QuerySet[Transfer]:
        """Return the transfers of `part`, narrowed by name."""
        rows = people.panel(self.request.user, part, on=clock.today())
        if q := self.asked("q"):
            rows = rows.filter(person__name_search__contains=names.search_key(q))
        return rows

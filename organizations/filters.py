"""What narrows the lists of organisations, accounts and decisions."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import CharField, Exists, F, Func, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config import clock, names
from organizations import selectors
from organizations.models import (
    Appointment,
    Designation,
    Organization,
    Reorganization,
    Role,
    User,
)


class SearchKey(Func):
    """A text in lower case without diacritics, as `config.names.search_key` makes it."""

    template = (
        "regexp_replace(normalize(replace(lower(%(expressions)s), 'đ', 'd'), NFD),"
        " '[\u0300-\u036f]', '', 'g')"
    )
    output_field = CharField()


def search_input() -> forms.TextInput:
    """Return a box to type into; what is typed does not go into the address (`ui.searching`)."""
    return forms.TextInput(attrs={"type": "search", "maxlength": 120})


def search_box(label: Any, **more: Any) -> django_filters.CharFilter:
    """Return the filter `q` of a list; it is labelled with what it searches."""
    return django_filters.CharFilter(label=label, widget=search_input(), **more)


class OrganizationFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow the administrator's list of organisations."""

    q = search_box(_("Name"))
    loai = django_filters.ChoiceFilter(label=_("Kind"), empty_label=_("All kinds"))

    class Meta:
        model = Organization
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["loai"].extra["choices"] = selectors.kinds()

    @property
    def narrows(self) -> bool:
        """Say whether anything was asked for, so that the tree gives way to a flat list."""
        asked = self.form.cleaned_data if self.form.is_bound and self.form.is_valid() else {}
        return any(asked.values())

    def filter_queryset(self, queryset: Any) -> Any:
        asked = self.form.cleaned_data
        today = clock.today()
        if asked.get("q"):
            queryset = selectors.found_by_name(queryset, asked["q"], on=today)
        if asked.get("loai"):
            of_kind = Designation.objects.on(today).filter(kind=asked["loai"])
            queryset = queryset.filter(pk__in=of_kind.values("organization"))
        return queryset


class AccountFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow the administrator's list of accounts."""

    q = search_box(_("Name or sign-in name"))
    vai_tro = django_filters.ChoiceFilter(
        label=_("Role"), choices=Role.choices, empty_label=_("All roles")
    )
    tinh_trang = django_filters.ChoiceFilter(
        label=_("State"),
        choices=[("mo", _("Open")), ("dong", _("Closed")), ("chua", _("Without a role"))],
        empty_label=_("All"),
    )

    class Meta:
        model = User
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[User]) -> QuerySet[User]:
        asked = self.form.cleaned_data
        held = Appointment.objects.filter(user=OuterRef("pk"), period__contains=clock.today())
        if asked.get("q"):
            key = names.search_key(asked["q"])
            queryset = queryset.annotate(name_search=SearchKey(F("full_name"))).filter(
                Q(name_search__contains=key) | Q(username__icontains=key)
            )
        if asked.get("vai_tro"):
            queryset = queryset.filter(Exists(held.filter(role=asked["vai_tro"])))
        state = asked.get("tinh_trang")
        if state in {"mo", "dong"}:
            queryset = queryset.filter(is_active=state == "mo")
        elif state == "chua":
            queryset = queryset.filter(~Exists(held), is_active=True)
        return queryset


class ReorganizationFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow the list of reorganisation decisions; found by number or by a unit named in them."""

    q = search_box(_("Decision number or organisation"))
    trang_thai = django_filters.ChoiceFilter(
        label=_("State"), choices=Reorganization.State.choices, empty_label=_("All")
    )
    nam = django_filters.ChoiceFilter(label=_("In force in"), empty_label=_("All years"))

    class Meta:
        model = Reorganization
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = self.queryset.dates("effective_on", "year", order="DESC")
        self.filters["nam"].extra["choices"] = [(str(day.year), str(day.year)) for day in days]

    def filter_queryset(self, queryset: Any) -> Any:
        asked = self.form.cleaned_data
        if asked.get("q"):
            key = names.search_key(asked["q"])
            called = Designation.objects.filter(name_search__contains=key).values("organization")
            named = Q(organization__in=called) | Q(events__units__organization__in=called)
            new = queryset.filter(events__units__is_new=True).annotate(
                unit_search=SearchKey(F("events__units__name"))
            )
            queryset = queryset.filter(
                Q(number__icontains=names.written(asked["q"]))
                | named
                | Q(pk__in=new.filter(unit_search__contains=key).order_by().values("pk"))
            ).distinct()
        if asked.get("trang_thai"):
            queryset = queryset.filter(state=asked["trang_thai"])
        if asked.get("nam"):
            queryset = queryset.filter(effective_on__year=asked["nam"])
        return queryset

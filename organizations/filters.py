"""What narrows the lists of organisations, accounts and members."""

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
    Membership,
    Organization,
    Role,
    User,
)

FEW_CELLS = 100
"""So many cells are offered in a list to choose from; more are found by their names."""


class SearchKey(Func):
    """A text in lower case without diacritics, as `config.names.search_key` makes it."""

    template = (
        "regexp_replace(normalize(replace(lower(%(expressions)s), 'đ', 'd'), NFD),"
        " '[\u0300-\u036f]', '', 'g')"
    )
    output_field = CharField()


def search_box(label: Any) -> django_filters.CharFilter:
    """Return the filter `q` of a list; it is labelled with what it searches."""
    return django_filters.CharFilter(
        label=label, widget=forms.TextInput(attrs={"type": "search", "maxlength": 120})
    )


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


class MemberFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow the member register: by name, by cell (or the committee above it), by standing."""

    q = search_box(_("Name"))
    chi_bo = search_box(_("Cell or committee"))
    tinh_trang = django_filters.ChoiceFilter(
        label=_("Status"), choices=Membership.Status.choices, empty_label=_("All")
    )

    class Meta:
        model = Membership
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cells = self._cells()[: FEW_CELLS + 1]
        if len(cells) == 1:
            del self.filters["chi_bo"]
        elif len(cells) <= FEW_CELLS:
            self.filters["chi_bo"] = django_filters.ChoiceFilter(
                label=_("Cell"), choices=cells, empty_label=_("All cells")
            )

    def _cells(self) -> Any:
        seen = Organization.objects.filter(
            pk__in=Appointment.objects.organizations_of(
                self.request.user, roles=Role.sees_names(), on=clock.today()
            )
        ).cells(on=clock.today())
        named = seen.called(on=clock.today()).order_by("name_order", "pk")
        return named.values_list("slug", "name")

    def filter_queryset(self, queryset: QuerySet[Membership]) -> QuerySet[Membership]:
        asked = self.form.cleaned_data
        if asked.get("q"):
            key = names.search_key(asked["q"])
            queryset = queryset.filter(person__name_search__contains=key)
        if asked.get("chi_bo"):
            today = clock.today()
            named = Organization.objects.filter(slug=asked["chi_bo"])
            if not named.exists():
                everywhere = Organization.objects.all()
                named = selectors.found_by_name(everywhere, asked["chi_bo"], on=today)
            queryset = queryset.filter(cell__in=Organization.objects.under(named, on=today))
        if asked.get("tinh_trang"):
            queryset = queryset.filter(status=asked["tinh_trang"])
        return queryset

"""What narrows the list of files; the address tells the whole state."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from admissions.models import AwarenessClass, Candidate, Certificate
from admissions.models.candidate import CandidateQuerySet
from admissions.selectors.listing import OpenFiles
from admissions.stages import OPEN_STAGES, PUBLIC_STEPS, Stage, public_step
from config import clock, names
from config.ui.forms import WholeNumberField
from organizations.filters import search_box, search_input
from organizations.models import Ancestry, Designation, Organization, Scope
from organizations.selectors import told, told_apart

FEW_UNITS = 200
"""Beneath so many organisations the cells are offered to choose from; of more, one is written."""

STEPS = [
    (str(step.number), format_lazy("{}. {}", step.number, step.title)) for step in PUBLIC_STEPS[:7]
]


def stages_at(number: int) -> list[Stage]:
    """Return the stages of files that are at public step `number`."""
    return [
        stage for stage in Stage if stage != Stage.CLOSED and public_step(stage).number == number
    ]


class CellField(django_filters.fields.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return told(obj)


class CellFilter(django_filters.ModelChoiceFilter):
    """A cell that has files, by the name it has today; the address carries its slug."""

    field_class = CellField

    def get_queryset(self, request: Any) -> QuerySet[Organization]:
        if request is None:
            return Organization.objects.none()
        today = clock.today()
        seen = Candidate.objects.visible_to(request.user, on=today)
        cells = Organization.objects.filter(pk__in=seen.values("cell")).called(on=today)
        return told_apart(cells, on=today).order_by("name_order", "pk")


class CellsFilter(django_filters.CharFilter):
    """Cells of `scope` by the address, or a part of a name ever borne, of them or a committee."""

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope

    def filter(self, rows: Any, value: str) -> Any:
        if not value:
            return rows
        units: QuerySet[Any] = Organization.objects.filter(slug=value).values("pk")
        if not units.exists():
            called = Designation.objects.filter(name_search__contains=names.search_key(value))
            units = called.values("organization")
        within = self.scope.lines().filter(descendant__in=units)
        beneath = Ancestry.objects.on(self.scope.on).filter(
            ancestor__in=within.values("descendant")
        )
        return rows.filter(cell__in=beneath.values("descendant"))


class YearFilter(django_filters.NumberFilter):
    field_class = WholeNumberField

    def get_max_validator(self) -> None:
        return None  # the field's own says it in our words


class CandidateFilter(django_filters.FilterSet):
    q = search_box(_("Name, cell or file number"), method="search")
    buoc = django_filters.ChoiceFilter(
        label=_("Step"), choices=STEPS, method="at_step", empty_label=_("All steps")
    )
    nam = YearFilter(
        label=_("Year identified"), field_name="identified_on", lookup_expr="year",
        min_value=1900, max_value=2100,
    )  # fmt: skip
    tinh_trang = django_filters.ChoiceFilter(
        label=_("Files"),
        choices=[("dong", _("Closed")), ("ket-nap", _("Admitted")), ("tat-ca", _("All files"))],
        method="of_state",
        empty_label=_("Files still open"),
    )
    sap_xep = django_filters.ChoiceFilter(
        label=_("Order"),
        choices=[("ten", _("By given name"))],
        method="ordered",
        empty_label=_("Longest at their step first"),
    )

    class Meta:
        model = Candidate
        fields: ClassVar[list[str]] = []

    def __init__(self, data: Any, files: CandidateQuerySet, *, scope: Scope, **more: Any) -> None:
        # Always bound: without anything asked, too, the list is of open files and has an order.
        super().__init__(data or {}, files.within(scope), **more)
        self.files, self.scope = files, scope
        if scope.size > FEW_UNITS:
            self.filters["chi-bo"] = CellsFilter(
                label=_("Cell or committee"),
                scope=scope,
                widget=search_input(),
            )

    @property
    def listed(self) -> OpenFiles | CandidateQuerySet:
        """Return the files that were asked for, for a paginator."""
        rows: CandidateQuerySet = self.qs
        if any(self.form.cleaned_data.values()):
            return rows
        return OpenFiles(self.files, self.scope, rows)

    def search(self, rows: Any, name: str, value: str) -> Any:
        return rows.matching(value)

    def at_step(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(stage__in=stages_at(int(value)))

    def of_state(self, rows: Any, name: str, value: str) -> Any:
        stages = {"dong": [Stage.CLOSED], "ket-nap": [Stage.ADMITTED]}.get(value)
        return rows if stages is None else rows.filter(stage__in=stages)

    def ordered(self, rows: Any, name: str, value: str) -> Any:
        return rows.order_by("person__name_order", "pk")

    def filter_queryset(self, queryset: Any) -> Any:
        rows = queryset.order_by("stage_since", "pk")
        chosen = self.form.cleaned_data
        # Step 7 is that of the admitted: asking for it asks for them.
        if not chosen.get("tinh-trang") and chosen.get("buoc") != "7":
            rows = rows.filter(stage__in=OPEN_STAGES)
        return super().filter_queryset(rows)


def _addressed() -> None:
    """Give the filters their names in addresses, which no Python name can be."""
    named = {"tinh_trang": "tinh-trang", "sap_xep": "sap-xep"}
    found = {}
    for name, each in CandidateFilter.base_filters.items():
        found[named.get(name, name)] = each
        if name == "buoc":
            found["chi-bo"] = CellFilter(
                label=_("Cell"),
                field_name="cell",
                to_field_name="slug",
                queryset=None,
                empty_label=_("All cells"),
            )
    CandidateFilter.base_filters = found


_addressed()


class ClassFilter(django_filters.FilterSet):
    loai = django_filters.ChoiceFilter(
        label=_("Which class"),
        choices=Certificate.Kind.choices,
        field_name="kind",
        empty_label=_("Every kind"),
    )
    tinh_trang = django_filters.ChoiceFilter(
        label=_("State"),
        choices=AwarenessClass.Standing.choices,
        method="of_standing",
        empty_label=_("Every state"),
    )
    nam = YearFilter(
        label=_("Year"), field_name="starts_on", lookup_expr="year", min_value=1900, max_value=2100
    )

    class Meta:
        model = AwarenessClass
        fields: ClassVar[list[str]] = []

    def of_standing(
        self, classes: QuerySet[AwarenessClass], name: str, value: str
    ) -> QuerySet[AwarenessClass]:
        return classes.standing_on(clock.today()).filter(standing=value)

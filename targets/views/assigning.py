"""One organisation's target with its paper: in any form, of any period."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from targets import permissions
from targets.forms import TargetForm
from targets.models import Baseline, Target
from targets.operations.shapes import first_year_of_term
from targets.operations.targets import assign_target

from .targets import TargetAction, address

KEPT = ("form", "low", "high", "percent", "base_of", "span", "until_year", "group", "origin")
"""What the form of an adjustment begins with."""


class TargetAssign(TargetAction):
    """One organisation's target with its decision, in any form; the top's comes from outside."""

    allows = staticmethod(permissions.sets_figures_of)
    template_name = "targets/assign.html"
    form_class = TargetForm
    submit_label = _("Save the target")

    def load(self, request, year):
        super().load(request, year)
        self.is_top = permissions.superior_of(self.organization, on=self.today) is None
        self.adjusted = self.asked() if request.GET.get("sua") else None

    def asked(self):
        """Return the target of `?sua=`, one of this organisation and year; 404 for any other."""
        key = self.request.GET["sua"]
        if not (key.isascii() and key.isdigit() and len(key) < 19):
            raise Http404
        own = Target.objects.filter(organization=self.organization, year=self.year)
        return get_object_or_404(own, pk=key)

    @property
    def title(self):
        if self.is_top:
            return _("Enter the target given from outside")
        return _("Assign a target")

    def get_form_kwargs(self):
        return {"is_top": self.is_top}

    def get_initial(self):
        old = self.adjusted
        if old is None:
            return {"form": "number"}
        return {
            **{name: getattr(old, name) for name in KEPT},
            "part": old.part or None,
            "indicator": old.indicator_id,
            "responsible": old.responsible,
        }

    def get_context_data(self, **kwargs):
        probe = Target(organization=self.organization, year=self.year)
        first = first_year_of_term(probe, on=self.today) or self.year
        years = sorted({self.year, first})
        reported = dict(
            Baseline.objects.filter(organization=self.organization, year__in=years)
            .newest()
            .values_list("year", "members")
        )
        return super().get_context_data(
            bases=[
                (year, reported.get(year), address("baseline-sheet", year, self.organization))
                for year in years
            ],
            **kwargs,
        )

    def perform(self, form):
        return assign_target(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("The target is saved.")

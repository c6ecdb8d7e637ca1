"""The plan of a year by its rounds: what it is, what was set before, and setting it."""

from django.utils.translation import gettext_lazy as _

from organizations.models import Organization
from targets import permissions
from targets.models import Attainment, RoundPlan
from targets.operations.round_plans import set_round_plan
from targets.paces import pace_of
from targets.plan import ROUNDS
from targets.round_plan_forms import RoundPlanForm
from targets.rules import percent_typed

from .targets import TargetAction


class RoundPlanEdit(TargetAction):
    allows = staticmethod(permissions.sets_figures_of)
    template_name = "targets/round_plan.html"
    form_class = RoundPlanForm
    title = _("Plan by rounds")
    submit_label = _("Save the plan")

    def load(self, request, year):
        super().load(request, year)
        told = {"year": year, "lens": Attainment.Lens.THEN, "on": self.today}
        self.pace = pace_of(self.organization, **told)
        self.reckoned = pace_of(self.organization, **told, as_set=False)

    def get_initial(self):
        shares = self.pace.shares if self.pace else []
        return {
            f"share_{place}": percent_typed(100 * share)
            for place, share in enumerate(shares, start=1)
        }

    def perform(self, form):
        return set_round_plan(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        if result.shares:
            return _("The plan is saved. The pages show it from now on.")
        return _("The plan is again what earlier years give.")

    def get_context_data(self, **kwargs):
        whose = None
        if self.pace and self.pace.organization != self.organization.pk:
            whose = Organization.objects.called(on=self.today).get(pk=self.pace.organization)
        versions = RoundPlan.objects.filter(organization=self.organization, year=self.year)
        return super().get_context_data(
            pace=self.pace,
            whose=whose,
            rounds=[
                (one.name, 100 * share)
                for one, share in zip(ROUNDS, self.reckoned.shares, strict=True)
            ]
            if self.reckoned
            else [],
            versions=versions.select_related("entered_by").order_by("-version"),
            **kwargs,
        )

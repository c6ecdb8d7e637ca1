"""What addresses of kept scenarios and of the grid in Excel name, and what their forms take."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from organizations.models import User
from targets.models import SavedScenario
from targets.operations.scenarios import save_scenario
from targets.what_if import Scenario
from tests.makers import DAY, World
from tests.reports.years_asked import NOT_THERE, Asked


def asked_of_scenarios(here: World, there: World) -> Asked:
    """Return rows of all that these addresses name, in two trees."""
    kept = {"own": _kept(here).pk, "foreign": _kept(there).pk, **NOT_THERE}
    return {("scenario-withdraw", "number"): kept}


def _kept(around: World) -> SavedScenario:
    return save_scenario(
        around.committee, by=around.staff, on=DAY, year=2021, name="Chia đều",
        scenario=Scenario(total=8),
    )  # fmt: skip


def forms_of_scenarios(here: World, asked: Asked) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for each of these forms.

    An assignment of the top is under way.
    """
    tried = {"dv": here.committee.slug, "tong": "8", "theo": "deu", "nguon": "50"}
    yield here.staff, reverse("scenario-save", args=[2021], query=tried), {"name": "Theo nguồn"}
    number = asked["scenario-withdraw", "number"]["own"]
    yield here.staff, reverse("scenario-withdraw", args=[2021, number]), {}
    brought = reverse("target-import", args=[2021], query={"dv": here.top.slug})
    yield here.staff2, brought, {"write": "1", "marks": f"{here.committee.pk}:0::38"}

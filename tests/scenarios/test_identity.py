"""D = A + B − C at every organisation of every scenario, by both structures."""

from typing import Any

import pytest

from tests.scenarios.conftest import Demonstration, Load

YEAR_OF = {
    "than-quang-ninh-2021": (2021, "than-quang-ninh"),
    "than-quang-ninh-2019": (2019, "than-quang-ninh"),
    "hai-duong-2023": (2023, "tinh-hai-duong"),
    "ninh-thuan-2024": (2024, "ninh-thuan"),
    "tam-duong-2023": (2023, "tam-duong"),
}
SCENARIOS = [
    pytest.param(name, marks=[] if name == "than-quang-ninh-2021" else [pytest.mark.scenario])
    for name in YEAR_OF
]


def tables(of: Demonstration, scenario: str) -> dict[str, Any]:
    """What `tests.scenarios.identity` finds: table 1 of every organisation, in both lenses."""
    year, _top = YEAR_OF[scenario]
    code = f"from tests.scenarios.identity import show; show({year})"
    found: dict[str, Any] = of._ask("manage.py", "shell", "--no-imports", "-c", code)
    return found


@pytest.mark.thorough
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_table_1_balances_at_every_organisation(load: Load, scenario: str) -> None:
    found = tables(load(scenario), scenario)

    for lens in found["lenses"].values():
        assert lens["statements"] == 1
        assert [slug for slug, one in lens["units"].items() if not one["is_balanced"]] == []
        for one in lens["units"].values():
            assert one["after"] == one["before"] + one["increase"] - one["decrease"]


@pytest.mark.thorough
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_both_structures_count_the_same_people_at_the_top(load: Load, scenario: str) -> None:
    _year, top = YEAR_OF[scenario]
    lenses = tables(load(scenario), scenario)["lenses"]
    of_top = {name: lens["units"][top] for name, lens in lenses.items()}

    assert of_top["then"] == of_top["now"]
    assert of_top["then"]["after"] > 0


@pytest.mark.thorough
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_ancestry_is_that_of_the_placements(load: Load, scenario: str) -> None:
    assert not any(tables(load(scenario), scenario)["differences"].values())


@pytest.mark.thorough
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_as_many_were_admitted_as_the_figures_say(load: Load, scenario: str) -> None:
    year, top = YEAR_OF[scenario]
    demonstration = load(scenario)
    figures = demonstration.figures(top, year)["organization"]
    people = tables(demonstration, scenario)["lenses"]["then"]["units"][top]["people"]

    assert people["admitted"] == figures["admitted"]


@pytest.mark.scenario
def test_hai_duong_took_over_eleven_cells_and_lost_a_committee(hai_duong: Demonstration) -> None:
    lenses = tables(hai_duong, "hai-duong-2023")["lenses"]
    bloc = {name: lens["units"]["khoi-co-quan-hai-duong"] for name, lens in lenses.items()}
    stations = sum(
        one["after"]
        for slug, one in lenses["then"]["units"].items()
        if slug.startswith("dien-luc-")
    )

    assert bloc["then"]["before"] == 5_149
    assert bloc["then"]["people"]["reorganised_in"] == stations == 102
    assert bloc["now"]["before"] == 5_149 + 102
    assert bloc["then"]["after"] == bloc["now"]["after"] == 5_149 + 102 + 126
    college = lenses["then"]["units"]["truong-cao-dang-hai-duong"]
    assert (college["before"], college["decrease"], college["after"]) == (76, 76, 0)

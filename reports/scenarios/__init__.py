"""Demonstration data: five scenarios after press articles, generated with a fixed seed."""

from collections.abc import Callable

from .hai_duong import hai_duong_2023
from .ninh_thuan import ninh_thuan_2024
from .plan import Plan
from .published import check
from .tam_duong import tam_duong_2023
from .than_quang_ninh import than_quang_ninh_2019, than_quang_ninh_2021

DEFAULT = "than-quang-ninh-2021"

SCENARIOS: dict[str, Callable[[], Plan]] = {
    DEFAULT: than_quang_ninh_2021,
    "than-quang-ninh-2019": than_quang_ninh_2019,
    "hai-duong-2023": hai_duong_2023,
    "ninh-thuan-2024": ninh_thuan_2024,
    "tam-duong-2023": tam_duong_2023,
}


def plan_of(name: str) -> Plan:
    """Return the plan of the scenario `name`, checked against what is published.

    Raises KeyError for an unknown name.
    """
    plan = SCENARIOS[name]()
    check(plan)
    return plan

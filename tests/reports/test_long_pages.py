"""A page of one with many beneath it shows those that need attention first, and leads to all."""

from __future__ import annotations

import pytest

from tests.makers import cell, world
from tests.organizations.test_reorganization_pages import browser

pytestmark = pytest.mark.django_db


def test_of_many_beneath_the_first_twelve_are_shown_and_a_link_leads_to_all() -> None:
    here = world()
    for number in range(14):
        cell(f"them-{number}", here.committee)

    answer = browser(here.staff).get(f"/to-chuc/{here.committee.slug}/")
    table = answer.content.decode().partition('id="orgs"')[2].partition("</table>")[0]
    assert table.count('<th scope="row">') == 12
    assert "(16)" in answer.content.decode()

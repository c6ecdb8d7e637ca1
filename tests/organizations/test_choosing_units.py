"""Choosing one of hundreds of units by a part of its name."""

from __future__ import annotations

import re

import pytest

from organizations.models import Person, ReorganizationEvent, Transfer
from tests.makers import World, cell, once, unit, world
from tests.organizations.test_reorganization_pages import at, browser, decision

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(db: None) -> World:
    """400 cells beneath three committees, each of which has one called Chi bộ Văn phòng."""
    here = world()
    for number in (1, 2, 3):
        committee = unit(f"db{number}", here.committee, kind="grassroots", name=f"Đảng bộ {number}")
        cell(f"vp{number}", committee, name="Chi bộ Văn phòng")
        for at_ in range(132):
            cell(f"n{number}-{at_}", committee, name=f"Chi bộ {number} {at_}")
    return here


OFFICES = [f"Chi bộ Văn phòng — Đảng bộ {number} [vp{number}]" for number in (1, 2, 3)]


@pytest.mark.thorough
def test_committees_are_suggested_first_and_each_with_its_superior(crowd: World) -> None:
    answer = browser(crowd.staff).get(at(decision(crowd), "event-new") + "?loai=merge")

    suggested = re.findall(r'<option value="([^"]*\])">', answer.content.decode())
    assert [text.partition(" — ")[0] for text in suggested[:4]] == [
        *("Đảng bộ 1", "Đảng bộ 2", "Đảng bộ 3", "Đảng bộ kc-dang-uy")
    ]
    assert (len(suggested), OFFICES[0] in answer.content.decode()) == (300, False)


@pytest.mark.thorough
def test_what_fits_several_units_of_a_merger_is_chosen_beneath_it(crowd: World) -> None:
    draft = decision(crowd)
    typed = {"loai": "merge", "once": once(), "version": "1", "into": "n3-131"}
    address = at(draft, "event-new") + "?loai=merge"
    wrong = browser(crowd.staff).post(
        address, {**typed, "merged": ["Chi bộ 1 7 [n1-7]", "Chi bo van phong"]}
    )
    page = wrong.content.decode()

    assert wrong.status_code == 422
    offered = re.findall(r'<input type="radio" name="merged.2" value="([^"]*)"', page)
    assert offered == OFFICES

    chosen = {**typed, "merged": ["Chi bộ 1 7 [n1-7]", "Chi bo van phong"], "merged.2": OFFICES[1]}
    made = browser(crowd.staff).post(address, {**chosen, "once": once()})
    assert made.status_code == 303
    units = ReorganizationEvent.objects.get().units.filter(part="source")
    assert [one.organization.slug for one in units.select_related("organization")] == [
        *("n1-7", "vp2")
    ]


@pytest.mark.thorough
def test_siblings_are_suggested_first_for_a_transfer_and_one_of_several_is_chosen(
    crowd: World,
) -> None:
    person = Person.objects.filter(memberships__cell=crowd.cell).earliest("pk")
    address = f"/dang-vien/{person.public_id}/chuyen/"
    client = browser(crowd.staff)

    suggested = re.findall(r'<option value="([^"]*\])">', client.get(address).content.decode())
    assert suggested[0].endswith(f"[{crowd.sibling.slug}]")
    typed = {"kind": "official", "destination": "van phong"}
    wrong = client.post(address, {**typed, "once": once()})
    offered = re.findall(r'name="destination.1" value="([^"]*)"', wrong.content.decode())
    assert (wrong.status_code, offered) == (422, OFFICES)
    made = client.post(address, {**typed, "destination.1": OFFICES[2], "once": once()})
    assert (made.status_code, Transfer.objects.get().destination.slug) == (303, "vp3")

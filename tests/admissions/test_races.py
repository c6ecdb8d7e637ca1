"""Two at once: each race has two connections, and one of them is told a sentence."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from admissions.models import Admission, Ballot, Candidate, Decision
from admissions.operations.ceremonies import hold_ceremony, reverse_admission
from admissions.stages import Level, Stage
from config.errors import DomainError
from organizations.models import Membership, Role
from tests.makers import DAY, WAY, World, candidate, decided, logged, officer, once, vote, world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two() -> World:
    return world()


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run `actions` each in a thread and connection of its own; return results or refusals."""
    barrier = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def run(place: int, action: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            results[place] = action()
        except Exception as error:  # noqa: BLE001 - what it is, the test asserts
            results[place] = error
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=[place, action]) for place, action in enumerate(actions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def one_is_told(results: list[Any]) -> DomainError:
    refusals = [one for one in results if isinstance(one, Exception)]
    assert len(refusals) == 1, results
    assert isinstance(refusals[0], DomainError), refusals
    return refusals[0]


def test_two_cells_log_the_same_person_at_once(two: World) -> None:
    name = "Lê Thị Hồng Nhung"

    results = at_once(
        lambda: logged(two, full_name=name),
        lambda: logged(two, full_name=name, cell=two.sibling, by=two.secretary2),
    )

    assert list(one_is_told(results).fields) == ["full_name"]
    assert Candidate.objects.count() == 1


def test_two_files_at_once_have_two_numbers(two: World) -> None:
    results = at_once(lambda: logged(two), lambda: logged(two))

    assert {file.number for file in results} == {"KC-2021-0001", "KC-2021-0002"}


@pytest.mark.thorough
def test_the_same_number_is_given_to_two_decisions_at_once(two: World) -> None:
    first, second = (candidate(two, at=Stage.COMPETENT_RESOLVED) for _file in range(2))

    results = at_once(
        lambda: decided(two, first, number="7-QĐ"), lambda: decided(two, second, number="7-QĐ")
    )

    assert list(one_is_told(results).fields) == ["number"]
    assert Decision.objects.count() == 1
    assert sorted(Candidate.objects.values_list("stage", flat=True)) == [
        "competent_resolved",
        "decided",
    ]


def test_a_vote_is_recorded_by_two_at_once(two: World) -> None:
    file = candidate(two, at=Stage.CELL_RESOLVED)
    record = lambda: vote(  # noqa: E731
        file, by=two.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"]
    )

    one_is_told(at_once(record, record))

    assert Ballot.objects.filter(level=Level.GRASSROOTS).count() == 1


@pytest.mark.thorough
def test_a_ceremony_is_recorded_twice_at_once(two: World) -> None:
    file = candidate(two, at=Stage.DECIDED)
    hold = lambda: hold_ceremony(  # noqa: E731
        file, by=two.secretary, on=DAY, ceremony_on=WAY["ceremony_on"]
    )

    one_is_told(at_once(hold, hold))

    assert Admission.objects.count() == 1
    assert Membership.objects.filter(person=file.person).count() == 1


@pytest.mark.thorough
def test_an_admission_is_reversed_twice_at_once(two: World) -> None:
    admission = Admission.objects.get(candidate=candidate(two, at=Stage.ADMITTED))
    second = officer("duyet-hai", two.top, Role.APPROVER)
    undo = lambda: reverse_admission(  # noqa: E731
        admission, by=second, on=DAY, reason="Sai", decided_on=DAY
    )

    one_is_told(at_once(undo, undo))

    assert Admission.objects.filter(sign=-1).count() == 1


def test_a_double_click_sends_the_form_twice_at_once(two: World) -> None:
    values = {
        "full_name": "Hà Văn Lực",
        "born_on": "17/09/1996",
        "sex": "male",
        "occupation": "Thợ điện",
        "once": once(),
    }
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(two.secretary)

    answers = at_once(
        *(lambda client=client: client.post(reverse("candidate-new"), values) for client in clients)
    )

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Candidate.objects.count() == 1

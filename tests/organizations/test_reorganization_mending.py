"""Two people, failed decisions, large previews, refusals at their row, and pasted tables."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from config.errors import ConflictError, DomainError
from config.locks import Lock, hold
from organizations import tasks
from organizations.models import EventAssignment, Job, Reorganization, Role, User
from organizations.operations import jobs, reorganizations
from organizations.operations.reorganizations import NewUnit, applying, refusals
from organizations.sheets import reorganizations as sheets
from tests.makers import cell, officer, unit
from tests.organizations.decisions import EFFECTIVE, SIGNED, TODAY, Tree, tree

pytestmark = pytest.mark.django_db
State = Reorganization.State
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def here() -> Tree:
    return tree()


def merge(here: Tree, **head: Any) -> Reorganization:
    return here.draft(("merge", [here.one], [here.two]), **head)


def fresh(decision: Reorganization) -> Reorganization:
    return Reorganization.objects.select_related("job").get(pk=decision.pk)


def page(user: User, decision: Reorganization, name: str = "detail", *more: Any) -> Any:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client.get(reverse(f"reorganization-{name}", args=[decision.public_id, *more]))


def broken(*_arguments: object, **_more: object) -> dict[str, int]:
    raise RuntimeError("đứt giữa chừng")


# ---------------------------------------------------------------- two people


@pytest.mark.thorough
def test_a_second_member_of_the_staff_reads_and_confirms_but_writes_no_row(here: Tree) -> None:
    decision = merge(here)
    event = decision.events.get()
    second = officer("canbo-hai", here.top, Role.STAFF)
    who: Any = {"by": second, "on": TODAY}
    head = {"number": "1", "signed_on": SIGNED, "signer": "A", "effective_on": EFFECTIVE}
    doings: list[Callable[[], object]] = [
        lambda: reorganizations.rewrite(decision, **who, **head),
        lambda: reorganizations.add_event(
            decision, **who, kind="move", sources=[here.three], results=[here.mine]
        ),
        lambda: reorganizations.withdraw_event(event, **who),
        lambda: reorganizations.assign(event, **who, people={}),
        lambda: reorganizations.choose(event, **who, label="organizations", cleaned={}),
        lambda: reorganizations.import_events(decision, **who, text="giải thể\tba"),
        lambda: reorganizations.check_events(decision, **who, text="giải thể\tba"),
    ]
    for doing in doings:
        with pytest.raises(DomainError, match=r"soạn|drafted"):
            doing()
    assert decision.events.count() == 1
    mine, theirs = (sheets.rights(one, decision, on=TODAY) for one in (here.drafter, second))
    assert (mine.drafts, mine.confirms) == (True, False)
    assert (theirs.drafts, theirs.confirms) == (False, True)

    here.preview(decision)
    with pytest.raises(DomainError):
        reorganizations.confirm(decision, by=here.drafter, on=TODAY)
    assert reorganizations.confirm(decision, by=second, on=TODAY).state == State.CONFIRMED


def test_who_wrote_a_row_of_it_does_not_confirm_it(here: Tree) -> None:
    decision = merge(here)
    decision.events.create(position=9, kind="found", entered_by=here.approver)
    here.preview(decision)

    with pytest.raises(DomainError):
        here.confirm(decision)

    assert fresh(decision).state == State.DRAFT


def test_who_drafted_it_does_not_confirm_rows_that_another_wrote(here: Tree) -> None:
    decision = here.draft()
    decision.events.create(position=1, kind="found", entered_by=here.approver)
    here.preview(decision)

    with translation.override("en"), pytest.raises(DomainError, match="ask a second person"):
        reorganizations.confirm(decision, by=here.drafter, on=TODAY)


# ---------------------------------------------------------------- a failed decision


def failed(here: Tree, monkeypatch: pytest.MonkeyPatch, why: Any = broken) -> Reorganization:
    decision = merge(here)
    here.preview(decision)
    here.confirm(decision)
    with monkeypatch.context() as patched:
        patched.setattr(applying, "write", why)
        assert reorganizations.apply_due(on=TODAY) == []
    return fresh(decision)


@pytest.mark.thorough
def test_a_failed_decision_is_mended_by_its_drafter_and_confirmed_anew(
    here: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = failed(here, monkeypatch)
    assert (decision.state, decision.preview) == ("failed", None)
    with pytest.raises(DomainError):
        here.confirm(decision)  # what was previewed did not come true
    with pytest.raises(PermissionDenied):
        reorganizations.reopen(decision, by=here.approver, on=TODAY)
    assert "sua-lai" in page(here.drafter, decision).content.decode()
    assert "sua-lai" not in page(here.approver, decision).content.decode()
    assert page(here.drafter, decision, "reopen").status_code == 200

    reorganizations.reopen(decision, by=here.drafter, on=TODAY)

    again = fresh(decision)
    assert (again.state, again.confirmed_by, again.confirmed_at) == ("draft", None, None)
    with pytest.raises(ConflictError):
        reorganizations.reopen(decision, by=here.drafter, on=TODAY)
    here.add(again, "move", [here.three], [here.mine])
    assert here.applied(again).state == State.APPLIED


@pytest.mark.thorough
def test_what_the_database_says_stays_out_of_jobs(
    here: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(*_arguments: object, **_more: object) -> dict[str, int]:
        with transaction.atomic():
            here.one.pk, here.one._state.adding = None, True
            here.one.save()  # an address that is used
        return {}

    decision = failed(here, monkeypatch, twice)

    assert decision.job is not None
    [sentence] = decision.job.errors
    assert "organizations_organization_" in sentence
    assert "DETAIL" not in sentence
    assert "Key" not in sentence
    assert jobs.sentence_of(RuntimeError("bí mật")).count("bí mật") == 0
    assert "bí mật" not in jobs.sentence_of(IntegrityError("bí mật"))


# ---------------------------------------------------------------- a large preview


def large(here: Tree, monkeypatch: pytest.MonkeyPatch) -> Reorganization:
    monkeypatch.setattr(applying, "TRIED_AT_ONCE", 2)
    decision = here.draft(("dissolve", [here.mine], []))
    return here.preview(decision)


def test_the_schedule_takes_up_a_preview_whose_worker_was_never_woken(
    here: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = large(here, monkeypatch)

    tasks.apply_reorganizations()

    done = fresh(decision)
    assert done.job is not None
    assert (done.job.state, done.preview is not None) == ("done", True)


@pytest.mark.thorough
def test_why_a_large_preview_failed_is_said_on_its_pages(
    here: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = large(here, monkeypatch)

    def refused(*_arguments: object, **_more: object) -> object:
        raise DomainError("Không lập được vì lý do X.")

    with monkeypatch.context() as patched:
        patched.setattr(applying, "preview", refused)
        assert reorganizations.preview_as_job(str(decision.public_id), on=TODAY) is None

    for name in ("detail", "progress"):
        assert "Không lập được vì lý do X." in page(here.drafter, decision, name).content.decode()
    here.preview(decision)
    assert reorganizations.preview_as_job(str(decision.public_id), on=TODAY) is not None
    assert "lý do X" not in page(here.drafter, decision).content.decode()


def meanwhile(taken: Callable[[], object], doing: Callable[[], object]) -> object:
    """Do `doing` while another connection holds what `taken` takes; return what comes of it."""
    holds, may_end = threading.Event(), threading.Event()

    def run() -> None:
        with transaction.atomic():
            taken()
            holds.set()
            may_end.wait(20)
        connection.close()

    other = threading.Thread(target=run)
    other.start()
    holds.wait(20)
    try:
        return doing()
    finally:
        may_end.set()
        other.join()


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_preview_delivered_twice_leaves_the_first_at_its_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = tree()
    decision = large(here, monkeypatch)

    second = meanwhile(
        lambda: Reorganization.objects.select_for_update().get(pk=decision.pk),
        lambda: reorganizations.preview_as_job(str(decision.public_id), on=TODAY),
    )

    assert second is None
    assert Job.objects.get().state == "running"
    assert reorganizations.preview_as_job(str(decision.public_id), on=TODAY) is not None


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_who_meets_a_tree_being_changed_is_told_to_try_again() -> None:
    here = tree()
    decision = here.preview(merge(here))

    def told() -> None:
        for doing in (here.preview, here.confirm):
            with pytest.raises(ConflictError):
                doing(decision)

    meanwhile(lambda: hold(Lock.TREE), told)
    assert here.confirm(decision).state == State.CONFIRMED


# ---------------------------------------------------------------- refusals at their row


def test_each_row_says_its_own_fault_once_with_the_number_of_others(here: Tree) -> None:
    third = unit("ba-dinh", here.top)
    for number in range(3):
        cell(f"chan-{number}", here.mine)
        cell(f"thua-{number}", here.other)
    apart = cell("rieng", third)
    decision = here.draft(
        ("found", [], [NewUnit("Chi bộ Mới", "cell", under=here.mine)]),
        ("move", [apart], [here.mine]),
        ("move", [here.mine], [here.one]),
        ("merge", [here.other], [here.two]),
        ("convert", [third], [NewUnit("Đảng bộ Tên khác", "grassroots")]),
    )

    found = [one for one in here.refusals(decision) if one[0] is not None]

    assert [row for row, _sentence in found] == [3, 4]
    assert " 5 " in found[1][1]


def test_a_tree_of_thirteen_levels_is_refused_and_twelve_are_not(here: Tree) -> None:
    def chain(levels: int, *, name: str) -> list[NewUnit]:
        made: list[NewUnit] = []
        for level in range(levels):
            under: Any = made[-1] if made else here.top
            made.append(NewUnit(f"Đảng bộ {name} {level}", "grassroots", under=under))
        return made

    def drafted(levels: int) -> Reorganization:
        decision = here.draft(number=str(levels))
        rows = [
            reorganizations.drafting.EventRow("found", (), (one,))
            for one in chain(levels, name=str(levels))
        ]
        reorganizations.drafting.write_events(decision, by=here.drafter, rows=rows)
        return decision

    assert here.refusals(drafted(refusals.MOST_LEVELS - 1)) == []
    assert [row for row, _sentence in here.refusals(drafted(refusals.MOST_LEVELS))] == [12]


def test_a_decision_has_no_more_rows_than_can_be_numbered(here: Tree) -> None:
    decision = merge(here)
    decision.events.update(position=32_767)

    with pytest.raises(DomainError, match=r"32.?767"):
        here.add(decision, "move", [here.three], [here.mine])


@pytest.mark.thorough
def test_an_applied_split_keeps_the_number_of_those_who_were_assigned(here: Tree) -> None:
    decision = here.draft(("split", [here.one], [here.one, NewUnit("Chi bộ Chín", "cell")]))
    event = decision.events.get()
    here.assign(event, {"": here.people["one"][:2], "Chi bộ Chín": here.people["one"][2:]})
    applied = here.applied(decision)

    [row] = sheets.event_rows(applied)

    assert EventAssignment.objects.count() == 4
    assert (row.assigned, row.people) == (4, 4)


# ---------------------------------------------------------------- pasted tables


def check(here: Tree, *lines: str) -> list[reorganizations.ParsedRow]:
    return reorganizations.check_events(
        here.draft(number=f"b-{Reorganization.objects.count()}"),
        by=here.drafter,
        on=TODAY,
        text="\n".join(lines),
    )


@pytest.mark.sweep
@pytest.mark.parametrize(
    "name",
    [
        "Chi bộ\u202e X",
        "Chi\u200b bộ",
        "=SUM(A1)",
        "+Chi bộ",
        "@Chi bộ",
        "Chi <b>",
        "Chi\x00",
        "12",
    ],
)
def test_a_name_that_hides_what_it_is_or_counts_is_refused_at_its_row(
    here: Tree, name: str
) -> None:
    first, second = check(here, f"thành lập\t\t{name}\tcell", "giải thể\tbon")

    assert (bool(first.error), second.error) == (True, "")
    assert first.typed[0] == "thành lập"


def test_the_check_says_right_of_no_row_that_the_decision_refuses(here: Tree) -> None:
    rows = check(
        here,
        "chuyển giao\tkhe-cham\tmot",
        "giải thể\tbon",
        "giải thể\tbon",
        "chia tách\thai\thai; Chi bộ Hai Mới\tcell",
    )

    assert [bool(row.error) for row in rows] == [True, False, True, False]
    assert [bool(row.waits) for row in rows] == [False, False, False, True]
    assert Reorganization.objects.get().events.count() == 0


def test_names_that_several_bear_are_refused_with_their_codes(here: Tree) -> None:
    cell("bon-khac", here.mine, name="Chi bộ bon")
    [row] = check(here, "giải thể\tChi bộ bon")
    assert "bon (" in row.error
    assert "bon-khac (" in row.error

    rows = check(
        here,
        "thành lập\t\tĐảng bộ Mới\tgrassroots\tkhe-cham",
        "thành lập\t\tĐảng bộ Mới\tgrassroots\thon-gai",
        "thành lập\t\tChi bộ Mới\tcell\tĐảng bộ Mới",
    )
    assert [bool(one.error) for one in rows] == [False, False, True]


@pytest.mark.thorough
def test_a_table_has_a_thousand_rows_and_a_row_a_thousand_units(here: Tree) -> None:
    rows = reorganizations.read_events(
        "giải thể\tbon\n" * 1001 + "giải thể\tbon\n" * 500, reorganization=here.draft(), on=TODAY
    )
    [row] = check(here, "giải thể\t" + ";".join(f"x{n}" for n in range(1001)))

    assert ([bool(one.error) for one in rows[999:]], len(rows)) == ([False, True], 1001)
    assert "1000" in row.error.replace(".", "")


def test_reading_a_long_table_asks_no_more_than_a_short_one(here: Tree) -> None:
    for number in range(12):
        cell(f"c-{number}", here.mine)

    def asked(most: int) -> int:
        text = "\n".join(f"giải thể\tChi bộ c-{number}" for number in range(most))
        decision = here.draft(number=str(most))
        with CaptureQueriesContext(connection) as queries:
            rows = reorganizations.read_events(text, reorganization=decision, on=TODAY)
            assert [str(row.sources[0]) for row in rows if row.error] == []
            assert len([str(row.sources[0]) for row in rows]) == most
        return len(queries)

    assert asked(2) == asked(12)

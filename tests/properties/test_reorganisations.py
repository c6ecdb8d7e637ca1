"""Whatever happens to organisations and members, in whatever order: nobody is lost or doubled.

Hypothesis makes up years: decisions of all eight kinds, transfers with the consent of both sides,
admissions and departures, each on a later day than the one before. After each step, and for every
day so far, the test's own list of living members is compared with what the records say.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, given, note, settings
from hypothesis import strategies as st

from admissions.models import Candidate
from admissions.operations.candidates import log_candidate
from admissions.operations.ceremonies import NewAdmission, take_over_admissions
from organizations.models import (
    Designation,
    EventUnit,
    Membership,
    Organization,
    Placement,
    Reorganization,
    User,
)
from organizations.operations.ancestry import verify
from organizations.operations.people import depart, join, leave, register_person, restore
from organizations.operations.reorganizations import (
    NewUnit,
    add_event,
    apply,
    assign,
    choose,
    confirm,
    draft,
    preview,
)
from organizations.operations.transfers import (
    Newcomer,
    accept,
    release,
    request_arrival,
    request_transfer,
)
from reports.selectors.movement import Period, movements
from targets.models import Attainment
from targets.operations.attainment import fold, recompute
from targets.operations.baselines import NewBaseline, report_baselines
from tests.makers import authority, cell, members, officer, stand_on, unit
from tests.targets.makers import line_above

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

settings.register_profile(
    "properties",
    # The usual run always looks at the same years. `HYPOTHESIS_EXAMPLES=500` looks at others, and
    # takes its minutes to find the shortest year that fails.
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "15")),
    derandomize="HYPOTHESIS_EXAMPLES" not in os.environ,
    phases=[
        Phase.explicit,
        Phase.generate,
        *([Phase.shrink] if "HYPOTHESIS_EXAMPLES" in os.environ else []),
    ],
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
PROPERTIES = settings.get_profile("properties")

START = date(2020, 12, 1)
OPENING = date(2021, 1, 1)
YEARS = (2021, 2022)
KINDS = Reorganization.Kind
LENSES = Attainment.Lens.values


@dataclass
class Story:
    """A small province, what has happened in it, and who must be a member on which day."""

    draw: Callable[..., Any]
    top: Organization
    staff: User
    second: User
    day: date = START
    living: set[int] = field(default_factory=set)
    known: dict[date, frozenset[int]] = field(default_factory=dict)
    admitted: Counter[int] = field(default_factory=Counter)
    gone: list[Membership] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))
    applied: Counter[str] = field(default_factory=Counter)

    # ------------------------------------------------------------ the present

    def units(self, *, cells: bool | None = None, on: date | None = None) -> list[Organization]:
        """Those that exist and stand beneath the top, in order; cells or committees alone."""
        on = on or self.day
        named = Designation.objects.on(on)
        if cells is not None:
            named = named.filter(kind__is_cell=cells)
        return list(
            Organization.objects.filter(pk__in=named.values("organization"), period__contains=on)
            .exclude(pk=self.top.pk)
            .order_by("pk")
        )

    def membership(self) -> Membership:
        """Any running membership that began before today."""
        rows = Membership.objects.filter(
            period__contains=self.day,
            period__endswith__isnull=True,
            period__startswith__lt=self.day,
        )
        return self.draw(
            st.sampled_from(list(rows.select_related("person", "cell").order_by("pk")))
        )

    def parent(self, of: Organization) -> int | None:
        placed = Placement.objects.get(organization=of, period__contains=self.day)
        return placed.parent_id

    def beneath(self, *above: Organization) -> set[int]:
        """The ids of those beneath any of `above` today, themselves included."""
        found = {one.pk for one in above}
        while (
            more := set(
                Placement.objects.filter(parent__in=found, period__contains=self.day).values_list(
                    "organization", flat=True
                )
            )
            - found
        ):
            found |= more
        return found

    def a_cell(self, *, but: tuple[Organization, ...] = ()) -> Organization:
        cells = [one for one in self.units(cells=True) if one not in but]
        return (
            self.draw(st.sampled_from(cells))
            if cells
            else cell(f"them-{next(self.numbers)}", self.top)
        )

    def new(self, kind: str, under: Organization | EventUnit | None = None) -> NewUnit:
        return NewUnit(name=f"Đơn vị {next(self.numbers)}", kind=kind, under=under)

    def kind_of(self, of: Organization) -> str:
        return Designation.objects.get(organization=of, period__contains=self.day).kind_id

    # ------------------------------------------------------------ people

    def newcomer(self) -> dict[str, Any]:
        number = next(self.numbers)
        return {
            "full_name": f"Trần Văn {chr(ord('A') + number % 26)}{number}",
            "born_on": date(1990, 1, 1) + timedelta(days=number),
            "sex": "male",
        }

    def admit(self) -> None:
        """Somebody is admitted: a fact, and a probationary membership."""
        to = self.a_cell()
        person = register_person(**self.newcomer(), on=self.day)
        join(person, cell=to, status="probationary", on=self.day, reason_in="admitted")
        take_over_admissions([NewAdmission(person, to, self.day, self.day)])
        self.admitted[self.day.year] += 1
        self.living.add(person.pk)

    def recognise(self) -> None:
        held = self.membership()
        leave(held, on=self.day, reason_out="recognised")
        join(held.person, cell=held.cell, status="official", on=self.day, reason_in="recognised")

    def transfer(self) -> None:
        """Somebody goes from one cell to another, released by one and accepted by the other."""
        held = self.membership()
        asked = request_transfer(
            held.person, by=self.staff, on=self.day, kind="official",
            destination=self.a_cell(but=(held.cell,)),
        )  # fmt: skip
        release(asked, by=self.staff, on=self.day, effective_on=self.day)
        accept(asked, by=self.second, on=self.day)

    def transfer_out(self) -> None:
        held = self.membership()
        asked = request_transfer(
            held.person, by=self.staff, on=self.day, kind="official",
            destination_place="Đảng bộ tỉnh khác",
            outside_scope=self.draw(st.sampled_from(["province", "elsewhere"])),
        )  # fmt: skip
        release(asked, by=self.staff, on=self.day, effective_on=self.day)
        accept(asked, by=self.second, on=self.day)
        self.living.discard(held.person_id)

    def transfer_in(self) -> None:
        asked = request_arrival(
            self.a_cell(), by=self.staff, on=self.day, kind="official",
            person=Newcomer(**self.newcomer(), admitted_on=date(2015, 1, 1),
                            official_on=date(2016, 1, 1)),
            origin_place="Đảng bộ tỉnh khác", letter_number="7-GT",
            outside_scope=self.draw(st.sampled_from(["province", "elsewhere"])),
            released_on=self.day, effective_on=self.day,
        )  # fmt: skip
        accept(asked, by=self.second, on=self.day)
        self.living.add(asked.person_id)

    def depart(self) -> None:
        held = self.membership()
        reason = self.draw(st.sampled_from(["deceased", "expelled", "struck_off", "resigned"]))
        depart(
            held, by=self.staff, on=self.day, reason=reason, happened_on=self.day,
            decision_number="3-QĐ/UBKT", decided_on=self.day,
        )  # fmt: skip
        self.living.discard(held.person_id)
        if reason != "deceased":
            self.gone.append(held)

    def restore(self) -> None:
        if not self.gone:
            return self.admit()
        held = self.gone.pop()
        restore(held, by=self.staff, on=self.day, restored_on=self.day, cell=self.a_cell())
        self.living.add(held.person_id)
        return None

    # ------------------------------------------------------------ decisions

    def reorganise(self, *kinds: str) -> None:
        """One decision of one or two events, previewed, confirmed by a second person, applied.

        Of `kinds`, or of what comes up.
        """
        effective_on = self.day + timedelta(days=self.draw(st.sampled_from([0, 0, 3, -2])))
        decision = draft(
            self.top, by=self.staff, on=self.day, number=f"{next(self.numbers)}-QĐ/TU",
            signed_on=min(self.day, effective_on), signer="Nguyễn Văn Bí thư",
            effective_on=effective_on,
        )  # fmt: skip
        drawn = kinds or self.draw(st.lists(st.sampled_from(KINDS.values), min_size=1, max_size=2))
        made = [kind for kind in drawn if getattr(self, f"_{kind}")(decision)]
        decision = preview(decision, by=self.staff, on=self.day)
        refused = decision.preview["refusals"]
        if refused or not made:
            # Two events may contradict each other: then the preview says so, and nothing happens.
            assert all(one["sentence"].strip() for one in refused)
            event("decision refused")
            return
        confirm(decision, by=self.second, on=self.day)
        if effective_on > self.day:
            self.day = effective_on
            stand_on(self.day)
        note(f"{self.day}: {made} from {effective_on}")
        decision = apply(decision, on=self.day)
        told, done = decision.preview["counts"], decision.outcome["counts"]
        assert {key: told.get(key) for key in done} == done
        self.applied.update(made)

    def _found(self, decision: Reorganization) -> bool:
        under = self.draw(st.sampled_from(self.units(cells=False) or [self.top]))
        self._add(decision, KINDS.FOUND, [], [self.new("cell", under)])
        return True

    def _pick(self, *, least: int, most: int, cells: bool) -> list[Organization] | None:
        """Some units of one sort, none beneath another of them."""
        units = self.units(cells=cells)
        if len(units) < least:
            return None
        return self.draw(
            st.lists(st.sampled_from(units), min_size=least, max_size=most, unique=True)
        )

    def _add(
        self, decision: Reorganization, kind: str, sources: list[Organization], results: list[Any]
    ) -> Any:
        return add_event(
            decision, by=self.staff, on=self.day, kind=kind, sources=sources, results=results
        )

    def _merge(self, decision: Reorganization) -> bool:
        picked = self._pick(least=2, most=3, cells=self.draw(st.booleans()))
        if picked is None:
            return False
        self._add(decision, KINDS.MERGE, picked[1:], picked[:1])
        return True

    def _consolidate(self, decision: Reorganization) -> bool:
        cells = self.draw(st.booleans())
        picked = self._pick(least=2, most=3, cells=cells)
        if picked is None:
            return False
        kind = "cell" if cells else self.kind_of(picked[0])
        self._add(decision, KINDS.CONSOLIDATE, picked, [self.new(kind)])
        return True

    def _move(self, decision: Reorganization) -> bool:
        picked = self._pick(least=1, most=2, cells=self.draw(st.booleans()))
        no = {*self.beneath(*picked), *map(self.parent, picked)} if picked else set()
        above = [one for one in [self.top, *self.units(cells=False)] if one.pk not in no]
        if not picked or not above:
            return False
        self._add(decision, KINDS.MOVE, picked, [self.draw(st.sampled_from(above))])
        return True

    def _split(self, decision: Reorganization) -> bool:
        cells = self.draw(st.booleans())
        picked = self._pick(least=1, most=1, cells=cells)
        if picked is None:
            return False
        kind = self.kind_of(picked[0])
        parts: list[Any] = [self.new(kind), self.new(kind)]
        if self.draw(st.booleans()):
            parts[0] = picked[0]
        row = self._add(decision, KINDS.SPLIT, picked, parts)
        if cells:
            self._share_people(row, picked[0])
        else:
            results = self._results(row)
            children = Placement.objects.filter(
                parent=picked[0], period__contains=self.day
            ).values_list("organization", flat=True)
            choose(
                row, by=self.staff, on=self.day, label="organizations",
                cleaned={"units": {
                    child: results[place % len(results)].pk
                    for place, child in enumerate(children.order_by("pk"))
                }},
            )  # fmt: skip
        return True

    def _results(self, row: Any) -> list[EventUnit]:
        return list(row.units.filter(part="result").order_by("position"))

    def _share_people(
        self, row: Any, of: Organization, *, among: list[EventUnit] | None = None
    ) -> None:
        results = among or self._results(row)
        people = {
            *Membership.objects.on(self.day).filter(cell=of).values_list("person", flat=True),
            *Candidate.objects.open().filter(cell=of).values_list("person", flat=True),
        }
        first = self.draw(st.integers(0, len(results) - 1))
        assign(
            row, by=self.staff, on=self.day,
            people={
                person: results[(first + place) % len(results)].pk
                for place, person in enumerate(sorted(people))
            },
        )  # fmt: skip

    def _convert(self, decision: Reorganization) -> bool:
        """A cell becomes a committee with two cells beneath it."""
        picked = self._pick(least=1, most=1, cells=True)
        if picked is None:
            return False
        row = self._add(
            decision, KINDS.CONVERT, picked,
            [self.new("intermediate"), self.new("cell"), self.new("cell")],
        )  # fmt: skip
        self._share_people(row, picked[0], among=self._results(row)[1:])
        return True

    def _dissolve(self, decision: Reorganization, kind: str = KINDS.DISSOLVE) -> bool:
        cells = self.draw(st.booleans())
        picked = self._pick(least=1, most=1, cells=cells)
        if picked is None:
            return False
        if not cells:
            self._add(decision, kind, picked, [])
            return True
        others = [one for one in self.units(cells=True) if one != picked[0]]
        if not others:
            return False
        receivers = self.draw(
            st.lists(st.sampled_from(others), min_size=1, max_size=2, unique=True)
        )
        row = self._add(decision, kind, picked, receivers)
        if len(receivers) > 1:
            self._share_people(row, picked[0])
        return True

    def _disband(self, decision: Reorganization) -> bool:
        return self._dissolve(decision, KINDS.DISBAND)

    # ------------------------------------------------------------ what must hold

    def passes(self) -> None:
        """Go to a later day, remembering who was a member until then."""
        self.known[self.day] = frozenset(self.living)
        self.day += timedelta(days=self.draw(st.integers(4, 60)))
        stand_on(self.day)

    def nobody_is_lost_or_doubled(self) -> None:
        cells = set(
            Designation.objects.filter(kind__is_cell=True).values_list("organization", flat=True)
        )
        ends = dict(Organization.objects.values_list("pk", "period"))
        for day, living in [*self.known.items(), (self.day, frozenset(self.living))]:
            rows = list(Membership.objects.on(day).values_list("person", "cell"))
            assert Counter(person for person, _cell in rows) == Counter(living), day
            for _person, home in rows:
                assert home in cells
                assert ends[home].upper is None or day < ends[home].upper

    def ancestry_is_that_of_the_placements(self) -> None:
        found = verify()
        assert found.is_right, found.first

    def table_1_balances_everywhere(self) -> None:
        every = list(Organization.objects.values_list("pk", flat=True))
        days = [*self.known, self.day]
        periods = [
            (START, self.day),
            *[(one + timedelta(days=1), two) for one, two in pairwise(days)],
        ]
        for first, last in periods:
            if first > last:
                continue
            for lens in LENSES:
                found = movements(every, Period(first, last, lens, self.day))
                off = {key: one.people for key, one in found.items() if not one.is_balanced}
                assert not off, (first, last, lens, off)
                whole = found[self.top.pk]
                assert whole.after == len(self.known.get(last, self.living))

    def whole_numbers_are_those_counted_by_hand(self) -> None:
        """Climb the placements one by one and count everybody at every organisation."""
        placed = list(Placement.objects.all())
        by_hand: Counter[int] = Counter()
        for home in Membership.objects.on(self.day).values_list("cell", flat=True):
            by_hand.update(line_above(home, on=self.day, placements=placed))
        found = movements(
            Organization.objects.values_list("pk", flat=True),
            Period(self.day, self.day, "then", self.day),
        )
        assert {key: one.after for key, one in found.items() if one.after} == dict(by_hand)

    def both_lenses_agree_at_the_top(self) -> None:
        fold(on=self.day)
        for year in YEARS:
            if year > self.day.year:
                continue
            recompute(year, on=self.day)
            assert recompute(year, on=self.day).changed == 0
            rows = {row.lens: row for row in Attainment.objects.filter(
                organization=self.top, year=year
            )}  # fmt: skip
            assert {lens: row.admitted for lens, row in rows.items()} == dict.fromkeys(
                LENSES, self.admitted[year]
            )
            if year == OPENING.year:
                assert rows["then"].opening_members == rows["now"].opening_members
                beneath = Attainment.objects.filter(
                    parent=self.top, year=year, lens="now"
                ).values_list("opening_members", flat=True)
                assert sum(members or 0 for members in beneath) == rows["now"].opening_members

    def fold_leaves_nothing_to_recompute(self) -> None:
        fold(on=self.day)
        assert recompute(self.day.year, on=self.day).changed == 0

    def every_figure_is_true(self) -> None:
        self.table_1_balances_everywhere()
        self.whole_numbers_are_those_counted_by_hand()
        self.fold_leaves_nothing_to_recompute()
        self.both_lenses_agree_at_the_top()


STEPS = (
    "reorganise", "reorganise", "reorganise", "transfer", "transfer", "admit", "admit", "depart",
    "recognise", "transfer_in", "transfer_out", "restore",
)  # fmt: skip


def begin(draw: Callable[..., Any]) -> Story:
    """Two districts of two committees of two cells of three members, with a file in each third."""
    stand_on(START)
    top = authority("tinh")
    story = Story(
        draw=draw,
        top=top,
        staff=officer("canbo", top, "staff"),
        second=officer("duyet", top, "staff"),
    )
    secretary = officer("bithu", top, "secretary")
    for district in range(2):
        above = unit(f"h{district}", top, kind="district")
        for base in range(2):
            committee = unit(f"h{district}-d{base}", above)
            for place in range(2):
                home = cell(f"h{district}-d{base}-c{place}", committee)
                story.living |= {person.pk for person in members(home, 3)}
                if (district + base + place) % 3 == 0:
                    log_candidate(
                        home,
                        by=secretary,
                        on=START,
                        identified_on=START,
                        occupation="Thợ lò",
                        **story.newcomer(),
                    )
    stand_on(OPENING)
    story.known[START] = frozenset(story.living)
    story.day = OPENING
    report_baselines(
        [
            NewBaseline(one, OPENING.year, movements([one.pk], Period(
                OPENING, OPENING, "then", OPENING
            ))[one.pk].after)
            for one in [top, *story.units()]
        ],
        by=story.staff,
        on=OPENING,
    )  # fmt: skip
    recompute(OPENING.year, on=OPENING)
    return story


@PROPERTIES
@given(data=st.data())
def test_nobody_is_lost_or_doubled_and_every_figure_stays_true(data: st.DataObject) -> None:
    with transaction.atomic():
        story = begin(data.draw)
        for _ in range(data.draw(st.integers(3, 8), label="steps")):
            story.passes()
            step = data.draw(st.sampled_from(STEPS), label="step")
            note(f"{story.day}: {step}")
            getattr(story, step)()
            story.nobody_is_lost_or_doubled()
            story.ancestry_is_that_of_the_placements()
        story.every_figure_is_true()
        for kind in story.applied:
            event(f"applied: {kind}")
        transaction.set_rollback(True)


@pytest.mark.parametrize("kind", KINDS.values)
@settings(PROPERTIES, max_examples=1)
@given(data=st.data())
def test_each_of_the_eight_kinds_is_applied_and_loses_nobody(
    kind: str, data: st.DataObject
) -> None:
    """Whatever the years above come upon, each kind is reached here."""
    with transaction.atomic():
        story = begin(data.draw)
        for step in (story.admit, lambda: story.reorganise(kind), story.transfer, story.admit):
            story.passes()
            step()
            story.nobody_is_lost_or_doubled()
            story.ancestry_is_that_of_the_placements()
        story.every_figure_is_true()
        assert story.applied == {kind: 1}
        transaction.set_rollback(True)

"""Statistical table 1, increase and decrease of members: A + B − C = D, and who stands behind each.

People enter an organisation when a membership in a cell beneath it begins, or when a cell of
theirs comes beneath it; they leave likewise. Leaving and entering the same organisation on one day
cancel, so transfers, recognitions and reorganisations inside it count for nothing.

Lens *now* restates people as opening members are (`targets.sql`): whom a reorganisation alone took
from one cell to the next counts in the latter from the beginning, as if it had always been so.

The statement asks twice and differently: A and D are the members on two days, in cells found by
climbing down the placements; B and C are the edges of memberships and of the derived ancestry that
a row of the table explains. So the identity fails where the tree and its derivation disagree, where
somebody got lost or doubled, or where a membership began or ended for a reason that no row names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.periods import OPEN_END
from organizations.models import Membership, Organization, Placement, User
from targets.models import Attainment
from targets.rules import percent

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

BEFORE, AFTER = "before", "after"
INWARD = (
    "admitted", "in_elsewhere", "in_province", "in_unknown", "restored", "reorganised_in",
    "taken_over",
)  # fmt: skip
OUTWARD = (
    "deceased", "expelled", "struck_off", "struck_off_probationary", "resigned", "out_elsewhere",
    "out_province", "out_unknown", "reorganised_out", "reversed", "duplicate",
)  # fmt: skip
UNEXPLAINED_IN, UNEXPLAINED_OUT = "unexplained_in", "unexplained_out"


@dataclass(frozen=True)
class Row:
    """A row of the table: `key` in addresses, its number in the form, the lines it adds up.

    `depth` 1 is a part of the row above; one `if_any` is left out where it is empty: the form of
    the regulations has no such row, and only what this system knows besides needs one.
    """

    key: str
    number: str
    label: StrPromise
    lines: tuple[str, ...]
    depth: int = 0
    if_any: bool = False

    @property
    def is_head(self) -> bool:
        """Say whether it is one of the four that the identity is about."""
        return self.number in "ABCD" and bool(self.number)


ROWS = (
    Row("dau-ky", "A", _("Members at the end of the previous period"), (BEFORE,)),
    Row("tang", "B", _("Increase in the period"), INWARD),
    Row("ket-nap", "1", _("Admitted in the period"), ("admitted",)),
    Row("den", "2", _("Transferred in"), ("in_elsewhere", "in_province", "in_unknown")),
    Row("den-ngoai", "a", _("From another province or central committee"), ("in_elsewhere",), 1),
    Row("den-trong-tinh", "b", _("From another committee of the province"), ("in_province",), 1),
    Row("den-khong-ro", "c", _("From where is not recorded"), ("in_unknown",), 1, if_any=True),
    Row("phuc-hoi", "3", _("Membership restored"), ("restored",)),
    Row("den-tap-the", "4", _("Came with a reorganisation"), ("reorganised_in",)),
    Row("tiep-nhan", "5", _("Taken over from earlier records"), ("taken_over",), if_any=True),
    Row("giam", "C", _("Decrease in the period"), OUTWARD),
    Row("tu-tran", "1", _("Died"), ("deceased",)),
    Row("khai-tru", "2", _("Expelled"), ("expelled",)),
    Row("xoa-ten", "3", _("Struck off the list"), ("struck_off", "struck_off_probationary")),
    Row("xoa-ten-du-bi", "", _("of which probationary"), ("struck_off_probationary",), 1),
    Row("xin-ra", "4", _("Left at their own request"), ("resigned",)),
    Row("di", "5", _("Transferred out"), ("out_elsewhere", "out_province", "out_unknown")),
    Row("di-ngoai", "a", _("To another province or central committee"), ("out_elsewhere",), 1),
    Row("di-trong-tinh", "b", _("To another committee of the province"), ("out_province",), 1),
    Row("di-khong-ro", "c", _("To where is not recorded"), ("out_unknown",), 1, if_any=True),
    Row("di-tap-the", "6", _("Left with a reorganisation"), ("reorganised_out",)),
    Row("huy-ket-nap", "7", _("Admission reversed"), ("reversed",), if_any=True),
    Row("trung", "8", _("A second record of the same person"), ("duplicate",), if_any=True),
    Row("cuoi-ky", "D", _("Members at the end of the period"), (AFTER,)),
)  # fmt: skip
"""Table 1 of HD 11-HD/BTCTW 2021 (certainty H for 2022), and what only a system tells apart."""
BY_KEY = {row.key: row for row in ROWS}


@dataclass(frozen=True)
class Period:
    """How members are counted: from `first` to `last`, both included, and by which tree.

    Lens *then* asks each day's own tree, *now* today's for all of them.
    """

    first: date
    last: date
    lens: str
    today: date

    @property
    def placed_on(self) -> date:
        """Return the day whose tree is shown."""
        return self.today if self.lens == Attainment.Lens.NOW else self.last

    @property
    def opens_on(self) -> date:
        """Return the last day of the previous period: the one that A counts."""
        return self.first - timedelta(days=1)

    def a_year_before(self) -> Period:
        """Return the same period of the year before, seen by the same lens."""
        after = _year_before(self.last + timedelta(days=1))
        return Period(_year_before(self.first), after - timedelta(days=1), self.lens, self.today)


def _year_before(day: date) -> date:
    """Return `day` a year earlier; a year without 29 February has 1 March instead.

    >>> _year_before(date(2024, 2, 29))
    datetime.date(2023, 3, 1)
    """
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 3, 1)
    return day.replace(year=day.year - 1)


@dataclass(frozen=True)
class Movement:
    """Table 1 of one organisation: {line: people}, lines that nobody stands in left out."""

    organization: int
    people: dict[str, int] = field(default_factory=dict)

    def of(self, row: Row) -> int:
        """Return the people of a row of the table."""
        return self._sum(row.lines)

    @property
    def before(self) -> int:
        return self._sum([BEFORE])

    @property
    def increase(self) -> int:
        return self._sum(INWARD)

    @property
    def decrease(self) -> int:
        return self._sum(OUTWARD)

    @property
    def after(self) -> int:
        return self._sum([AFTER])

    @property
    def unexplained(self) -> int:
        """Return the edges that no row of the table names."""
        return self._sum([UNEXPLAINED_IN, UNEXPLAINED_OUT])

    @property
    def off(self) -> int:
        """Return D − (A + B − C): zero where the table balances."""
        return self.after - (self.before + self.increase - self.decrease)

    @property
    def is_balanced(self) -> bool:
        """Say whether the identity holds and nothing was left unexplained on either side."""
        return self.off == 0 and self.unexplained == 0

    def _sum(self, lines: Iterable[str]) -> int:
        return sum(self.people.get(line, 0) for line in lines)


# Each membership that reorganisations alone continued in another cell, twice: taken from its own
# cell (sign -1) and given to the one where it came to (1). Empty in lens *then*.
_RESTATED = """
restated AS MATERIALIZED (
    SELECT id AS membership_id, person_id, period, place.cell_id, place.sign
    FROM (
        SELECT *, last_value(cell_id) OVER (
                PARTITION BY person_id, stay ORDER BY lower(period)
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) AS came_to
        FROM (
            SELECT *, count(*) FILTER (WHERE NOT goes_on)
                OVER (PARTITION BY person_id ORDER BY lower(period)) AS stay
            FROM (
                SELECT id, person_id, period, cell_id,
                    reason_in IN ('reorganised', 'recognised') AND coalesce(
                        lower(period) = lag(upper(period))
                            OVER (PARTITION BY person_id ORDER BY lower(period)), false
                    ) AS goes_on
                FROM organizations_membership
                WHERE %(is_now)s AND lower(period) <= %(today)s AND person_id IN (
                    SELECT person_id FROM organizations_membership
                    WHERE reason_in = 'reorganised' AND cell_id IN (
                        SELECT successor_id FROM organizations_lineage
                        WHERE "on" <= %(today)s
                    )
                )
            ) AS begun
        ) AS stays
    ) AS ended
    CROSS JOIN LATERAL (VALUES (cell_id, -1), (came_to, 1)) AS place(cell_id, sign)
    WHERE came_to <> ended.cell_id
),
"""

# An edge is where a piece, membership and stay of its cell beneath the unit at once, begins or
# ends. `begun` and `ended` have branches each: by the membership, by the tree, by one restated.
_TEXT = f"""
WITH RECURSIVE asked(unit) AS (SELECT unnest(%(units)s::bigint[])),
moment(point, day, placed_on) AS (
    VALUES ('before', %(opens_on)s::date, CASE WHEN %(is_now)s THEN %(today)s::date
            ELSE %(opens_on)s::date END),
        ('after', %(last)s::date, CASE WHEN %(is_now)s THEN %(today)s::date
            ELSE %(last)s::date END)
),
{_RESTATED.strip()}
line(point, unit, organization) AS (
    SELECT point, unit, unit FROM asked CROSS JOIN moment
    UNION
    SELECT line.point, line.unit, placed.organization_id
    FROM line
    JOIN moment USING (point)
    JOIN organizations_placement AS placed
        ON placed.parent_id = line.organization AND placed.period @> moment.placed_on
),
present AS (
    SELECT line.point, line.unit, member.person_id, member.id AS membership_id
    FROM line
    JOIN moment USING (point)
    JOIN organizations_membership AS member
        ON member.cell_id = line.organization AND lower(member.period) <= moment.day
        AND (upper_inf(member.period) OR upper(member.period) > moment.day)
    WHERE member.id NOT IN (SELECT membership_id FROM restated)
    UNION ALL
    SELECT line.point, line.unit, restated.person_id, restated.membership_id
    FROM line
    JOIN moment USING (point)
    JOIN restated ON restated.cell_id = line.organization AND restated.sign = 1
        AND restated.period @> moment.day
),
counted AS (
    -- Each cell is counted once a day, for all units above it. The day is not asked of the index
    -- of periods: most members are there on any day, and it would be read once for each cell.
    SELECT point, units, (
            SELECT count(*) FROM organizations_membership AS member
            WHERE member.cell_id = place.organization AND lower(member.period) <= place.day
                AND (upper_inf(member.period) OR upper(member.period) > place.day)
        ) AS people
    FROM (
        SELECT line.point, moment.day, line.organization, array_agg(line.unit) AS units
        FROM line JOIN moment USING (point)
        GROUP BY 1, 2, 3
    ) AS place
    UNION ALL
    SELECT line.point, array_agg(line.unit), restated.sign
    FROM line
    JOIN moment USING (point)
    JOIN restated ON restated.cell_id = line.organization AND restated.period @> moment.day
    GROUP BY line.point, restated.membership_id, restated.sign
),
tree AS MATERIALIZED (
    SELECT asked.unit, above.descendant_id AS cell_id,
        CASE WHEN %(is_now)s THEN '0001-01-01' ELSE above.valid_from END AS first_in,
        CASE WHEN %(is_now)s THEN %(open)s ELSE above.valid_to END AS first_out
    FROM asked
    JOIN organizations_ancestry AS above ON above.ancestor_id = asked.unit
    WHERE CASE WHEN %(is_now)s
        THEN above.valid_from <= %(today)s AND above.valid_to > %(today)s
        ELSE above.valid_from <= %(last)s AND above.valid_to >= %(first)s END
),
begun AS (
    SELECT tree.unit, member.person_id, lower(member.period) AS day,
        member.id AS membership_id, true AS by_membership
    FROM tree
    JOIN organizations_membership AS member ON member.cell_id = tree.cell_id
        AND lower(member.period) >= tree.first_in AND lower(member.period) < tree.first_out
    WHERE lower(member.period) BETWEEN %(first)s AND %(last)s
        AND member.id NOT IN (SELECT membership_id FROM restated)
    UNION ALL
    SELECT tree.unit, restated.person_id, lower(restated.period), restated.membership_id, true
    FROM tree
    JOIN restated ON restated.cell_id = tree.cell_id AND restated.sign = 1
    WHERE lower(restated.period) BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT tree.unit, member.person_id, tree.first_in, member.id, false
    FROM tree
    JOIN organizations_membership AS member ON member.cell_id = tree.cell_id
        AND lower(member.period) < tree.first_in
        AND (upper_inf(member.period) OR upper(member.period) > tree.first_in)
    WHERE tree.first_in BETWEEN %(first)s AND %(last)s
),
ended AS (
    SELECT tree.unit, member.person_id, upper(member.period) AS day,
        member.id AS membership_id, true AS by_membership
    FROM tree
    JOIN organizations_membership AS member ON member.cell_id = tree.cell_id
        AND upper(member.period) > tree.first_in AND upper(member.period) <= tree.first_out
    WHERE upper(member.period) BETWEEN %(first)s AND %(last)s
        AND member.id NOT IN (SELECT membership_id FROM restated)
    UNION ALL
    SELECT tree.unit, restated.person_id, upper(restated.period), restated.membership_id, true
    FROM tree
    JOIN restated ON restated.cell_id = tree.cell_id AND restated.sign = 1
    WHERE upper(restated.period) BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT tree.unit, member.person_id, tree.first_out, member.id, false
    FROM tree
    JOIN organizations_membership AS member ON member.cell_id = tree.cell_id
        AND lower(member.period) < tree.first_out
        AND (upper_inf(member.period) OR upper(member.period) > tree.first_out)
    WHERE tree.first_out BETWEEN %(first)s AND %(last)s
),
edge AS (
    SELECT coalesce(begun.unit, ended.unit) AS unit,
        coalesce(begun.day, ended.day) AS day,
        coalesce(begun.membership_id, ended.membership_id) AS membership_id,
        coalesce(begun.by_membership, ended.by_membership) AS by_membership,
        begun.membership_id IS NOT NULL AS is_inward
    FROM begun
    FULL JOIN ended USING (unit, person_id, day)
    WHERE begun.membership_id IS NULL OR ended.membership_id IS NULL
),
told AS (
    SELECT edge.unit, edge.day, edge.membership_id, member.person_id, edge.is_inward,
        CASE WHEN edge.is_inward THEN CASE
            WHEN NOT edge.by_membership THEN 'reorganised_in'
            WHEN member.reason_in IN ('admitted', 'restored') THEN member.reason_in
            -- A fact of earlier years says more than that its papers were taken over.
            WHEN member.reason_in = 'taken_over' THEN CASE WHEN EXISTS (
                    SELECT 1 FROM admissions_admission AS fact
                    WHERE fact.person_id = member.person_id AND fact.sign = 1
                        AND fact.ceremony_on = edge.day
                ) THEN 'admitted' ELSE 'taken_over' END
            WHEN member.reason_in = 'transferred' THEN
                CASE WHEN beside.id IS NOT NULL THEN 'in_province'
                ELSE coalesce('in_' || outside.scope, 'in_unknown') END
            -- Recognised on the very day on which the cell came here.
            WHEN member.reason_in IN ('reorganised', 'recognised') AND beside.id IS NOT NULL
                THEN 'reorganised_in'
            ELSE 'unexplained_in' END
        ELSE CASE
            WHEN NOT edge.by_membership THEN 'reorganised_out'
            WHEN member.reason_out = 'struck_off' AND member.status = 'probationary'
                THEN 'struck_off_probationary'
            WHEN member.reason_out IN
                ('deceased', 'expelled', 'struck_off', 'resigned', 'reversed', 'duplicate')
                THEN member.reason_out
            WHEN member.reason_out = 'transferred' THEN
                CASE WHEN beside.id IS NOT NULL THEN 'out_province'
                ELSE coalesce('out_' || outside.scope, 'out_unknown') END
            WHEN member.reason_out IN ('reorganised', 'recognised') AND beside.id IS NOT NULL
                THEN 'reorganised_out'
            ELSE 'unexplained_out' END
        END AS line
    FROM edge
    JOIN organizations_membership AS member ON member.id = edge.membership_id
    LEFT JOIN organizations_membership AS beside ON beside.person_id = member.person_id
        AND beside.id <> member.id AND edge.by_membership
        AND CASE WHEN edge.is_inward THEN upper(beside.period) ELSE lower(beside.period) END
            = edge.day
    LEFT JOIN LATERAL (
        SELECT transfer.outside_scope AS scope
        FROM organizations_transfer AS transfer
        WHERE transfer.person_id = member.person_id AND transfer.state = 'accepted'
            AND transfer.effective_on = edge.day AND transfer.outside_scope <> ''
            AND CASE WHEN edge.is_inward THEN transfer.destination_id ELSE transfer.origin_id END
                = member.cell_id
        LIMIT 1
    ) AS outside ON edge.by_membership
)
"""

_COUNTS = """
SELECT unit, point, sum(people)::int
FROM counted CROSS JOIN unnest(units) AS unit
WHERE people <> 0
GROUP BY 1, 2
HAVING sum(people) <> 0
UNION ALL
SELECT unit, line, count(*)::int FROM told GROUP BY 1, 2
"""

_WHO = """
SELECT membership_id, day FROM told WHERE line = ANY(%(lines)s)
UNION ALL
SELECT membership_id, NULL FROM present WHERE point = ANY(%(lines)s)
"""

# Whoever is there on one day and not explained into or out of the other.
_AMISS = """
SELECT max(membership_id), person_id
FROM (
    SELECT membership_id, person_id, CASE point WHEN 'after' THEN 1 ELSE -1 END AS weight,
        false AS is_unexplained
    FROM present
    UNION ALL
    SELECT membership_id, person_id,
        CASE WHEN line LIKE 'unexplained%%' THEN 0 WHEN is_inward THEN -1 ELSE 1 END,
        line LIKE 'unexplained%%'
    FROM told
) AS weighed
GROUP BY person_id
HAVING sum(weight) <> 0 OR bool_or(is_unexplained)
ORDER BY 1
"""


def _parameters(units: Iterable[int], period: Period, **more: Any) -> dict[str, Any]:
    return {
        "units": list(units),
        "first": period.first,
        "last": period.last,
        "opens_on": period.opens_on,
        "today": period.today,
        "is_now": period.lens == Attainment.Lens.NOW,
        "open": OPEN_END,
        **more,
    }


def movements(units: Iterable[int], period: Period) -> dict[int, Movement]:
    """Return {organisation id: its table 1} of all `units` (ids): one statement."""
    keys = list(units)
    people: dict[int, dict[str, int]] = {key: {} for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(_TEXT + _COUNTS, _parameters(keys, period))
        for unit, line, number in cursor.fetchall():
            people[unit][line] = number
    return {key: Movement(key, lines) for key, lines in people.items()}


def amiss(unit: int, period: Period) -> list[int]:
    """Return the memberships (ids) because of which the table of `unit` does not balance."""
    with connection.cursor() as cursor:
        cursor.execute(_TEXT + _AMISS, _parameters([unit], period))
        return [membership for membership, _person in cursor.fetchall()]


def units_beneath(organization: Organization, period: Period) -> Any:
    """Return those that stand directly beneath `organization` at the beginning or the end.

    In lens *now* those of today.
    """
    days = [period.today] if period.lens == Attainment.Lens.NOW else [period.opens_on, period.last]
    placed = Q(*[("period__contains", day) for day in days], _connector=Q.OR)
    return Organization.objects.filter(
        pk__in=Placement.objects.filter(placed, parent=organization.pk).values("organization")
    )


@dataclass(frozen=True)
class Compared:
    """A row of the table as printed: this period, the same of the year before, percent of it."""

    row: Row
    people: int
    last_year: int

    @property
    def percent(self) -> Decimal | None:
        """Return column 2 in percent of column 3; None where that is empty."""
        return percent(self.people, self.last_year)


@dataclass(frozen=True)
class Beneath:
    """One unit beneath, or what cancels between them, with its own four numbers."""

    organization: Any
    before: int
    increase: int
    decrease: int
    after: int
    is_balanced: bool = True


@dataclass(frozen=True)
class Table:
    """Table 1 of an organisation, its units beneath, and what is amiss with it.

    `between` is what units hold on their own and the whole does not: moves from one to another,
    and units that came or went; with it the column adds up to the whole.
    """

    whole: Movement
    rows: list[Compared]
    units: list[Beneath]
    between: Beneath | None
    amiss: list[int]

    @property
    def is_balanced(self) -> bool:
        """Say whether it may be printed: the whole balances, and each of its units."""
        return self.whole.is_balanced and all(unit.is_balanced for unit in self.units)


def table(organization: Organization, period: Period) -> Table:
    """Return table 1 of `organization` in `period`, with the same period of the year before."""
    units = list(
        units_beneath(organization, period).called(on=period.placed_on).order_by("name_order", "pk")
    )
    found = movements([organization.pk, *(unit.pk for unit in units)], period)
    whole = found[organization.pk]
    last_year = movements([organization.pk], period.a_year_before())[organization.pk]
    compared = [
        Compared(row, whole.of(row), last_year.of(row))
        for row in ROWS
        if not row.if_any or whole.of(row) or last_year.of(row)
    ]
    beneath = [_beneath(unit, found[unit.pk]) for unit in units]
    return Table(
        whole=whole,
        rows=compared,
        units=beneath,
        between=_between(whole, beneath) if beneath else None,
        amiss=[] if whole.is_balanced else amiss(organization.pk, period),
    )


def _beneath(unit: Any, movement: Movement) -> Beneath:
    return Beneath(
        unit,
        movement.before,
        movement.increase,
        movement.decrease,
        movement.after,
        is_balanced=movement.is_balanced,
    )


def _between(whole: Movement, units: list[Beneath]) -> Beneath | None:
    """Return the whole less its units; None where nothing is left."""
    left = Beneath(
        None,
        whole.before - sum(unit.before for unit in units),
        whole.increase - sum(unit.increase for unit in units),
        whole.decrease - sum(unit.decrease for unit in units),
        whole.after - sum(unit.after for unit in units),
    )
    return left if any((left.before, left.increase, left.decrease, left.after)) else None


@dataclass(frozen=True)
class Members:
    """Who stands in a row: `rows` are those seen by name, `people` counts all of them.

    `days` is {membership: when they came or went}, `cells` {cell: people}.
    """

    people: int
    rows: QuerySet[Membership]
    days: dict[int, date]
    cells: dict[int, int]

    @property
    def seen(self) -> int:
        return self.rows.count()


def members_of(organization: Organization, row: Row, period: Period, *, user: User) -> Members:
    """Return the people that `row` of the table of `organization` counts."""
    with connection.cursor() as cursor:
        cursor.execute(_TEXT + _WHO, _parameters([organization.pk], period, lines=list(row.lines)))
        found = cursor.fetchall()
    return _members(found, user=user)


def members_amiss(memberships: list[int], *, user: User) -> Members:
    """Return the people of `memberships`, because of whom a table does not balance."""
    return _members([(key, None) for key in memberships], user=user)


def _members(found: list[tuple[int, date | None]], *, user: User) -> Members:
    keys = [membership for membership, _day in found]
    cells: dict[int, int] = {}
    cell_of = dict(Membership.objects.filter(pk__in=keys).values_list("pk", "cell"))
    for key in keys:
        cells[cell_of[key]] = cells.get(cell_of[key], 0) + 1
    return Members(
        people=len(found),
        rows=Membership.objects.filter(pk__in=keys)
        .filter(pk__in=Membership.objects.visible_to(user).values("pk"))
        .select_related("person")
        .order_by("person__name_order", "pk"),
        days={membership: day for membership, day in found if day is not None},
        cells=cells,
    )

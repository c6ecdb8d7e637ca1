"""Quality beside quantity: what no number of admissions is shown without, each defined once.

* sources per remaining place: open files for each person still missing to the target;
* mentoring time: the median, over those admitted in the year, from the first day on which they
  were helped to their ceremony;
* files returned: of those that went above the cell in the year, the share sent back in it;
* last round: of those admitted in the year, the share from the day of its last round on;
* probation failures: of those admitted in the year and the one before, whose probation falls into
  it, how many had their name deleted while on probation;
* units at zero: those directly beneath that have admitted nobody.

What is a share or a median of fewer than `ENOUGH` records says nothing, and says too much of the
few: it is not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.core.cache import cache
from django.db import connection

from admissions.stages import Stage, Step
from organizations.models import Organization
from targets.measures import FILES
from targets.models import Attainment
from targets.plan import ROUNDS
from targets.rules import missing, percent

ENOUGH = 5
"""Records below which no share and no median is told."""
DAYS_IN_A_MONTH = Decimal("30.4375")
MANY, KEPT_FOR = 1_000, 600
"""Admissions of the year above which what was counted is kept, and for how many seconds: a
province's is read anew ten minutes later, a committee's at every asking."""

ABOVE_THE_CELL = [
    step.value
    for step in (
        Step.SEND_UP,
        Step.VOTE_INTERMEDIATE,
        Step.VOTE_GRASSROOTS,
        Step.VOTE_COMPETENT,
        Step.RETURN,
    )
]
"""Steps by which a file is, or was, above the cell."""

COUNT = """
WITH last AS (
    SELECT coalesce(min(round.day), %(customary)s::date) AS day FROM admissions_round AS round
    JOIN organizations_ancestry AS above ON above.ancestor_id = round.organization_id
    WHERE above.descendant_id = %(organization)s
        AND above.valid_from <= %(tree)s AND above.valid_to > %(tree)s
        AND round.day BETWEEN %(late)s AND %(ends)s
),
beneath AS MATERIALIZED (
    SELECT descendant_id, valid_from, valid_to FROM organizations_ancestry
    WHERE ancestor_id = %(organization)s
        AND (NOT %(is_now)s OR (valid_from <= %(tree)s AND valid_to > %(tree)s))
),
made AS MATERIALIZED (
    SELECT admission.id, admission.candidate_id, admission.person_id, admission.ceremony_on,
        admission.ceremony_on >= %(begins)s AS is_of_the_year
    FROM admissions_admission AS admission
    JOIN beneath ON beneath.descendant_id = admission.cell_id AND (%(is_now)s
        OR (beneath.valid_from <= admission.ceremony_on
            AND beneath.valid_to > admission.ceremony_on))
    WHERE admission.sign = 1
        AND admission.ceremony_on >= %(begins)s - interval '1 year'
        AND admission.ceremony_on <= %(on)s
        AND NOT EXISTS (SELECT 1 FROM admissions_admission AS undoing
            WHERE undoing.reverses_id = admission.id AND undoing.ceremony_on <= %(on)s)
),
helped AS (
    SELECT made.ceremony_on - min(lower(mentorship.period)) AS days
    FROM made JOIN admissions_mentorship AS mentorship
        ON mentorship.candidate_id = made.candidate_id
        AND lower(mentorship.period) < made.ceremony_on
    WHERE made.is_of_the_year
    GROUP BY made.id, made.ceremony_on
),
went_up AS (
    SELECT step.candidate_id, bool_or(step.step = 'return') AS came_back
    FROM admissions_milestone AS step
    JOIN admissions_candidate AS file ON file.id = step.candidate_id
        -- Most files of a committee are of who is official for years: no step came after that.
        AND (file.stage <> %(official)s OR file.stage_since >= %(begins)s - interval '1 year')
    JOIN beneath ON beneath.descendant_id = file.cell_id AND (%(is_now)s
        OR (beneath.valid_from <= step."on" AND beneath.valid_to > step."on"))
    WHERE step.step = ANY(%(above)s) AND step."on" BETWEEN %(begins)s AND %(on)s
        AND NOT EXISTS (SELECT 1 FROM admissions_milestone AS later
            WHERE later.corrects_id = step.id)
    GROUP BY step.candidate_id
)
SELECT
    (SELECT count(*) FROM helped),
    (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FROM helped),
    (SELECT count(*) FROM went_up),
    (SELECT count(*) FROM went_up WHERE came_back),
    (SELECT count(*) FROM made WHERE is_of_the_year),
    (SELECT count(*) FROM made JOIN last ON made.ceremony_on >= last.day),
    (SELECT count(*) FROM made),
    (SELECT count(*) FROM made WHERE EXISTS (
        SELECT 1 FROM organizations_departure AS departure
        JOIN organizations_membership AS membership ON membership.id = departure.membership_id
        WHERE membership.person_id = made.person_id AND membership.status = 'probationary'
            AND departure.reason = 'struck_off'
            AND departure."on" > made.ceremony_on AND departure."on" <= %(on)s)),
    (SELECT day FROM last)
"""


@dataclass(frozen=True)
class Share:
    """`part` of `whole`; told only of enough of them."""

    part: int
    whole: int

    @property
    def is_too_few(self) -> bool:
        return self.whole < ENOUGH

    @property
    def percent(self) -> Decimal | None:
        """Return it in percent, two decimals; None of too few."""
        return None if self.is_too_few else percent(self.part, self.whole)


@dataclass(frozen=True)
class Companions:
    """What the attainment of one organisation is shown with. `missing` is None without a target.

    `months` is the median mentoring time of `helped` people, None of too few. `is_last_round_due`
    says whether the year's last round has come; `units` counts those directly beneath.
    """

    files: int
    missing: int | None
    helped: int
    months: Decimal | None
    returned: Share
    last_round: Share
    last_round_on: date
    is_last_round_due: bool
    deleted: Share
    units: int
    units_at_zero: int

    @property
    def sources_per_place(self) -> Decimal | None:
        """Return the open files for each person still missing; None where nobody is."""
        if not self.missing:
            return None
        return (Decimal(self.files) / self.missing).quantize(Decimal("0.1"), ROUND_HALF_UP)


def companions(
    organization: Organization,
    row: Attainment | None,
    *,
    year: int,
    lens: str,
    on: date,
    tree_on: date,
) -> Companions:
    """Return what belongs beside the attainment `row` of `organization` in `year`, on day `on`.

    Lens *now* counts by the tree of `tree_on`. One query, or one more, however large the subtree.
    """
    counted = _counted(organization, row, year=year, lens=lens, on=on, tree_on=tree_on)
    helped, days, went_up, came_back, made, late, both_years, deleted, last_round_on = counted
    units = row.units if row else 0
    return Companions(
        files=sum(int(getattr(row, measure.name, 0)) for measure in FILES),
        missing=missing(row.target_low, _admitted(row)) if row and row.target_low else None,
        helped=helped,
        months=_months(days) if helped >= ENOUGH else None,
        returned=Share(came_back, went_up),
        last_round=Share(late, made),
        last_round_on=last_round_on,
        is_last_round_due=on >= last_round_on,
        deleted=Share(deleted, both_years),
        units=units,
        units_at_zero=units - (row.units_with_admission if row else 0),
    )


def _admitted(row: Attainment | None) -> int:
    return int(getattr(row, "admitted", 0))


def _months(days: Any) -> Decimal:
    return (Decimal(str(days)) / DAYS_IN_A_MONTH).quantize(Decimal("0.1"), ROUND_HALF_UP)


def _counted(
    organization: Organization,
    row: Attainment | None,
    *,
    year: int,
    lens: str,
    on: date,
    tree_on: date,
) -> tuple[Any, ...]:
    key = f"companions:{organization.pk}:{year}:{lens}:{on}:{tree_on}"
    is_large = _admitted(row) > MANY
    if is_large and (kept := cache.get(key)):
        return tuple(kept)
    last = ROUNDS[-1]
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            {
                "organization": organization.pk,
                "is_now": lens == Attainment.Lens.NOW,
                "tree": tree_on,
                "begins": date(year, 1, 1),
                "ends": date(year, 12, 31),
                "on": on,
                "late": date(year, last.first_month, 1),
                "customary": last.on(year),
                "above": ABOVE_THE_CELL,
                "official": Stage.OFFICIAL.value,
            },
        )
        found: tuple[Any, ...] = cursor.fetchone()
    if is_large:
        cache.set(key, found, KEPT_FOR)
    return found

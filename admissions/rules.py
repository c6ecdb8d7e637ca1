"""The formulas of the regulations: pure, each takes the rule set whose numbers it uses.

No age, term, threshold or form code stands here; they are columns of `RuleSet`, with their
sources. An operation calls a formula once, at the event, and stores the result.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import holidays

if TYPE_CHECKING:
    from admissions.stages import Level


class Rules(Protocol):
    """The columns of a rule set that the formulas read."""

    min_age_years: int
    max_age_years: int
    certificate_months: int
    certificate_valid_on_last_day: bool
    dossier_months: int
    cell_vote_numerator: int
    cell_vote_denominator: int
    grassroots_vote_numerator: int
    grassroots_vote_denominator: int
    standing_vote_numerator: int
    standing_vote_denominator: int
    delegated_vote_numerator: int
    delegated_vote_denominator: int
    admission_decision_days: int
    admission_extension_days: int
    ceremony_days: int
    probation_months: int


def add_months(day: date, months: int) -> date:
    """Return the same day of the month `months` later; a month end is clamped.

    >>> add_months(date(2020, 2, 29), 60)
    datetime.date(2025, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


def full_years(born_on: date, on: date) -> int:
    """Return the age in full years on day `on`; one born on 29 February ages on 1 March.

    >>> full_years(date(2000, 5, 28), date(2018, 5, 27))
    17
    """
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def may_be_considered_at_age(born_on: date, on: date, rules: Rules) -> bool:
    """Say whether the cell may consider someone on day `on`, by age.

    Full `min_age_years` to full `max_age_years`, reckoned by month: the month in which somebody
    completes the oldest age still counts. Source: column of the rule set (Charter, article 1;
    HD 06-HD/TW 2025, point 3); the month reading is open (certainty L).
    """
    if full_years(born_on, on) < rules.min_age_years:
        return False
    last = (born_on.year + rules.max_age_years, born_on.month)
    return (on.year, on.month) <= last


def certificate_expires_on(issued_on: date, rules: Rules) -> date:
    """Return the first day on which a certificate issued on `issued_on` no longer counts.

    Months count from the day of issue; whether the day they are full still counts is a column.
    """
    full = add_months(issued_on, rules.certificate_months)
    return full + timedelta(days=1) if rules.certificate_valid_on_last_day else full


def paper_stale_on(dated_on: date, rules: Rules) -> date:
    """Return the first day on which a paper that goes stale no longer counts."""
    return add_months(dated_on, rules.dossier_months) + timedelta(days=1)


def probation_ends_on(ceremony_on: date, rules: Rules) -> date:
    """Return the day of official membership, however late it is decided."""
    return add_months(ceremony_on, rules.probation_months)


@dataclass(frozen=True)
class Threshold:
    """What a vote must reach of those entitled: `numerator`/`denominator`, exceeded if `strict`."""

    numerator: int
    denominator: int
    strict: bool = False

    def passed(self, *, in_favour: int, entitled: int) -> bool:
        """Say whether `in_favour` of `entitled` is enough; integers, never percents.

        >>> Threshold(2, 3).passed(in_favour=8, entitled=13)
        False
        >>> Threshold(1, 2, strict=True).passed(in_favour=4, entitled=8)
        False
        """
        left, right = in_favour * self.denominator, self.numerator * entitled
        return left > right if self.strict else left >= right

    def needed(self, entitled: int) -> int:
        """Return the fewest votes in favour that pass.

        >>> Threshold(2, 3).needed(13), Threshold(1, 2, strict=True).needed(8)
        (9, 5)
        """
        if self.strict:
            return self.numerator * entitled // self.denominator + 1
        return -(-self.numerator * entitled // self.denominator)


def threshold(level: Level | str, rules: Rules, *, delegated: bool = False) -> Threshold:
    """Return what a vote at `level` must reach under `rules`.

    The competent level is a standing committee, unless the competence is `delegated` to a whole
    grassroots committee. An intermediate committee only appraises; its share is the committee's.
    """
    if level == "cell":
        return Threshold(rules.cell_vote_numerator, rules.cell_vote_denominator)
    if level in {"grassroots", "intermediate"}:
        return Threshold(rules.grassroots_vote_numerator, rules.grassroots_vote_denominator)
    if delegated:
        return Threshold(rules.delegated_vote_numerator, rules.delegated_vote_denominator)
    return Threshold(rules.standing_vote_numerator, rules.standing_vote_denominator, strict=True)


@lru_cache(maxsize=32)
def _days_off(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("VN", years=year))


def is_working_day(day: date) -> bool:
    """Say whether `day` is one of Monday to Friday and no public holiday of Vietnam."""
    return day.weekday() < 5 and day not in _days_off(day.year)


def add_working_days(day: date, working_days: int) -> date:
    """Return the day that is `working_days` working days after `day`, which itself is not counted.

    >>> add_working_days(date(2021, 4, 29), 1)  # 30 April and 1 May are holidays
    datetime.date(2021, 5, 4)
    """
    while working_days:
        day += timedelta(days=1)
        working_days -= is_working_day(day)
    return day


def decision_due_on(cell_resolved_on: date, rules: Rules, *, extended: bool = False) -> date:
    """Return the last day for the decision on admission, counted from the cell's resolution."""
    days = rules.admission_decision_days + (rules.admission_extension_days if extended else 0)
    return add_working_days(cell_resolved_on, days)


def ceremony_due_on(counted_from: date, rules: Rules) -> date:
    """Return the last day for the ceremony, from the receipt or issue that the rules name."""
    return add_working_days(counted_from, rules.ceremony_days)

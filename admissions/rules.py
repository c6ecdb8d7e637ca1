"""The formulas of the regulations: pure, each takes the rule set whose numbers it uses.

No age, term, threshold or form code stands here; they are columns of `RuleSet`, with their
sources. An operation calls a formula once, at the event, and stores the result.
"""

from __future__ import annotations

from calendar import monthrange
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
    recognition_decision_days: int
    recognition_extension_days: int
    recognition_review_days: int
    ceremony_days: int
    probation_months: int
    readmission_months: int
    readmission_cleared_months: int
    verification_home_days: int
    verification_abroad_days: int
    send_up_days: int
    grassroots_days: int
    new_member_papers_days: int
    late_entry_days: int
    forward_days: int
    moved_decision_days: int
    moved_ceremony_days: int
    fault_review_days: int
    transfer_start_days: int
    transfer_present_days: int


def is_entered_late(happened_on: date, rules: Rules, *, on: date) -> bool:
    """Say whether what is entered on day `on` comes so late that a third person lets it count.

    The day that is as many days back as the rules allow is not late. Source: the product's own
    policy (`parameters.OWN_POLICY`), no regulation.
    """
    return (on - happened_on).days > rules.late_entry_days


def add_months(day: date, months: int) -> date:
    """Return the same day of the month `months` later; a month end is clamped.

    >>> add_months(date(2020, 2, 29), 60)
    datetime.date(2025, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, 12)
    last = monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


def full_years(born_on: date, on: date) -> int:
    """Return the age in full years on day `on`; one born on 29 February ages on 1 March.

    >>> full_years(date(2000, 5, 28), date(2018, 5, 27))
    17
    """
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def month_number(day: date) -> int:
    """Return the number of the month of `day`, so that months can be subtracted."""
    return day.year * 12 + day.month


def full_months(first: date, on: date) -> int:
    """Return how many months after day `first` are full on day `on`; a month end is clamped.

    >>> full_months(date(2000, 1, 31), date(2000, 2, 28))
    0
    >>> full_months(date(2000, 1, 31), date(2000, 2, 29))
    1
    """
    months = month_number(on) - month_number(first)
    return months - (add_months(first, months) > on)


AGE_READINGS = ("month", "exact", "month_number")
"""How "full 18 to full 60, reckoned by month" can be read: see `may_be_considered_at_age`."""


def is_old_enough(born_on: date, on: date, rules: Rules, *, reading: str = "month") -> bool:
    """Say whether someone has the youngest age on day `on`, as `may_be_considered_at_age`."""
    if reading == "month_number":
        return month_number(on) - month_number(born_on) >= 12 * rules.min_age_years
    return full_years(born_on, on) >= rules.min_age_years


def is_within_oldest_age(born_on: date, on: date, rules: Rules, *, reading: str = "month") -> bool:
    """Say whether someone is not past the oldest age on `on`, as `may_be_considered_at_age`."""
    if reading == "exact":
        return on <= add_months(born_on, 12 * rules.max_age_years)
    return month_number(on) - month_number(born_on) <= 12 * rules.max_age_years


def may_be_considered_at_age(
    born_on: date, on: date, rules: Rules, *, reading: str = "month"
) -> bool:
    """Say whether the cell may consider someone on day `on`, by age.

    Full `min_age_years` to full `max_age_years`. `reading` is how the months are reckoned, which
    is open (certainty L): "month", the youngest age by the day and the oldest to the end of the
    month in which it is full; "exact", both by the day; "month_number", both by the month alone.
    Source: column of the rule set (Charter, article 1; HD 06-HD/TW 2025, point 3).

    >>> from types import SimpleNamespace
    >>> ages = SimpleNamespace(min_age_years=18, max_age_years=60)
    >>> [may_be_considered_at_age(date(1961, 3, 15), date(2021, 3, 16), ages, reading=one)
    ...  for one in AGE_READINGS]
    [True, False, True]
    """
    return is_old_enough(born_on, on, rules, reading=reading) and is_within_oldest_age(
        born_on, on, rules, reading=reading
    )


def readings_of_age_differ(born_on: date, on: date, rules: Rules) -> bool:
    """Say whether the answer on day `on` hangs on how the months of an age are reckoned."""
    answers = {may_be_considered_at_age(born_on, on, rules, reading=one) for one in AGE_READINGS}
    return len(answers) > 1


def may_be_readmitted_from(left_on: date, rules: Rules, *, was_cleared: bool = False) -> date:
    """Return the first day on which somebody who left the Party may be considered again.

    Source: columns of the rule set (Charter, article 3; HD 06-HD/TW 2025): 36 months from leaving,
    60 after a less serious criminal record was cleared.
    """
    months = rules.readmission_cleared_months if was_cleared else rules.readmission_months
    return add_months(left_on, months)


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
def _year(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Return the public holidays of a year, and the weekend days worked in exchange for some."""
    known = holidays.country_holidays("VN", years=year)
    worked = {day for day in known.weekend_workdays if day.year == year}
    return frozenset(known), frozenset(worked)


def public_holidays(year: int) -> list[tuple[date, str, bool]]:
    """Return (day, its name in Vietnamese, is it worked) of a year: the holidays by which limits
    are reckoned, and the weekend days worked in exchange; in order."""
    known = holidays.country_holidays("VN", years=year, language="vi")
    off = [(day, str(name), False) for day, name in known.items()]
    worked = [(day, "", True) for day in _year(year)[1]]
    return sorted(off + worked)


@dataclass(frozen=True)
class WorkingDays:
    """Which days are worked: Monday to Friday without the public holidays of Vietnam, and on top
    of these the decreed days `off` and the days `worked` in exchange.

    No regulation found defines the working day (domain.md 2.1, certainty M), hence the table that
    two hands of the top unit keep; `admissions.calendar.working_days` reads it.
    """

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def __contains__(self, day: date) -> bool:
        """Say whether `day` is a working day.

        >>> date(2025, 4, 26) in WorkingDays()  # a Saturday worked in exchange for 2 May
        True
        """
        if day in self.off or day in self.worked:
            return day in self.worked
        holidays_of_year, exchanged = _year(day.year)
        if day in exchanged:
            return True
        return day.weekday() < 5 and day not in holidays_of_year


USUAL = WorkingDays()
"""The calendar of public holidays alone, without the table of decreed days."""


def is_working_day(day: date, calendar: WorkingDays = USUAL) -> bool:
    """Say whether `day` is worked: Monday to Friday, no public holiday, unless decreed."""
    return day in calendar


def add_working_days(day: date, working_days: int, calendar: WorkingDays = USUAL) -> date:
    """Return the day that is `working_days` working days after `day`, which itself is not counted.

    >>> add_working_days(date(2021, 4, 29), 1)  # 30 April and 1 May are holidays
    datetime.date(2021, 5, 4)
    """
    while working_days > 0:
        day += timedelta(days=1)
        working_days -= day in calendar
    return day


def decision_due_on(
    cell_resolved_on: date, rules: Rules, *, extended: bool = False, calendar: WorkingDays = USUAL
) -> date:
    """Return the last day for the decision on admission, counted from the cell's resolution."""
    days = rules.admission_decision_days + (rules.admission_extension_days if extended else 0)
    return add_working_days(cell_resolved_on, days, calendar)


def ceremony_due_on(counted_from: date, rules: Rules, *, calendar: WorkingDays = USUAL) -> date:
    """Return the last day for the ceremony, from the receipt or issue that the rules name."""
    return add_working_days(counted_from, rules.ceremony_days, calendar)


def send_up_due_on(cell_resolved_on: date, rules: Rules, *, calendar: WorkingDays = USUAL) -> date:
    """Return the last day for the cell to send the file up (Hà Nội: 5 working days)."""
    return add_working_days(cell_resolved_on, rules.send_up_days, calendar)


def grassroots_due_on(
    cell_resolved_on: date, rules: Rules, *, calendar: WorkingDays = USUAL
) -> date:
    """Return the last day for the grassroots committee's resolution (Hà Nội: 25 working days)."""
    return add_working_days(cell_resolved_on, rules.grassroots_days, calendar)


def verification_due_on(
    sent_on: date, rules: Rules, *, abroad: bool = False, calendar: WorkingDays = USUAL
) -> date:
    """Return the last day for the answer to a verification (HD 06-HD/TW 2025, 3.4)."""
    days = rules.verification_abroad_days if abroad else rules.verification_home_days
    return add_working_days(sent_on, days, calendar)


def new_member_papers_due_on(
    ceremony_on: date, rules: Rules, *, calendar: WorkingDays = USUAL
) -> date:
    """Return the last day for the papers of a new member, counted from the ceremony."""
    return add_working_days(ceremony_on, rules.new_member_papers_days, calendar)


def recognition_review_due_on(
    probation_ended_on: date, rules: Rules, *, calendar: WorkingDays = USUAL
) -> date:
    """Return the last day for the cell to consider recognition, from the end of the probation."""
    return add_working_days(probation_ended_on, rules.recognition_review_days, calendar)


def recognition_decision_due_on(
    cell_resolved_on: date, rules: Rules, *, extended: bool = False, calendar: WorkingDays = USUAL
) -> date:
    """Return the last day for the decision of recognition, from the cell's resolution on it."""
    days = rules.recognition_decision_days + (rules.recognition_extension_days if extended else 0)
    return add_working_days(cell_resolved_on, days, calendar)


def forward_due_on(moved_on: date, rules: Rules, *, calendar: WorkingDays = USUAL) -> date:
    """Return the last day to forward the file of a person who moved (HD 06-HD/TW 2025, 3.9)."""
    return add_working_days(moved_on, rules.forward_days, calendar)


def moved_decision_due_on(
    received_on: date, rules: Rules, *, calendar: WorkingDays = USUAL
) -> date:
    """Return the last day for the receiving committee's decision, from its receipt of the file."""
    return add_working_days(received_on, rules.moved_decision_days, calendar)


def moved_decision_counts_until(
    transferred_on: date, rules: Rules, *, calendar: WorkingDays = USUAL
) -> date:
    """Return the last day on which a decision issued at the old place is sent to the new one.

    Counted from the decision of transfer; after it the issuer cancels (HD 06-HD/TW 2025, 3.10).
    """
    return add_working_days(transferred_on, rules.moved_ceremony_days, calendar)


def fault_review_due_on(asked_on: date, rules: Rules, *, calendar: WorkingDays = USUAL) -> date:
    """Return the last day to answer the faults that the new place found."""
    return add_working_days(asked_on, rules.fault_review_days, calendar)


def transfer_start_due_on(
    transferred_on: date, rules: Rules, *, calendar: WorkingDays = USUAL
) -> date:
    """Return the last day to begin the official transfer, from the decision on job or residence."""
    return add_working_days(transferred_on, rules.transfer_start_days, calendar)


def transfer_present_due_on(
    introduced_on: date, rules: Rules, *, calendar: WorkingDays = USUAL
) -> date:
    """Return the last day to present the transfer papers at the new place."""
    return add_working_days(introduced_on, rules.transfer_present_days, calendar)

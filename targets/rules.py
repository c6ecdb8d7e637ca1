"""The arithmetic of targets: percents, rounding, people missing, ranks. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

HUNDREDTH = Decimal("0.01")


def percent(part: int | None, whole: int | None) -> Decimal | None:
    """Return `part` of `whole` in percent, half-up, two decimals; None without a whole.

    Source: published figures, which are told with two decimals.

    >>> percent(853, 805), percent(126, 120), percent(1, 0), percent(1, 8)
    (Decimal('105.96'), Decimal('105.00'), None, Decimal('12.50'))
    """
    if part is None or not whole:
        return None
    return (Decimal(100 * part) / Decimal(whole)).quantize(HUNDREDTH, ROUND_HALF_UP)


def points_between(
    part: int, whole: int | None, earlier_part: int, earlier_whole: int | None
) -> Decimal | None:
    """Return by how many percentage points a share differs from an earlier one, half-up, two
    decimals; None without both wholes. A change of a count is told by `change_in_percent`.

    Source: published figures; 121 of 130 village heads after 110 of 130 is 8.46 points more.

    >>> points_between(121, 130, 110, 130), points_between(90, 100, 95, 100)
    (Decimal('8.46'), Decimal('-5.00'))
    >>> points_between(121, 130, 110, None) is None
    True
    """
    if not whole or not earlier_whole:
        return None
    difference = Fraction(100 * part, whole) - Fraction(100 * earlier_part, earlier_whole)
    exact = Decimal(difference.numerator) / Decimal(difference.denominator)
    return exact.quantize(HUNDREDTH, ROUND_HALF_UP)


def change_in_percent(now: int, earlier: int) -> Decimal | None:
    """Return by how many percent a count differs from an earlier one, half-up, two decimals; None
    after nothing. The difference of two shares is told by `points_between`.

    >>> change_in_percent(185, 170), change_in_percent(9, 12), change_in_percent(2, 0)
    (Decimal('8.82'), Decimal('-25.00'), None)
    """
    return percent(now - earlier, earlier)


def people_of_percent(rate: Decimal, members: int) -> int:
    """Return the whole people that `rate` percent of `members` asks for: rounded up, exactly.

    Source: published targets; "≥ 5.5 %" of 953 members is 52.4, so 53.

    >>> people_of_percent(Decimal("5.5"), 953), people_of_percent(Decimal("5"), 19000)
    (53, 950)
    """
    return int((rate * members / 100).to_integral_value(ROUND_CEILING))


def as_typed(low: int | None, high: int | None) -> str:
    """Return people, or a range of them, as they are typed into a cell; nothing without a number.

    >>> as_typed(38, 38), as_typed(35, 40), as_typed(None, None)
    ('38', '35-40', '')
    """
    if low is None:
        return ""
    return str(low) if low == high else f"{low}-{high}"


def percent_typed(percentage: Decimal) -> str:
    """Return a percentage as it is typed here, half-up, at most two decimals.

    >>> percent_typed(Decimal("8.00")), percent_typed(Decimal("33.333")), percent_typed(Decimal(0))
    ('8', '33,33', '0')
    """
    text = f"{percentage.quantize(HUNDREDTH, ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".").replace(".", ",")


def missing(target_low: int | None, admitted: int) -> int:
    """Return the people missing to the target's lower end; nobody where there is no target.

    >>> missing(35, 18), missing(120, 126), missing(None, 3)
    (17, 0, 0)
    """
    return max(0, (target_low or 0) - admitted)


def ranks(missing_people: Mapping[Key, int]) -> dict[Key, int]:
    """Return each key's rank among all, most people missing first; ties share a rank.

    >>> ranks({"a": 5, "b": 9, "c": 5, "d": 0})
    {'a': 2, 'b': 1, 'c': 2, 'd': 4}
    """
    ordered = sorted(missing_people.values(), reverse=True)
    first = {value: place for place, value in reversed(list(enumerate(ordered, start=1)))}
    return {key: first[value] for key, value in missing_people.items()}


def shared_out(people: int, weights: Sequence[int]) -> list[int]:
    """Return `people` shared out by `weights`, whole people that add up; evenly without weights.

    By largest remainder; of equal remainders the larger weight, then the earlier one, is rounded
    up.

    >>> shared_out(10, [2, 1]), shared_out(5, [1, 1]), shared_out(4, [0, 0, 0])
    ([7, 3], [3, 2], [2, 1, 1])
    >>> shared_out(2, [1, 3])
    [0, 2]
    """
    if not weights:
        return []
    shares = list(weights) if sum(weights) else [1] * len(weights)
    whole = sum(shares)
    parts = [people * share // whole for share in shares]
    by_remainder = sorted(
        range(len(shares)),
        key=lambda place: (-(people * shares[place] % whole), -shares[place], place),
    )
    for place in by_remainder[: people - sum(parts)]:
        parts[place] += 1
    return parts

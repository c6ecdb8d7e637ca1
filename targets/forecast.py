"""The forecast of a year: what the files under way, and those to come, will still bring; pure.

On a day of the year an organisation has admitted some people and has open files. How many of those
files end in an admission by 31 December is learned from earlier years *on the same day of the
year*: of the files that then stood at that step, and whose last step was as long ago, so many were
admitted in time. So rounds, summers and slow committees need no words of their own. What earlier
years admitted after the day from files that nobody had identified yet is learned beside it.

Few files tell little. So rates are learned from the top of a line of organisations downwards, and
each borrows from the one above: what is above counts as so many files of its own (`Learned.lends`)
as the units beneath it resemble one another: empirical Bayes. Years differ more than files do;
that is learned from how far each year was from what its files promised (`Learned.spread`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil, floor

from targets.measures import FILES

COVER = 0.8
"""Share of the outcomes that an interval is to hold."""
ENOUGH_FILES = 10
"""Files of earlier years below which nothing is foretold."""
YEARS = 6
"""Earlier years that a forecast learns from."""
REPLAYED = 10
"""Earlier years of which the track record is told."""
BANDS = (90, 365)
"""Days since its last step up to which a file is in the first, the second band; then the third."""

Kind = tuple[str, int]
"""A step of the pipeline, by its measure of files, and the band of the time since the last step."""
KINDS: tuple[Kind, ...] = tuple(
    (measure.name, time) for measure in FILES for time in range(len(BANDS) + 1)
)

# What is believed before anything is known, and how much it weighs.
_STEPS_LEND = 10.0  # files: a step lends to each of its bands of time
_UNLIKE = 0.15  # variance of the log-odds of units beneath one superior
_UNLIKE_WEIGHS = 3.0  # units
_YEARS_DIFFER = 0.02  # relative variance of years: 14 %
_YEARS_WEIGH = 2.0  # years
_LENDS = (2.0, 2000.0)
_LEAST = 1e-6  # of the likeliest: what is less likely is left out


def band(days: int) -> int:
    """Return the band of time of a file whose last step is `days` ago.

    >>> band(0), band(90), band(91), band(366)
    (0, 0, 1, 2)
    """
    return sum(days > edge for edge in BANDS)


def same_day(on: date, year: int) -> date:
    """Return the day of `year` that corresponds to day `on`; 29 February to the 28th.

    >>> same_day(date(2024, 2, 29), 2023)
    datetime.date(2023, 2, 28)
    """
    try:
        return on.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


@dataclass(frozen=True)
class YearSeen:
    """A year of an organisation, seen from one of its days: {kind: open files} and the admissions.

    `made` are those of `files` that were admitted between the day and the year's end, `outcome` the
    admissions of the whole year, `filed` of them those that had a file; all three only of a year
    that is over.
    """

    files: Mapping[Kind, float] = field(default_factory=dict)
    admitted: int = 0
    made: Mapping[Kind, int] = field(default_factory=dict)
    outcome: int = 0
    filed: int = 0

    @property
    def open_files(self) -> float:
        """Return the open files of all steps."""
        return sum(self.files.values())

    @property
    def late(self) -> int:
        """Return the admissions after the day from files that were not open on it."""
        return max(self.outcome - self.admitted - sum(self.made.values()), 0)

    @property
    def teaches(self) -> bool:
        """Say whether the year's admissions mostly came from files that were kept here.

        Years that were taken over as bare admissions say nothing of files.
        """
        return self.filed * 2 >= self.outcome and (self.filed > 0 or self.open_files > 0)


@dataclass(frozen=True)
class Past:
    """What is known of earlier years of one organisation: {year: as seen from the day}.

    `units` has {year: {step: (files, of them made)}} of each unit directly beneath; `cells` are the
    cells beneath it, itself where it is one.
    """

    years: Mapping[int, YearSeen]
    cells: int
    units: Sequence[Mapping[int, Mapping[str, tuple[int, int]]]] = ()


@dataclass(frozen=True)
class Learned:
    """What earlier years teach: the share of files of each kind that is admitted in time.

    `weights` is how many files each share rests on, borrowed ones among them; `late` are the people
    that a cell brings in a year from files to come, resting on `late_weight` people. `spread` is
    the relative variance between `years`, `unlike` the variance of log-odds between the units
    beneath.
    """

    rates: Mapping[Kind, float]
    weights: Mapping[Kind, float]
    late: float
    late_weight: float
    spread: float
    unlike: float
    years: int

    def lends(self, rate: float) -> float:
        """Return the files of its own that a unit needs to weigh as much as what is said here."""
        least, most = _LENDS
        return min(max(1 / max(self.unlike * rate * (1 - rate), 1e-9) - 1, least), most)


def years_taught(line: Sequence[Past], *, year: int) -> list[int]:
    """Return the years that a forecast of `year` learns from, as the widest of `line` has them."""
    known = line[-1].years
    return [one for one in range(year - YEARS, year) if one in known and known[one].teaches]


def files_taught(line: Sequence[Past], *, year: int) -> int:
    """Return the files of earlier years that a forecast of `year` learns from."""
    years = years_taught(line, year=year)
    return int(sum(line[-1].years[one].open_files for one in years))


def learn(line: Sequence[Past], *, year: int) -> Learned | None:
    """Return what the years before `year` teach of the first of `line`; None where too little.

    `line` leads from the organisation upwards; each borrows from the next.
    """
    if files_taught(line, year=year) < ENOUGH_FILES:
        return None
    years = years_taught(line, year=year)
    above: Learned | None = None
    for past in reversed(line):
        above = learn_from(past, years, above=above)
    return above


def learn_from(past: Past, years: Sequence[int], *, above: Learned | None) -> Learned:
    """Return what `years` of one organisation teach, borrowing from what is learned `above`."""
    seen = [past.years.get(one, YearSeen()) for one in years]
    files = _sums(one.files for one in seen)
    made = _sums(one.made for one in seen)
    of_step = _of_steps(files, made)
    rates: dict[Kind, float] = {}
    weights: dict[Kind, float] = {}
    for kind in KINDS:
        if above is None:
            prior, lent = of_step[kind[0]], _STEPS_LEND
        else:
            prior = above.rates[kind]
            lent = min(above.lends(prior), above.weights[kind])
        weights[kind] = files[kind] + lent
        rates[kind] = (made[kind] + lent * prior) / weights[kind]
    people = sum(one.late for one in seen)
    cells = max(past.cells, 1)
    if above is None:
        late_weight = people + 0.5
        late = late_weight / (cells * len(years))
    else:
        lent = min(1 / max(above.unlike, 1e-9), above.late_weight)
        late_weight = people + lent
        late = late_weight / (cells * len(years) + lent / above.late)
    return Learned(
        rates=rates,
        weights=weights,
        late=late,
        late_weight=late_weight,
        spread=_spread(seen, rates, late * cells, above),
        unlike=_unlike(past.units, years, of_step),
        years=len(years),
    )


def _sums(years: Iterable[Mapping[Kind, float]]) -> dict[Kind, float]:
    sums: dict[Kind, float] = dict.fromkeys(KINDS, 0)
    for counts in years:
        for kind, people in counts.items():
            sums[kind] += people
    return sums


def _of_steps(files: Mapping[Kind, float], made: Mapping[Kind, float]) -> dict[str, float]:
    """Return {step: share of its files made}, whatever their time there; a half where none was."""
    totals: dict[str, list[float]] = {}
    for kind, number in files.items():
        total = totals.setdefault(kind[0], [0.5, 1.0])
        total[0] += made[kind]
        total[1] += number
    return {step: some / all_ for step, (some, all_) in totals.items()}


def _spread(
    years: Sequence[YearSeen], rates: Mapping[Kind, float], late: float, above: Learned | None
) -> float:
    """Return the relative variance between years beyond what chance among files explains."""
    # A unit's years differ no less than those of all units together.
    believed = max(_YEARS_DIFFER, above.spread if above else 0.0)
    beyond = squares = weight = 0.0
    for seen in years:
        mean, chance = _promise(seen.files, rates, late)
        came = seen.outcome - seen.admitted
        beyond += (came - mean) ** 2 - chance
        squares += mean * mean
        # A year of few files says little of years, and much of chance.
        weight += believed * mean * mean / (believed * mean * mean + chance)
    if len(years) > 1 and squares:
        # The rates were fitted to these very years.
        own = max(beyond * len(years) / (len(years) - 1) / squares, 0.0)
        return (weight * own + _YEARS_WEIGH * believed) / (weight + _YEARS_WEIGH)
    return believed


def _promise(
    files: Mapping[Kind, float], rates: Mapping[Kind, float], late: float
) -> tuple[float, float]:
    """Return mean and variance of what files bring by chance alone, at these rates."""
    mean = late + sum(number * rates[kind] for kind, number in files.items())
    chance = late + sum(number * rates[kind] * (1 - rates[kind]) for kind, number in files.items())
    return mean, max(chance, 1e-9)


def _unlike(
    units: Sequence[Mapping[int, Mapping[str, tuple[int, int]]]],
    years: Sequence[int],
    of_step: Mapping[str, float],
) -> float:
    """Return how far the log-odds of the units beneath vary, beyond what chance explains."""
    beyond = squares = 0.0
    for unit in units:
        counts = [one for year in years for one in unit.get(year, {}).items()]
        mean = sum(files * of_step[step] for step, (files, _made) in counts)
        chance = sum(files * of_step[step] * (1 - of_step[step]) for step, (files, _made) in counts)
        made = sum(made for _step, (_files, made) in counts)
        beyond += (made - mean) ** 2 - chance
        squares += chance * chance  # of log-odds that differ by 1, so many people come of it
    own = max(beyond / squares, 0.0) if squares else 0.0
    return (len(units) * own + _UNLIKE_WEIGHS * _UNLIKE) / (len(units) + _UNLIKE_WEIGHS)


@dataclass(frozen=True)
class Expected:
    """Of `files` at a step so many `people` are expected to be admitted by the year's end."""

    step: str
    files: int
    people: float

    @property
    def share(self) -> float:
        """Return the share of the files that is expected to be admitted in time."""
        return self.people / self.files if self.files else 0.0


@dataclass(frozen=True)
class Forecast:
    """What a year is expected to come to: people, in all, what was admitted included.

    `low` to `high` hold the outcome with the probability of `COVER` at least; `likely` is the
    middle. `steps` tell what each step brings, `late` what files to come bring.
    """

    admitted: int
    likely: int
    low: int
    high: int
    steps: list[Expected]
    late: float
    chances: Mapping[int, float]

    def chance_of(self, target: int) -> float:
        """Return the probability that the year comes to `target` people at least."""
        if target <= self.admitted:
            return 1.0
        return min(sum(chance for people, chance in self.chances.items() if people >= target), 1.0)


def forecast(learned: Learned, now: YearSeen, *, cells: int) -> Forecast:
    """Return the forecast of a year that stands as in `now`, of an organisation of `cells` cells.

    The variance adds chance among files, what is not known of their rates, and how years differ.
    """
    late = learned.late * max(cells, 1)
    mean, chance = _promise(now.files, learned.rates, late)
    # This year's own difference and that of the years it is told from; and few of them tell little
    # of how far years differ (as Student's distribution is wider than the normal one).
    few = learned.years
    years = learned.spread * (1 + 1 / few) * (few + 3) / (few + 1)
    unknown = late * late / learned.late_weight + sum(
        number * number * learned.rates[kind] * (1 - learned.rates[kind])
        / (learned.weights[kind] + 1)
        for kind, number in now.files.items()
    )  # fmt: skip
    # No file brings two people, and files to come hardly more than chance lets them.
    most = int(now.open_files) + quantile(
        counts(late, late + late * late / learned.late_weight), 0.99
    )
    chances = {
        now.admitted + people: one
        for people, one in counts(mean, chance + unknown + years * mean * mean, most=most).items()
    }
    low, high = narrowest(chances, COVER)
    files = {measure.name: 0.0 for measure in FILES}
    brought = dict(files)
    for kind, number in now.files.items():
        files[kind[0]] += number
        brought[kind[0]] += number * learned.rates[kind]
    return Forecast(
        admitted=now.admitted,
        likely=quantile(chances, 0.5),
        low=low,
        high=high,
        steps=[Expected(step, round(files[step]), brought[step]) for step in files],
        late=late,
        chances=chances,
    )


def counts(mean: float, variance: float, *, most: int | None = None) -> dict[int, float]:
    """Return {people: probability} of a count with that mean and variance, up to `most`.

    Binomial, Poisson or negative binomial as the variance is less than, equal to or more than the
    mean: the three whose neighbouring probabilities stand as a + b/k (Panjer's recursion), reckoned
    outwards from the likeliest so that large counts do not vanish.

    >>> {people: round(one, 3) for people, one in counts(1.0, 0.5).items()}
    {0: 0.25, 1: 0.5, 2: 0.25}
    """
    if mean <= 0:
        return {0: 1.0}
    variance = max(variance, mean * 1e-6)
    if variance < mean:
        share = 1 - variance / mean
        tries = mean / share
        a, b = -share / (1 - share), (tries + 1) * share / (1 - share)
    elif variance - mean < 1e-9 * mean:
        a, b = 0.0, mean
    else:
        share = mean / variance
        a = 1 - share
        b = (mean * share / (1 - share) - 1) * a
    likeliest = max(floor(b / (1 - a)), 0)
    least = _LEAST
    found = {likeliest: 1.0}
    people, one = likeliest, 1.0
    while people > 0 and one > least:
        one /= a + b / people
        people -= 1
        found[people] = one
    people, one = likeliest, 1.0
    while one > least:
        people += 1
        one *= max(a + b / people, 0.0)
        if one > 0:
            found[people] = one
    if most is not None:
        found = {people: one for people, one in found.items() if people <= most} or {most: 1.0}
    total = sum(found.values())
    return {people: found[people] / total for people in sorted(found)}


def narrowest(chances: Mapping[int, float], cover: float) -> tuple[int, int]:
    """Return the ends of the narrowest range that holds `cover` of the probability.

    Of equally narrow ones the likeliest.

    >>> narrowest({0: 0.25, 1: 0.5, 2: 0.25}, 0.7)
    (0, 1)
    """
    people = list(chances)
    best: tuple[int, float, int, int] | None = None
    held, first = 0.0, 0
    for number in people:
        held += chances[number]
        while held - chances[people[first]] >= cover:
            held -= chances[people[first]]
            first += 1
        if held >= cover - 1e-12:
            found = (number - people[first], -round(held, 12), people[first], number)
            best = min(best or found, found)
    if best is None:
        return people[0], people[-1]
    return best[2], best[3]


def quantile(chances: Mapping[int, float], share: float) -> int:
    """Return the least number that is not exceeded with the probability `share`.

    >>> quantile({0: 0.25, 1: 0.5, 2: 0.25}, 0.5)
    1
    """
    held = 0.0
    for people, chance in chances.items():
        held += chance
        if held >= share:
            return people
    return max(chances)


# ---------------------------------------------------------------- the track record


def straight_line(admitted: int, on: date) -> float:
    """Return what the year comes to where it goes on as it has gone up to day `on`.

    >>> straight_line(27, date(2019, 11, 2))
    32.205882352941174
    """
    first = date(on.year, 1, 1)
    whole = (date(on.year + 1, 1, 1) - first).days
    return admitted * whole / ((on - first).days + 1)


@dataclass(frozen=True)
class Replay:
    """A past year as it would have been foretold on the same day, and what it came to."""

    year: int
    admitted: int
    low: int
    likely: int
    high: int
    outcome: int
    straight: float

    @property
    def is_held(self) -> bool:
        """Say whether the outcome lay in the interval."""
        return self.low <= self.outcome <= self.high


@dataclass(frozen=True)
class TrackRecord:
    """How past forecasts did: of `replays` so many outcomes `held`; widths in people, both ends in.

    `straight_width` is how wide the straight line's range would have had to be to hold as many.
    """

    replays: Sequence[Replay]
    held: int
    width: float
    straight_width: float

    @property
    def share(self) -> float:
        """Return the share of the outcomes that lay in their intervals."""
        return self.held / len(self.replays)


def replays(line: Sequence[Past], on: date) -> list[Replay]:
    """Return the years before that of day `on`, each foretold on its same day, oldest first.

    Each learns only from years before it; one that could not is left out.
    """
    found = []
    for year in range(on.year - REPLAYED, on.year):
        known, learned = line[-1].years.get(year), learn(line, year=year)
        if known is None or not known.teaches or learned is None:
            continue
        seen = line[0].years.get(year, YearSeen())
        then = forecast(learned, seen, cells=line[0].cells)
        found.append(
            Replay(
                year=year,
                admitted=seen.admitted,
                low=then.low,
                likely=then.likely,
                high=then.high,
                outcome=seen.outcome,
                straight=straight_line(seen.admitted, same_day(on, year)),
            )
        )
    return found


def track_record(replays: Sequence[Replay]) -> TrackRecord | None:
    """Return the record of `replays`; None without any.

    The straight line is given what it could not know: the half-width, the same for all years, that
    would have held as many outcomes as the intervals did. It never reaches below what was admitted.
    """
    if not replays:
        return None
    held = sum(one.is_held for one in replays)
    errors = sorted(abs(one.outcome - one.straight) for one in replays)
    half = errors[held - 1] if held else 0.0
    return TrackRecord(
        replays=replays,
        held=held,
        width=sum(one.high - one.low + 1 for one in replays) / len(replays),
        straight_width=sum(_straight_width(one, half) for one in replays) / len(replays),
    )


def _straight_width(replay: Replay, half: float) -> int:
    low = max(ceil(replay.straight - half - 1e-9), replay.admitted)
    return max(floor(replay.straight + half + 1e-9) - low + 1, 1)

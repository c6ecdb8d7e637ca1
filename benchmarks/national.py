"""All that is promised of a country, measured in one run, and written down beside its bars.

`bench-results/national-<scale>.json` has every time taken; `benchmarks/results.json` the figures
of each scale last measured, and those of the largest under their bare names; `docs/performance.md`
a table of them between two marks.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from django.db import connection

from benchmarks import nation, reading, recomputing, reorganising, visible
from benchmarks.measuring import Case, Figure, interleaved, medians, round_to
from benchmarks.nation import YEAR, Size
from benchmarks.servers import Databases
from config import database
from organizations.operations.ancestry import verify
from targets.operations.attainment import recompute

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
DOCUMENT = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- measured: written by make bench -->", "<!-- measured: end -->"

COMPANY = 0.0036
"""The scale of one company committee: some 1,300 organisations."""
TENFOLD = 10
TREE, SMALL_TREE = 0.01, 0.001
"""In which tree ten times the people are measured; the smaller one beside less than a tenth."""


def run(databases: Databases, *, scale: float, rounds: int, into: Path) -> None:
    """Measure a country of `scale` and one company; print, and write the results."""
    began = perf_counter()
    with databases.copy("company"):
        small_size, _generated = _make(COMPANY)
        company = recomputing.measure(
            rounds=rounds, organizations=small_size.organizations, is_national=False
        )
    growth = _growth(databases, tree=SMALL_TREE if scale < 0.1 else TREE, rounds=rounds)
    figures = [*growth, *_of_the_company(company.figures)]
    with databases.copy("country"):
        size, generated = _make(scale)
        figures += generated
        whole = recomputing.measure(
            rounds=rounds,
            organizations=size.organizations,
            is_national=True,
        )
        figures += whole.figures
        figures += recomputing.dated(rounds=rounds)
        figures += reorganising.measure(rounds=rounds)
        figures += reading.measure()
        figures += visible.measure()
    taken = perf_counter() - began
    print(f"Measured in {taken:.0f} s")
    environment = _environment(rounds=rounds, seconds=taken)
    into.mkdir(exist_ok=True)
    (into / f"national-{scale:g}.json").write_text(
        _json(
            {
                "scale": scale,
                "size": asdict(size),
                "environment": environment,
                "figures": {one.key: one.as_json() for one in figures},
                "milliseconds": whole.times,
                "milliseconds of the company": company.times,
            }
        ),
        encoding="utf-8",
    )
    write_down(scale, size, environment, figures)
    _print(figures)


def _make(scale: float, *, density: int = 1) -> tuple[Size, list[Figure]]:
    """Generate a country into the present database, verify it, and compute its last two years."""
    began = perf_counter()
    size = nation.generate(scale, density=density)
    taken = perf_counter() - began
    print(f"Generated scale {scale:g} in {taken:.0f} s: {size}")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        cursor.execute("SELECT pg_database_size(current_database())")
        (in_bytes,) = cursor.fetchone()
    verified = verify()
    assert verified.is_right, verified.first
    for year in (YEAR - 1, YEAR):
        recompute(year)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE targets_attainment")
    return size, [
        Figure("generate_s", "The country is generated, with every constraint checked", taken, "s",
               1200 if scale == 1 else None),
        Figure("disk_gb", "Its size on disk, without history tables", in_bytes / 1e9, "GB",
               25 if scale == 1 else None),
    ]  # fmt: skip


def _of_the_company(figures: Iterable[Figure]) -> list[Figure]:
    """Return the recompute's figures under names that say they are of one company."""
    return [
        replace(one, key=f"company_{one.key}", title=f"One company: {one.title}")
        for one in figures
        if one.bar is not None
    ]


def _growth(databases: Databases, *, tree: float, rounds: int) -> list[Figure]:
    """Measure the same tree with its people and with ten times as many, in turn."""
    with ExitStack() as made:
        made.enter_context(databases.copy("once"))
        _make(tree)
        once = psycopg.connect(_here(databases), autocommit=True)
        made.enter_context(databases.copy("tenfold"))
        _make(tree, density=TENFOLD)
        tenfold = psycopg.connect(_here(databases), autocommit=True)
        cases: dict[str, Case] = {}
        for name, server in (("once", made.enter_context(once)),
                             ("tenfold", made.enter_context(tenfold))):  # fmt: skip
            for what, text in (("one lens", recomputing.one_lens("then")),
                               ("the whole", recomputing.whole())):  # fmt: skip
                cases[f"{name}, {what}"] = partial(_ask, server, text)
        took = medians(interleaved(cases, rounds=rounds))
    return [
        Figure("tenfold_rows", "Ten times the people in the same tree, recompute of one lens",
               took["tenfold, one lens"] / took["once, one lens"], "×", 4),
        Figure("tenfold_rows_whole", "Ten times the people in the same tree, the whole",
               took["tenfold, the whole"] / took["once, the whole"], "×"),
    ]  # fmt: skip


def _here(databases: Databases) -> str:
    """Return the address of the present database."""
    return database.named(databases.url, connection.settings_dict["NAME"])


def _ask(server: psycopg.Connection, text: str) -> None:
    server.execute(text, recomputing.parameters()).fetchall()


# ------------------------------------------------------------------ writing down


def write_down(
    scale: float,
    size: Size,
    environment: Mapping[str, Any],
    figures: Iterable[Figure],
    *,
    results: Path = RESULTS,
    document: Path = DOCUMENT,
) -> None:
    """Put the figures of `scale` into `results` and its table into `document`; others stay."""
    kept = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    scales: dict[str, Any] = kept.get("scales", {})
    scales[f"{scale:g}"] = {
        "size": asdict(size),
        "environment": dict(environment),
        "figures": {one.key: one.as_json() for one in figures},
    }
    scales = dict(sorted(scales.items(), key=lambda pair: float(pair[0])))
    largest = max(scales, key=float)
    results.write_text(
        _json(
            {
                "scale": float(largest),
                **{key: one["value"] for key, one in scales[largest]["figures"].items()},
                "scales": scales,
            }
        ),
        encoding="utf-8",
    )
    if document.exists():
        text = document.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        document.write_text(
            f"{before}{BEGIN}\n\n{table(scales)}\n\n{END}{rest.split(END)[1]}", encoding="utf-8"
        )


def table(scales: Mapping[str, Any]) -> str:
    """Return the Markdown of all scales: a row for each figure, a column for each scale.

    A figure that a scale was not measured for is told of the largest that was.
    """
    named = list(scales)
    lines = [
        "| | " + " | ".join(f"{_people(scales[one]['size'])}" for one in named)
        + " | bar | kept at the largest |",
        "|---|" + "---:|" * (len(named) + 1) + "---|",
    ]  # fmt: skip
    keys = dict.fromkeys(key for one in reversed(named) for key in scales[one]["figures"])
    for key in keys:
        values = [scales[one]["figures"].get(key) for one in named]
        largest = next(one for one in reversed(values) if one)
        cells = [f"{one['value']:,} {one['unit']}" if one else "–" for one in values]
        bar = "–"
        if largest["bar"] is not None:
            sign = "≥" if largest["at_least"] else "≤"
            bar = f"{sign} {largest['bar']:,g} {largest['unit']}"
        kept = {None: "–", True: "yes", False: "**no**"}[largest["met"]]
        note = f" ({largest['note']})" if largest["note"] else ""
        lines.append(f"| {largest['title']}{note} | {' | '.join(cells)} | {bar} | {kept} |")
    lines += ["", *(_described(name, scales[name]) for name in named)]
    return "\n".join(lines)


def _people(size: Mapping[str, int]) -> str:
    return f"{size['organizations']:,} organisations"


def _described(scale: str, one: Mapping[str, Any]) -> str:
    size, where = one["size"], one["environment"]
    return (
        f"- Scale {scale}: {size['members']:,} members, {size['files']:,} files with"
        f" {size['milestones']:,} steps, {size['admissions']:,} admissions, {size['moved']:,}"
        f" places changed. {where['when']}, PostgreSQL {where['postgresql']}, {where['cores']}"
        f" cores, load {where['load']} as it ended, {where['rounds']} rounds."
    )


def _environment(*, rounds: int, seconds: float) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (version,) = cursor.fetchone()
    connection.close()
    return {
        "when": f"{datetime.now(tz=UTC):%Y-%m-%d}",
        "rounds": rounds,
        "seconds": round(seconds),
        "python": platform.python_version(),
        "postgresql": version,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
    }


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _print(figures: Iterable[Figure]) -> None:
    for one in figures:
        bar = "" if one.bar is None else f"{'≥' if one.at_least else '≤'} {one.bar:g}"
        kept = {None: "", True: "kept", False: "NOT KEPT"}[one.is_met]
        print(f"{round_to(one.value):>12,} {one.unit:<2}  {bar:>8}  {kept:<8}  {one.title}")

"""Takes each check of scope away in turn, and sees that the matrix notices; docs/mutants.md.

    APP_VAR=... python -m pytest -n 0 -q tests/permissions/mutants.py

Nothing is written into the product: a function gets the code of its mutant while the matrix asks
the routes of that module, and its own again after. A mutant is killed by the first wrong answer.
Three ways to take a check away: `.visible_to(...)` becomes `.all()`; the organisations in which
somebody acts become all there are; and what refuses by a condition about rights never does.
"""

from __future__ import annotations

import ast
import gc
import importlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from config.environment import BASE_DIR
from tests.permissions.conftest import Count
from tests.permissions.ground import Address, Ground
from tests.permissions.test_matrix import Asker, rows
from tests.reports.everywhere import patterns

WHERE = ("*/views/*.py", "reports/views_movement.py")
ASKERS = (
    *("staff of sibling committee", "secretary of sibling", "leader", "administrator"),
    *("former secretary", "secretary", "centre", "staff", "approver of top", "staff of top"),
)
"""Who finds out: each may less than some other, and a check that is gone lets one of them in."""
RIGHTS = {
    *("holds", "acts", "acts_at", "may", "allows", "keeps_rules", "keeps_kinds", "writes_notes"),
    *("keeps_years_of", "may_recompute", "speaks_for", "declares_for", "takes_over", "writes_note"),
    *("closes_follow_up", "assigns_beneath", "may_answer", "sees_names", "exists"),
}
EVERYTHING = '__import__("organizations.models", fromlist=["x"]).Organization.objects.all()'
TABLE = BASE_DIR / "docs" / "mutants.md"


@dataclass(frozen=True)
class Site:
    """A check in the source, by the number of its place."""

    path: Path
    number: int
    line: int
    function: str
    what: str


class Without(ast.NodeTransformer):
    """Takes away the check whose turn it is; counts them all."""

    def __init__(self, chosen: int | None) -> None:
        self.chosen, self.found, self.names = chosen, list[tuple[int, str, str]](), list[str]()

    def _is_chosen(self, node: ast.AST, what: str) -> bool:
        self.found.append((getattr(node, "lineno", 0), ".".join(self.names), what))
        return self.chosen == len(self.found) - 1

    def _inside(self, node: Any) -> Any:
        self.names.append(node.name)
        self.generic_visit(node)
        self.names.pop()
        return node

    visit_ClassDef = visit_FunctionDef = _inside

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        name = getattr(node.func, "attr", "")
        if name == "visible_to" and self._is_chosen(node, "visible_to"):
            assert isinstance(node.func, ast.Attribute)
            everything = ast.Attribute(value=node.func.value, attr="all", ctx=ast.Load())
            return ast.copy_location(ast.Call(func=everything, args=[], keywords=[]), node)
        if name == "organizations_of" and self._is_chosen(node, "organizations_of"):
            return ast.copy_location(ast.parse(EVERYTHING, mode="eval").body, node)
        return node

    def visit_If(self, node: ast.If) -> Any:
        self.generic_visit(node)
        refuses = isinstance(node.body[0], ast.Raise)
        called = {
            getattr(one.func, "attr", getattr(one.func, "id", ""))
            for one in ast.walk(node.test)
            if isinstance(one, ast.Call)
        }
        if refuses and called & RIGHTS and self._is_chosen(node, ast.unparse(node.test)[:70]):
            node.test = ast.copy_location(ast.Constant(value=False), node.test)
        return node


def sites() -> Iterator[Site]:
    for pattern in WHERE:
        for path in sorted(BASE_DIR.glob(pattern)):
            finding = Without(None)
            finding.visit(ast.parse(path.read_text("utf-8")))
            for number, (line, function, what) in enumerate(finding.found):
                yield Site(path, number, line, function, what)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(BASE_DIR).with_suffix("").parts)


def codes(code: CodeType, inside: str = "") -> Iterator[tuple[str, CodeType]]:
    """Return (qualified name, code) of all functions in a compiled module."""
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one.co_qualname, one
            yield from codes(one)


def mutated(site: Site) -> dict[FunctionType, CodeType]:
    """Return {function: its code without the check}."""
    module = module_of(site.path)
    importlib.import_module(module)
    changed = Without(site.number)
    tree = ast.fix_missing_locations(changed.visit(ast.parse(site.path.read_text("utf-8"))))
    flags = 0x1000000  # from __future__ import annotations, as in the file itself
    made = dict(codes(compile(tree, str(site.path), "exec", flags=flags, dont_inherit=True)))
    return {
        one: made[one.__qualname__]
        for one in gc.get_objects()
        if type(one) is FunctionType  # isinstance would wake lazy objects
        and one.__module__ == module
        and one.__qualname__ == site.function
        and one.__qualname__ in made
    }


def routes_of(module: str) -> set[str]:
    """Return the routes whose page is in `module`, or stands on something in it."""
    found = set()
    for pattern in patterns():
        view = getattr(pattern.callback, "view_class", None)
        kinds = {one.__module__ for one in view.__mro__} if view else {pattern.callback.__module__}
        if module in kinds:
            found.add(str(pattern.name))
    if module.startswith("admissions.views."):
        found.add("candidate-step")
    if module == "targets.views.targets":
        found |= {"target-year", "indicator-list", "baseline-sheet"}
    return found


def killed_by(ground: Ground, askers: list[Asker], table: list[Any], names: set[str]) -> str:
    """Return the first wrong answer, or nothing."""
    asked = [
        (method, one, row)
        for name, row, here in table
        if name.split()[0] in names
        for method in ("get", "post")
        if method in row
        for one in here
    ]
    # One's own first: most checks that are gone let somebody in there.
    asked.sort(key=lambda each: (each[1].position != "own", each[0] == "post"))
    for method, address, row in asked:
        for asker in askers:
            if wrong := _wrong(asker, method, address, row):
                where = f"{asker.who}, {method.upper()} {address.route}, {address.position}"
                return f"{where}: {wrong}"
    return ""


def _wrong(asker: Asker, method: str, address: Address, row: Any) -> str:
    asker.wrong.__init__()  # type: ignore[misc]
    answer, wanted = asker.see(method, address, row)
    if asker.wrong.told:
        return "a name"
    if asker.wrong.number():
        return f"{answer.status} for {', '.join(map(str, sorted(wanted.statuses)))}"
    return ""


def test_the_matrix_kills_every_mutant(ground: Ground) -> None:
    only = os.environ.get("MUTANTS", "")
    askers = [Asker(ground, who, Count()) for who in ASKERS]
    table, lines, survivors = list(rows(ground)), list[str](), 0
    found_at = list(sites())
    for site in found_at:
        where = f"{site.path.relative_to(BASE_DIR)}:{site.line}"
        if only not in where:
            continue
        found = mutated(site)
        own = {one: one.__code__ for one in found}
        for function, code in found.items():
            function.__code__ = code
        try:
            names = routes_of(module_of(site.path))
            by = killed_by(ground, askers, table, names) if found else "not a function"
        finally:
            for function, code in own.items():
                function.__code__ = code
        survivors += not by
        lines.append(f"| `{where}` | `{site.function}` | `{site.what}` | {by or '**survives**'} |")
        write(lines, survivors, of=len(found_at))  # as far as it has come
    assert survivors == 0


def write(lines: list[str], survivors: int, *, of: int) -> None:
    killed = len(lines) - survivors
    head = f"{len(lines)} of {of} mutants asked: {killed} killed, {survivors} survive.\n\n"
    columns = "| Check | In | What is taken away | Killed by |\n|---|---|---|---|\n"
    about = (
        "# Mutants of the checks of scope\n\nWritten by `tests/permissions/mutants.py`: each check"
        " of scope in the views is taken away in turn, and the matrix asks the routes of that"
        " module until an answer is wrong.\n\n"
    )
    TABLE.write_text(about + head + columns + "\n".join(lines) + "\n", "utf-8")

"""A pytest plugin, `-p tests.permissions.guarded`: a switch at each check of scope.

Modules of the product are changed while they are imported, on disk nothing is. Each check asks
`SWITCH` first, which notes that it was asked and, where it is the one chosen, lets it be:

* `.visible_to(...)` and `.opened_by(...)` become `.all()`, and `organizations_of(...)` all
  organisations there are;
* what refuses by a condition (404, "not permitted", another refusal about rights, an empty answer)
  never does; of conditions joined by "or" each in turn;
* what says whether somebody may, says that they may.

A condition that lets pass is not noted: without it nothing would be otherwise.
"""

from __future__ import annotations

import ast
import builtins
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

BASE_DIR = Path(__file__).resolve().parents[2]
PRODUCT = ("organizations", "admissions", "targets", "reports", "config/ui")
NOT_ASKED = {"migrations", "management", "scenarios"}
"""Commands are run by whoever has the server, scenarios are made for a demonstration."""

RIGHTS = {
    *(
        "acts",
        "acts_at",
        "holds",
        "may",
        "may_answer",
        "may_ask",
        "may_recompute",
        "sees_recomputes",
        "allows",
    ),
    *("are_of_their_own", "is_own_record", "is_one_human", "keeps_rules", "keeps_kinds"),
    *("keeps_years_of", "writes_notes", "writes_note", "takes_over", "sees_names", "speaks_for"),
    *("declares_for", "sets_figures_of", "freezes_openings_of", "approves_openings_of"),
    *("follows_up", "closes_follow_up", "assigns_beneath", "reads_drafts_of", "serves"),
    *("accounts_of_human", "own_records", "gave_code_lately", "part_taken", "decided_by"),
    *("decided_already", "barred_from_cancelling", "barred_from_answering"),
}
"""Functions that say whether somebody may, or why not."""
SCOPES = {"visible_to", "opened_by"}
"""Methods that keep of a table's rows those that somebody may see."""
DENIALS = {"PermissionDenied", "Http404"}
NOT_ABOUT_WHO = {
    *("WrittenAddress.__call__", "read", "look_of", "movement_members", "organization_files"),
    *("_year", "FirstStart.load", "start_installation", "FollowUpClose.load", "SealAction.load"),
    *("MonthConfirm.load", "CycleStep.load", "TargetAssign.asked", "target_reconciliation"),
    *("PasswordChange.dispatch", "EventAction.prepare", "EventAssign.look", "scenario_compare"),
    *("organization_asked", "ScenarioSave.load", "OpenQuestionAnswer.load"),
}
"""Where 404 answers to how an address is written, or to a state that hides nobody's things: of
these functions only conditions that ask for a right are checks of scope."""
STATES = {
    *("first == second", "request.method != 'POST'", "seal.kind != Seal.Kind.YEAR"),
    "request.method != 'POST' and self.merge.state != PersonMerge.State.ASKED",
    "request.method != 'POST' and file.stage not in LIVE_STAGES",
    "not request.user.is_authenticated",  # LoginRequiredMiddleware's matter, and the matrix's
}
"""Conditions that stand beside a right, and ask for none."""
EVERYTHING = "__import__('organizations.models', fromlist=['x']).Organization.objects.all()"


@dataclass(frozen=True)
class Site:
    """A check in the source: the `number`th of those alike in its function."""

    path: str
    line: int
    function: str
    what: str
    number: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        """Return what stays the same when lines are added above."""
        return self.path, self.function, self.what, self.number


class Switch:
    """Which check is taken away, and which were asked."""

    chosen: Site | None = None

    def __init__(self) -> None:
        self.sites: list[Site] = []
        self.asked: dict[Site, None] = {}

    def is_gone(self, place: int) -> bool:
        site = self.sites[place]
        self.asked[site] = None
        return site == self.chosen

    def refuses(self, place: int, found: Any) -> Any:
        return found and not self.is_gone(place)

    def allows(self, place: int, found: Any) -> Any:
        return found or self.is_gone(place)


SWITCH = Switch()


@cache
def _compiled() -> list[Any]:
    from organizations.reading import ForReader  # noqa: PLC0415 - when Django is there
    from organizations.sheets import waiting  # noqa: PLC0415

    readers = [one for one in gc.get_objects() if type(one) is ForReader]
    return [waiting._prepared, *(one.prepared for one in readers)]


def take_away_the_second_net() -> None:
    """Let pages read all rows: what the database would still hold back is asked of checks alone."""
    from config import rows  # noqa: PLC0415 - when Django is there

    rows._acting = lambda *_names, **_more: nullcontext()  # type: ignore[assignment,return-value]


def compile_anew() -> None:
    """Forget querysets that were compiled once for all readers, with their checks or without."""
    for one in _compiled():
        one.cache_clear()


class Guarded(ast.NodeTransformer):
    """Puts the switch at each check, and counts them."""

    def __init__(self, path: str) -> None:
        self.path, self.found = path, list[Site]()
        self.names, self.says = list[str](), list[bool]()

    def _asks(self, how: str, node: ast.expr, *given: ast.expr, what: str = "") -> ast.Call:
        words = what or ast.unparse(node)
        words = " ".join(words.split())[:90]
        function = ".".join(self.names)
        alike = [one for one in self.found if (one.function, one.what) == (function, words)]
        self.found.append(Site(self.path, node.lineno, function, words, len(alike)))
        place = ast.Constant(len(SWITCH.sites) + len(self.found) - 1)
        switch = ast.Attribute(ast.Name("__switch__", ast.Load()), how, ast.Load())
        return ast.copy_location(ast.Call(switch, [place, *given], []), node)

    def _inside(self, node: Any) -> Any:
        self.names.append(node.name)
        returns = getattr(node, "returns", None)
        self.says.append(isinstance(returns, ast.Name) and returns.id == "bool")
        self.generic_visit(node)
        self.says.pop()
        self.names.pop()
        return node

    visit_ClassDef = visit_FunctionDef = _inside

    def visit_Call(self, node: ast.Call) -> Any:
        name = getattr(node.func, "attr", "")
        if name in SCOPES and isinstance(node.func, ast.Attribute):
            asked = self._asks("is_gone", node, what=_short(node))
            everything = ast.Call(ast.Attribute(node.func.value, "all", ast.Load()), [], [])
        elif name == "organizations_of":
            asked = self._asks("is_gone", node, what=_short(node))
            everything = ast.parse(EVERYTHING, mode="eval").body  # type: ignore[assignment]
        else:
            self.generic_visit(node)
            return node
        self.generic_visit(node)
        found = ast.IfExp(asked, everything, node)
        return ast.fix_missing_locations(ast.copy_location(found, node))

    def visit_If(self, node: ast.If) -> Any:
        if _refuses(node) and (_called(node.test) & RIGHTS or not self._is_about_none()):
            parts = node.test.values if isinstance(node.test, ast.BoolOp) else []
            is_or = isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.Or)
            parts = [self._part(one) for one in (parts if is_or else [node.test])]
            node.test = parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), parts)
            ast.fix_missing_locations(node)
        self.generic_visit(node)
        return node

    def _is_about_none(self) -> bool:
        return ".".join(self.names) in NOT_ABOUT_WHO

    def _part(self, one: ast.expr) -> ast.expr:
        if isinstance(one, ast.Compare) and isinstance(one.ops[0], ast.Is):
            return one  # `... is None`: something to refuse by, not the refusal
        if ast.unparse(one) in STATES:
            return one
        return self._asks("refuses", one, one)

    def visit_Return(self, node: ast.Return) -> Any:
        about_rights = self.path.endswith("permissions.py") or _called(node) & RIGHTS
        is_said = self.says and self.says[-1] and not isinstance(node.value, ast.Constant)
        if node.value is not None and is_said and about_rights:
            node.value = self._asks("allows", node.value, node.value)
        self.generic_visit(node)
        return ast.fix_missing_locations(node)


def _short(node: ast.Call) -> str:
    assert isinstance(node.func, ast.Attribute)
    roles = [ast.unparse(one.value) for one in node.keywords if one.arg == "roles"]
    return f"{ast.unparse(node.func).split('.filter')[0]} {' '.join(roles)}"


def _called(node: ast.AST) -> set[str]:
    calls = (one.func for one in ast.walk(node) if isinstance(one, ast.Call))
    return {getattr(one, "attr", getattr(one, "id", "")) for one in calls}


def _refuses(node: ast.If) -> bool:
    """Say whether `node` denies, or refuses or answers nothing by a condition about rights."""
    first = node.body[0]
    about_rights = bool(_called(node.test) & RIGHTS)
    if isinstance(first, ast.Raise) and first.exc is not None:
        raised = {one.id for one in ast.walk(first.exc) if isinstance(one, ast.Name)}
        return about_rights or bool(raised & DENIALS)
    return about_rights and isinstance(first, ast.Return) and _is_nothing(first.value)


def _is_nothing(value: ast.expr | None) -> bool:
    if value is None or (isinstance(value, ast.Constant) and not value.value):
        return True
    if isinstance(value, ast.List | ast.Dict | ast.Tuple):
        return not ast.unparse(value).strip("[](){}")
    return isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "none"


def _is_asked(path: Path) -> bool:
    try:
        parts = path.relative_to(BASE_DIR)
    except ValueError:
        return False
    inside = any(str(parts).startswith(f"{one}/") for one in PRODUCT)
    return inside and path.suffix == ".py" and not NOT_ASKED & set(parts.parts)


@cache
def guarded(path: Path) -> tuple[ast.Module, tuple[Site, ...]]:
    """Return the module of `path` with its switches, and their places."""
    guard = Guarded(str(path.relative_to(BASE_DIR)))
    tree = guard.visit(ast.parse(path.read_text("utf-8")))
    SWITCH.sites += guard.found
    return ast.fix_missing_locations(tree), tuple(guard.found)


def sites() -> Iterator[Site]:
    """Return every check of the product, in the order of its files."""
    for package in PRODUCT:
        for path in sorted((BASE_DIR / package).rglob("*.py")):
            if _is_asked(path):
                yield from guarded(path)[1]


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        path = Path(self.get_filename(fullname))
        return compile(guarded(path)[0], str(path), "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not spec.origin or not _is_asked(Path(spec.origin)):
            return None
        spec.loader = _Loader(fullname, spec.origin)
        return spec


builtins.__switch__ = SWITCH  # type: ignore[attr-defined]
sys.meta_path.insert(0, _Finder())

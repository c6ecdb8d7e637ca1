"""What a developer does: `make test`, `matrix`, `mutants`, `check`, `audit`, `format`, `lock`, ….

Each is also what CI does (`.ci/run`). Standard library alone: `wheelhouse` runs without Django.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.embedded.bootstrap import run_pip
from config.environment import BASE_DIR, data_folder

PYTHON = sys.executable
MODULES = (
    "config",
    "*/rules.py",
    "*/stages.py",
    "*/operations",
    "*/selectors.py",
    "*/selectors",
    "*/models",
    "*/permissions.py",
    "admissions/calendar.py",
    "admissions/cases.py",
    "admissions/guards.py",
    "organizations/pages_read.py",
    "reports/headlines.py",
    "reports/pictures.py",
    "targets/closed_years.py",
    "targets/deltas.py",
    "targets/forecast.py",
    "targets/foretold.py",
    "targets/measures.py",
    "targets/opening_sheets.py",
    "targets/openings.py",
    "targets/paces.py",
    "targets/plan.py",
    "targets/recounts.py",
    "targets/sheets.py",
    "targets/sql.py",
    "targets/tasks.py",
)
"""What mypy reads: all that others call. Views, forms and tests may stay untyped."""

APPS = ("organizations", "admissions", "targets", "reports")
NOT_OF_MUTANTS = ("slow", "thorough", "scenario", "browser", "worker")
"""Tests that take long, and are about no check that others are not about."""
ABOUT_CHECKS = (
    "tests/permissions/test_operations.py",
    "tests/permissions/test_selectors.py",
    "tests/organizations/test_separation_of_duties.py",
)
"""Tests that ask operations and selectors past every page: mutants meet them first."""

BARE = {
    "DJANGO_SETTINGS_MODULE": "config.settings.prod",
    "SECRET_KEY": "checked-with-a-key-that-is-long-enough-and-not-used-anywhere-else-0123456789",
    "IDENTITY_KEY": "checked-with-another-key-that-is-not-used-anywhere-else",
    "ALLOWED_HOSTS": "ketnap.example",
    "DATABASE_URL": "postgresql://owner@127.0.0.1/ketnap",
}
"""The environment of a server, for the deployment check: nothing of it is connected to."""


def run(*command: str, quiet: bool = False, env: Mapping[str, str] | None = None) -> bool:
    """Run `command`; print it first, and say whether it did well."""
    if not quiet:
        print(f"$ {' '.join(command)}", flush=True)
    ran = subprocess.run(command, cwd=BASE_DIR, env={**os.environ, **(env or {})}, check=False)
    return ran.returncode == 0


def python(*arguments: str, quiet: bool = False, env: Mapping[str, str] | None = None) -> bool:
    """Run a module or a file under this Python."""
    return run(PYTHON, *arguments, quiet=quiet, env=env)


def tool(name: str, *arguments: str, quiet: bool = False) -> bool:
    """Run a program that a package of the lock brought along."""
    return run(str(Path(PYTHON).with_name(name)), *arguments, quiet=quiet)


def test(arguments: Sequence[str]) -> bool:
    """Run the tests; FAST=1 only what a developer asks after each change, in two minutes."""
    # No more than one process a core and the browser's own; a file's tests stay together.
    chosen = ["-m", "pytest", "-q", "-n", os.environ.get("JOBS") or "auto"]
    chosen += ["--dist", "loadfile", "--no-loadscope-reorder"]
    if os.environ.get("FAST") == "1":
        chosen += ["-m", "not slow and not thorough and not scenario"]
    if not _prepare_for_pages():
        return False
    return python(*chosen, *arguments)


def matrix(arguments: Sequence[str]) -> bool:
    """Ask for every route as everybody, about everybody's things; `make test` asks for a part."""
    chosen = ["-m", "pytest", "-q", "-n", os.environ.get("JOBS") or "auto", "--dist", "load"]
    if not _prepare_for_pages():
        return False
    whole = {"MATRIX": "whole"}
    return python(*chosen, "tests/permissions/test_matrix.py", *arguments, env=whole)


def mutants(arguments: Sequence[str]) -> bool:
    """Take each check of scope away, and see that the matrix or a test notices; docs/mutants.md."""
    chosen = ["-m", "pytest", "-q", "-n", "0", "-p", "tests.permissions.guarded"]
    quick = " and ".join(f"not {mark}" for mark in NOT_OF_MUTANTS)
    by_tests = [*chosen, "-p", "tests.permissions.by_tests"]
    if not _prepare_for_pages():
        return False
    if os.environ.get("MUTANTS_ANEW") == "1":
        (BASE_DIR / "docs" / "mutants.md").unlink(missing_ok=True)
    return (
        python(*by_tests, *ABOUT_CHECKS, *arguments)
        and python(*by_tests, "-m", quick, *(f"tests/{app}" for app in APPS), *arguments)
        and python(*chosen, "tests/permissions/mutants.py", *arguments)
    )


def check(_: Sequence[str]) -> bool:
    """Run every check to its end, then say which failed."""
    templates = [str(path) for path in sorted((BASE_DIR / "templates").rglob("*.html"))]
    modules = [str(path) for pattern in MODULES for path in sorted(BASE_DIR.glob(pattern))]
    checks: dict[str, Callable[[], bool]] = {
        "format": lambda: python("-m", "ruff", "format", "--check", "--quiet", "."),
        "lint": lambda: python("-m", "ruff", "check", "--quiet", "."),
        "templates": lambda: tool(
            "djade", "--target-version", "5.2", "--check", *templates, quiet=True
        ),
        "types": lambda: python("-m", "mypy", *modules, quiet=True),
        "layers": lambda: tool("lint-imports", "--no-cache"),
        "migrations": lambda: python(
            *("-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"), env=BARE
        ),
        "translations": lambda: python("manage.py", "translations", "--check", env=BARE),
        "deployment": lambda: python(
            "manage.py", "check", "--deploy", "--fail-level", "WARNING", env=BARE
        ),
        "security": lambda: python(
            "-m", "bandit", "-q", "-ll", "-r", "-c", "pyproject.toml", *_packages()
        ),
        "hashes": _every_package_has_a_hash,
        "bill of materials": _write_bill_of_materials,
    }
    failed = [name for name, does in checks.items() if not does()]
    print(f"Failed: {', '.join(failed)}" if failed else "All checks are green.")
    return not failed


def _every_package_has_a_hash() -> bool:
    """Say whether each package of both locks is pinned to a version and to hashes."""
    loose = [
        f"{locked}: {pin.split()[0]}"
        for locked in ("requirements.lock", "requirements-dev.lock")
        for pin in pins((BASE_DIR / locked).read_text(encoding="utf-8"))
        if "==" not in pin.split()[0] or "--hash=sha256:" not in pin
    ]
    print("\n".join(f"without a hash: {one}" for one in loose), end="\n" if loose else "")
    return not loose


def pins(lock: str) -> list[str]:
    """Return what a lock pins: name, version, marker and hashes of each package, on one line."""
    whole = lock.replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in whole if line.strip() and not line.startswith("#")]


def _write_bill_of_materials() -> bool:
    """Write what the product is made of as CycloneDX into the data folder; all of it, by hash."""
    bill = data_folder() / "sbom.json"
    bill.parent.mkdir(parents=True, exist_ok=True)
    # Its warnings are of what no lock file says, such as a package's licence.
    arguments = ["requirements", "--output-reproducible", "--of", "JSON", "-o", str(bill)]
    if not tool("cyclonedx-py", *arguments, "requirements.lock", quiet=True):
        return False
    named = {one["name"] for one in json.loads(bill.read_text(encoding="utf-8"))["components"]}
    locked = (BASE_DIR / "requirements.lock").read_text(encoding="utf-8")
    missing = {pin.partition("==")[0].partition("[")[0] for pin in pins(locked)} - named
    print(f"{len(named)} packages in {bill.name}" + (f", missing: {missing}" if missing else ""))
    return not missing


def audit(_: Sequence[str]) -> bool:
    """Ask which locked packages have a known fault; where nobody answers, nothing is known.

    The service is on the internet: no gate, where there is none.
    """
    ran = subprocess.run(
        [
            *(str(Path(PYTHON).with_name("pip-audit")), "--strict", "--disable-pip"),
            *("--require-hashes", "--progress-spinner", "off", "-r", "requirements.lock"),
        ],
        cwd=BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = ran.stdout + ran.stderr
    if ran.returncode and "known vulnerabilit" not in told:
        print("Nobody answered that knows of faults: nothing was looked up.")
        return True
    print(told.strip())
    return ran.returncode == 0


def format_code(_: Sequence[str]) -> bool:
    """Put code and templates into their format, and mend what can be mended safely."""
    templates = [str(path) for path in sorted((BASE_DIR / "templates").rglob("*.html"))]
    python("-m", "ruff", "check", "--fix", "--quiet", ".")
    tool("djade", "--target-version", "5.2", *templates, quiet=True)
    return python("-m", "ruff", "format", ".")


def lock(arguments: Sequence[str]) -> bool:
    """Resolve both lists anew; what is locked stays unless `--upgrade` says otherwise.

    Universal, so that one lock serves every Python from 3.11.0 on; no host is recorded.
    """
    common = ["-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    common += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"]
    common += ["--no-emit-find-links", "--system-certs", *arguments]
    pairs = (
        ("requirements.in", "requirements.lock"),
        ("requirements-dev.in", "requirements-dev.lock"),
    )
    return all(python(*common, source, "-o", locked) for source, locked in pairs)


def wheelhouse(_: Sequence[str]) -> bool:
    """Collect the wheels of this kind of machine into ./wheelhouse; `DEV=1` the developers' too."""
    locks = ["requirements.lock", *(["requirements-dev.lock"] if os.environ.get("DEV") else [])]
    folder = BASE_DIR / (os.environ.get("WHEELHOUSE") or "wheelhouse")
    for locked in locks:
        code, said = run_pip(PYTHON, "download", "-d", str(folder), "-r", str(BASE_DIR / locked))
        if code:
            print("\n".join(said), file=sys.stderr)
            return False
    print(f"{len(list(folder.glob('*.whl')))} wheels in {folder}: make run WHEELHOUSE={folder}")
    return True


def _packages() -> list[str]:
    return ["config", "organizations", "admissions", "targets", "reports", "deploy"]


def _prepare_for_pages() -> bool:
    """Cut the fonts and compile the translations that browser tests look at."""
    from config.embedded import assets  # noqa: PLC0415 - what wheelhouse runs without
    from config.ui import fonts  # noqa: PLC0415

    fonts.build()
    assets.compile_translations()
    return True


COMMANDS: dict[str, Callable[[Sequence[str]], bool]] = {
    "test": test,
    "matrix": matrix,
    "mutants": mutants,
    "check": check,
    "audit": audit,
    "format": format_code,
    "lock": lock,
    "wheelhouse": wheelhouse,
}


def main() -> int:
    """Run the command named first."""
    name, *arguments = sys.argv[1:] or [""]
    if name not in COMMANDS:
        print(f"One of: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        return 0 if COMMANDS[name](arguments) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

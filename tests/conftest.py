"""What every test may use. The database is in tests/database.py, makers are in tests/makers.py."""

import os
import shutil
from typing import Any

import pytest

from tests.database import Copy

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
IN_CI = os.environ.get("CI") == "true"
# Playwright's own loop runs in the test's thread, where Django then takes every query for async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

_skipped: list[str] = []
_asked: dict[str, int] = {}
"""What the permission matrix counted, from all processes (tests/permissions/conftest.py)."""


@pytest.fixture(scope="session")
def django_db_setup(database_copy: Copy) -> None:
    """In the place of pytest-django's own, which would migrate in every process.

    Here and not in tests/database.py: a plugin loaded before pytest-django cannot override it.
    """


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium; as root it has no sandbox of its own."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": arguments}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    _keep_the_first_of_each_sweep(items)
    # Files with long tests go first, so that short ones are left for whichever core is free.
    marks = ("slow", "scenario")
    long = {item.path for item in items if any(map(item.get_closest_marker, marks))}
    items.sort(key=lambda item: item.path not in long)
    if CHROMIUM is None:
        missing = pytest.mark.skip(reason="no Chromium on this machine: apt install chromium")
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(missing)


def _keep_the_first_of_each_sweep(items: list[pytest.Item]) -> None:
    """Let FAST=1 ask for one value alone where a test asks for many: the first."""
    begun: set[str] = set()
    for item in items:
        if item.get_closest_marker("sweep"):
            name = item.nodeid.partition("[")[0]
            if name in begun:
                item.add_marker(pytest.mark.thorough)
            begun.add(name)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)
    if report.when == "teardown":
        for name, number in report.user_properties:
            _asked[name] = _asked.get(name, 0) + number


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: nobody would see that it no longer runs."""
    if IN_CI and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if IN_CI and _skipped:
        names = ", ".join(_skipped)
        terminalreporter.write_line(f"In CI no test may be skipped: {names}", red=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End with what the permission matrix counted, once: the processes of xdist tell the first."""
    if _asked.get("requests") and not hasattr(config, "workerinput"):
        names = ("requests", "failures", "unlisted_routes")
        told = " ".join(f"{name}={_asked.get(name, 0)}" for name in names)
        config.get_terminal_writer().line(told)

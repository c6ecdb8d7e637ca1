"""Each scenario in a database of its own, loaded once for all processes of the tests."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from config import database
from config.environment import BASE_DIR
from tests.database import Copy

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
"""What tells the databases of this run from those that an earlier one left."""


@dataclass
class Demonstration:
    """A loaded scenario, asked through the commands and pages' selectors by other processes."""

    environment: dict[str, str]
    asked: dict[tuple[str, ...], Any] = field(default_factory=dict)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a management command on the scenario's database."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def figures(self, organization: str, year: int) -> dict[str, Any]:
        """Return what `manage.py figures` prints."""
        return self._ask(
            "manage.py", "figures", "--organization", organization, "--year", str(year), "--json"
        )

    def overview(self, organization: str, year: int) -> dict[str, Any]:
        """Return what the leader's dashboard shows beside the figures."""
        code = f"from tests.scenarios.overview import show; show({organization!r}, {year})"
        return self._ask("manage.py", "shell", "--no-imports", "-c", code)

    def _ask(self, *arguments: str) -> dict[str, Any]:
        if arguments not in self.asked:
            answered = subprocess.run(
                [sys.executable, *arguments],
                cwd=BASE_DIR,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert answered.returncode == 0, answered.stderr
            self.asked[arguments] = json.loads(answered.stdout)
        return self.asked[arguments]


Load = Callable[[str], Demonstration]


@pytest.fixture(scope="session")
def load(database_copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Return the function that loads a scenario by the commands that `make run` uses."""

    @lru_cache
    def loaded(scenario: str) -> Demonstration:
        name = f"{database_copy.template}_{scenario.replace('-', '_')}"
        folder = tmp_path_factory.mktemp("demonstration")
        demonstration = Demonstration(_environment(name, folder))
        with psycopg.connect(database_copy.server, autocommit=True) as server:
            server.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
            made = server.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
                [name],
            ).fetchone()
            if not (made and made[0] == RUN):
                _make(server, name, template=database_copy.template)
                for command in (("migrate", "-v", "0"), ("load_scenario", scenario)):
                    done = demonstration.run(*command)
                    assert done.returncode == 0, done.stderr
                mark = sql.SQL("COMMENT ON DATABASE {} IS {}")
                server.execute(mark.format(sql.Identifier(name), sql.Literal(RUN)))
        return demonstration

    return loaded


def _environment(name: str, folder: Path) -> dict[str, str]:
    outer = {
        key: value
        for key, value in os.environ.items()
        if key not in {"DEMO_PASSWORD", "SCENARIO", "APP_DATABASE_URL"}
        and not key.startswith(("PYTEST_", "DJANGO_"))
    }
    return {
        **outer,
        "APP_VAR": str(folder),
        "DATABASE_URL": database.named(database.owner_url(), name),
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }


def _make(server: psycopg.Connection, name: str, *, template: str) -> None:
    identifier = sql.Identifier(name)
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
    server.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(identifier, sql.Identifier(template))
    )


@pytest.fixture
def default(load: Load) -> Demonstration:
    return load("than-quang-ninh-2021")


@pytest.fixture
def than_quang_ninh_2019(load: Load) -> Demonstration:
    return load("than-quang-ninh-2019")


@pytest.fixture
def hai_duong(load: Load) -> Demonstration:
    return load("hai-duong-2023")


@pytest.fixture
def ninh_thuan(load: Load) -> Demonstration:
    return load("ninh-thuan-2024")


@pytest.fixture
def tam_duong(load: Load) -> Demonstration:
    return load("tam-duong-2023")

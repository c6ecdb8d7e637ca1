"""docker-compose.yml, without any engine: its form by the specification, its commands by hand."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import crossplane
import psycopg
import pytest
import yaml
from compose_spec import PyCompose

from config import database
from config.embedded import broker
from config.environment import BASE_DIR

TEXT = (BASE_DIR / "docker-compose.yml").read_text()
SERVICES = ("beat", "migrate", "nginx", "postgres", "valkey", "web", "worker")
BIN = Path(sys.executable).parent


def parsed(text: str) -> PyCompose:
    """Read the file as compose does: defaults filled in, YAML's merge keys merged."""
    filled = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    return PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(filled)))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(TEXT)


def test_the_file_is_what_the_compose_specification_says():
    # The parser implements the specification and refuses whatever is not in it, as below.
    assert sorted(parsed(TEXT).service_names()) == sorted(SERVICES)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("restart: unless-stopped", "restarts: unless-stopped"),
        ("condition: service_healthy", "condition: healthy"),
        ("interval: 5s", "interval: five"),
        ("internal: true", "internal: perhaps"),
        ('"${HTTP_PORT:-80}:8080"', '"80:eighty"'),
    ],
)
def test_a_slip_in_the_file_would_be_found(written, instead):
    assert written in TEXT

    with pytest.raises(ValueError, match=r"."):
        parsed(TEXT.replace(written, instead))


def test_what_a_service_names_is_declared(compose):
    for name, service in compose["services"].items():
        assert set(service.get("networks", [])) <= set(compose["networks"]), name
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        assert set(service.get("depends_on", {})) <= set(compose["services"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in compose["volumes"], name
        given = service.get("environment", {})
        files = {value for key, value in given.items() if key.endswith("_FILE")}
        assert files <= {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}, name


def test_only_nginx_can_be_reached_and_only_migrate_knows_the_owner(compose):
    services = compose["services"]
    owners = {
        name
        for name, service in services.items()
        if {"database_url", "owner_password"} & set(service.get("secrets", []))
    }

    assert {name for name, service in services.items() if "ports" in service} == {"nginx"}
    assert {name for name in services if "outside" in services[name]["networks"]} == {"nginx"}
    assert owners == {"migrate", "postgres"}
    assert not re.search(r"(?i)(password|secret_key|identity_key) *: *[^\s$/]", TEXT)


def test_every_service_that_stays_up_is_watched(compose):
    watched = {name for name, service in compose["services"].items() if "healthcheck" in service}

    # Beat answers no question; what it should have done is seen in the age of the figures.
    assert watched == set(SERVICES) - {"migrate", "beat"}


def test_the_secrets_are_made_once_and_fit_together(tmp_path, compose):
    shutil.copy(BASE_DIR / "deploy" / "make-secrets.sh", tmp_path)
    script = ["sh", str(tmp_path / "make-secrets.sh")]
    subprocess.run(script, check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    subprocess.run(script, check=True, capture_output=True)
    again = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    assert set(made) == set(compose["secrets"])
    assert again == made
    assert made["owner_password"] in made["database_url"]
    assert made["app_password"] in made["app_database_url"]


def test_nginx_s_file_is_well_formed_and_tells_the_client_s_address_itself():
    parsed = crossplane.parse(
        str(BASE_DIR / "deploy" / "nginx.conf"), single=True, strict=True, catch_errors=True
    )

    assert (parsed["status"], parsed["errors"]) == ("ok", [])
    headers = dict(_directives(parsed["config"][0]["parsed"], "proxy_set_header"))
    assert headers["X-Real-IP"] == "$remote_addr"
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert headers["X-Forwarded-Proto"] == "$scheme"


def _directives(block: list[dict[str, Any]], name: str) -> Iterator[list[str]]:
    for directive in block:
        if directive["directive"] == name:
            yield directive["args"]
        yield from _directives(directive.get("block", []), name)


def test_the_image_holds_what_the_commands_need():
    dockerfile = (BASE_DIR / "Dockerfile").read_text()
    ignored = (BASE_DIR / ".dockerignore").read_text().splitlines()

    assert "USER ketnap" in dockerfile
    assert "--require-hashes" in dockerfile
    assert "python -m config.embedded.assets" in dockerfile
    for needed in ("config", "templates", "static", "locale", "deploy", "manage.py"):
        assert f"!{needed}" in ignored
    assert "deploy/secrets" in ignored


@pytest.fixture
def server(database_copy: Any) -> Iterator[str]:
    """An empty database beside the tests', by its owner's address."""
    name = f"{database_copy.name}_compose"
    owner = database.owner_url()
    with psycopg.connect(database_copy.server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        yield database.named(owner, name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        connection.execute(f'DROP ROLE IF EXISTS "{database.app_role(name)}"')
        connection.execute(f'DROP ROLE IF EXISTS "{database.system_role(database.app_role(name))}"')


@pytest.mark.slow
def test_every_command_runs_by_hand(compose, server, tmp_path, monkeypatch):
    """As in the containers: same commands, same variables, secrets by file, another place."""
    secrets, var = tmp_path / "secrets", tmp_path / "data"
    for folder in (secrets, var, var / "beat", var / "broker"):
        folder.mkdir()
    monkeypatch.setenv("DATABASE_URL", server)
    monkeypatch.setenv("APP_DATABASE_PASSWORD", "p")
    (secrets / "database_url").write_text(server)
    (secrets / "app_database_url").write_text(database.app_url())
    (secrets / "app_password").write_text("p")
    (secrets / "secret_key").write_text("k" * 60)
    (secrets / "identity_key").write_text("i" * 60)
    socket = tmp_path / "b"
    port = _free_port()

    def here(text: str) -> str:
        for written, instead in (
            ("/run/secrets", str(secrets)),
            ("/data/", f"{var}/"),
            ("0.0.0.0:8000", f"127.0.0.1:{port}"),
            ("127.0.0.1:8000", f"127.0.0.1:{port}"),
            ("redis://valkey:6379/0", f"redis+socket://{socket}"),
            ("$$HOSTNAME", "here"),
        ):
            text = text.replace(written, instead)
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
        return re.sub(r"\$\{ALLOWED_HOSTS:\?[^}]*\}", "ketnap.example", text)

    def env(name: str) -> dict[str, str]:
        given = {key: here(text) for key, text in compose["services"][name]["environment"].items()}
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "APP_VAR": str(var), "STATIC_ROOT": str(var / "static"), **given}

    def command(name: str, kind: str = "command") -> list[str]:
        service = compose["services"][name]
        words = service["command"] if kind == "command" else service["healthcheck"]["test"][1:]
        words = [here(word) for word in words]
        return ["sh", "-c", *words] if service.get("healthcheck", {}).get("test", [""])[0] == (
            "CMD-SHELL") and kind != "command" else words  # fmt: skip

    collected = {**env("migrate"), "DJANGO_SETTINGS_MODULE": "config.settings.prod"}
    for arguments in (
        ["python", "manage.py", "collectstatic", "-v0", "--noinput"],
        command("migrate"),
    ):
        ran = subprocess.run(arguments, cwd=BASE_DIR, env=collected, text=True, capture_output=True)
        assert ran.returncode == 0, ran.stderr

    valkey = [str(broker.binary()), *command("valkey")[1:], "--port", "0"]
    with (
        _running([*valkey, "--unixsocket", str(socket)], cwd=var / "broker", env={}),
        _running(command("web"), cwd=BASE_DIR, env=env("web")) as web,
        _running(
            [*command("worker"), "-n", "celery@here"], cwd=BASE_DIR, env=env("worker")
        ) as worker,
        _running(command("beat"), cwd=BASE_DIR, env=env("beat")) as beat,
    ):
        for name in ("web", "worker"):
            deadline = time.monotonic() + 60
            while not _well(command(name, "healthcheck"), env(name)):
                assert time.monotonic() < deadline, f"{name} is not well"
                time.sleep(0.5)
        assert [one.poll() for one in (web, worker, beat)] == [None, None, None]


def _well(command: list[str], env: dict[str, str]) -> bool:
    ran = subprocess.run(command, cwd=BASE_DIR, env=env, capture_output=True, check=False)
    return ran.returncode == 0


@contextmanager
def _running(
    command: list[str], *, cwd: Path, env: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which(command[0], path=env.get("PATH")) or command[0]
    process = subprocess.Popen(
        [program, *command[1:]], cwd=cwd, env=env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    import socket  # noqa: PLC0415 - the name is also a path above

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

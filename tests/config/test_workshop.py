"""What a developer's commands look at."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from config import workshop


def test_a_lock_is_read_as_one_line_for_each_package() -> None:
    lock = "# made\nCelery==5 \\\n    --hash=sha256:12\nDjango==5 \\\n    --hash=sha256:34\n"

    assert workshop.pins(lock) == ["Celery==5 --hash=sha256:12", "Django==5 --hash=sha256:34"]


def test_a_package_without_a_hash_or_a_version_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(workshop, "BASE_DIR", tmp_path)
    (tmp_path / "requirements.lock").write_text("celery==5\ndjango>=5 --hash=sha256:34\n")
    (tmp_path / "requirements-dev.lock").write_text("ruff==1 --hash=sha256:56\n")

    assert not workshop._every_package_has_a_hash()
    told = capsys.readouterr().out
    assert "celery==5" in told
    assert "django>=5" in told
    assert "ruff" not in told


@pytest.mark.parametrize(
    ("code", "said", "is_well"),
    [
        (0, "No known vulnerabilities found", True),
        (1, "Found 2 known vulnerabilities in 1 package", False),
        (1, "ERROR: amqp: Dependency not found on PyPI and could not be audited", True),
        (1, "ConnectionError: nobody answers", True),
    ],
)
def test_only_a_known_fault_is_one(
    monkeypatch: pytest.MonkeyPatch, code: int, said: str, is_well: bool
) -> None:
    def ran(*_command: Any, **_more: Any) -> Any:
        return subprocess.CompletedProcess([], code, said, "")

    monkeypatch.setattr(subprocess, "run", ran)

    assert workshop.audit([]) is is_well

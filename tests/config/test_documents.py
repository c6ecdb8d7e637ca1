"""What the documents name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`((?:[a-z_]+/)*test_\w+\.py)::(test_\w+)`")


@pytest.mark.parametrize(("document", "folder"), [("docs/process.md", "tests/admissions")])
def test_every_test_that_a_document_names_exists(document: str, folder: str) -> None:
    named = NAMED.findall((ROOT / document).read_text())

    assert named
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (path := ROOT / folder / file).exists() or f"def {test}(" not in path.read_text()
    ]
    assert missing == []

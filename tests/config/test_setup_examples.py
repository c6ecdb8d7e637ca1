"""The examples in docstrings are true."""

import doctest
import importlib

import pytest

from config.environment import BASE_DIR

PLACES = (
    "config/*.py",
    "config/ui/*.py",
    "*/rules.py",
    "*/sharing.py",
    "*/stages.py",
    "*/names.py",
    "*/plan.py",
    "*/calendar.py",
    "*/forecast.py",
    "*/headlines.py",
)
MODULES = sorted(
    ".".join(path.relative_to(BASE_DIR).with_suffix("").parts)
    for place in PLACES
    for path in BASE_DIR.glob(place)
    if ">>>" in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_module_are_true(name):
    tried = doctest.testmod(importlib.import_module(name))

    assert (tried.failed, tried.attempted > 0) == (0, True)

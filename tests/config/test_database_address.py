"""The address of the database: what is none is said, and never repeated."""

import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import database
from config.commands import one_line_for


@pytest.mark.parametrize("address", ["nonsense", "mysql://owner:secret@here/kn", "://", "//here"])
def test_what_is_no_address_of_postgresql_is_refused_in_one_line(address: str) -> None:
    with pytest.raises(ImproperlyConfigured) as failure:
        database.settings(address, statement_timeout="0")

    line = one_line_for(failure.value)
    assert line is not None
    assert "postgresql://" in line
    assert "secret" not in line


def test_an_address_of_postgresql_is_taken_with_its_socket_or_host() -> None:
    by_host = database.settings("postgresql://owner@127.0.0.1:5432/kn", statement_timeout="0")
    by_socket = database.settings(
        "postgres://owner@/kn?host=/run/postgresql", statement_timeout="0"
    )

    assert (by_host["NAME"], by_socket["NAME"]) == ("kn", "kn")


def test_who_serves_pages_reads_as_asked_and_what_it_starts_reads_all() -> None:
    says = "from config.database import acts_as; print([acts_as()])"
    serves = f"import subprocess, sys, config.wsgi; {says}; " + (
        f"print(subprocess.check_output([sys.executable, '-c', {says!r}], text=True))"
    )

    told = subprocess.check_output([sys.executable, "-c", serves], text=True, cwd=settings.BASE_DIR)

    page, started = told.split()
    assert page == "['']"
    assert started.endswith("_system']")

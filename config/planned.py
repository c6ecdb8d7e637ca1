"""Statements that are planned once for each session: those that take longer to plan than to run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
"""The names of the statements that each session has a plan for."""


class Planned:
    """A statement asked many times, with other values each time.

    `text` has a place %(name)s for each value. Those of `constants`, {name: value}, are the same
    each time and stand in the statement, where the planner can see them; `types` tells of all
    others of which type of the database they are: {name: "bigint[]"}.
    """

    def __init__(
        self, text: str, *, types: Mapping[str, str], constants: Mapping[str, Any] | None = None
    ) -> None:
        self.text = text
        self.types = dict(types)
        self.constants = dict(constants or {})

    @cached_property
    def name(self) -> str:
        whole = repr((self.text, self.types, self.constants))
        return f"planned_{hashlib.sha256(whole.encode()).hexdigest()[:24]}"

    def execute(self, cursor: Any, values: Mapping[str, Any]) -> None:
        """Ask it on `cursor`, Django's, with `values` for the names of `types`: one query."""
        if not self.types or connection.settings_dict["OPTIONS"].get("server_side_binding"):
            # With parameters sent by themselves, the driver keeps plans of its own.
            cursor.execute(self.text, {**self.constants, **values})
            return
        self._let_it_be_known()
        places = ", ".join(f"%s::{one}" for one in self.types.values())
        cursor.execute(f"EXECUTE {self.name} ({places})", [values[name] for name in self.types])

    def _let_it_be_known(self) -> None:
        """Let the present session have a plan of the statement, until it ends.

        Nothing else prepares statements on a session that binds parameters here, so that no driver
        throws this one away meanwhile. A pooler that gives each transaction another session is not
        supported; the product's locks are a session's, too.
        """
        session = connection.connection
        known = _known.setdefault(session, set())
        if self.name in known:
            return
        number = {name: place for place, name in enumerate(self.types, start=1)}
        text = re.sub(
            r"%\((\w+)\)s",
            lambda found: f"${number[found[1]]}" if found[1] in number else found[0],
            self.text,
        )
        session.execute(
            f"PREPARE {self.name} ({', '.join(self.types.values())}) AS {text}", self.constants
        )
        known.add(self.name)

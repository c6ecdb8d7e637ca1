"""Migrating in a tenth of the time: models are rendered once for a run of operations.

Django renders every model that is related to a changed one anew after each operation, and here
nearly all are related: 570 times 35 models took most of a first start. In a run of operations
that only add, each one's SQL is the same whether the models are seen before or after the others;
likewise in a run that only takes away. Django also renders all models of the state before each
operation, though few operations look at it: here they are rendered when one does.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    CreateModel,
    RemoveConstraint,
    RemoveIndex,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger

from config.rows import unprotect

# Never in one run: a table made with a field, and the operation that adds the field to it.
TOGETHER: dict[type[Operation], str] = {
    CreateModel: "tables",
    AddField: "additions",
    AddConstraint: "additions",
    AddIndex: "additions",
    AddTrigger: "additions",
    RemoveConstraint: "removals",
    RemoveIndex: "removals",
    RemoveTrigger: "removals",
}


class Run(Operation):
    """Operations of one migration that only add, or only remove, in their order."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        # Without rendered models nothing is rendered anew; the first that asks renders them all.
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)


def in_runs(operations: Sequence[Operation]) -> list[Operation]:
    """Return `operations` in their order, those that go together as one `Run`."""
    # Exactly these classes: one that inherits may do more than its parent does.
    grouped = groupby(operations, key=lambda one: TOGETHER.get(type(one), ""))
    found: list[Operation] = []
    for kind, members in grouped:
        together = list(members)
        found += [Run(together)] if kind and len(together) > 1 else together
    return found


class State(ProjectState):
    """Django's, whose copies have no models rendered until one is asked for."""

    def clone(self) -> ProjectState:
        """Return a copy of the state as it is now."""
        rendered = self.__dict__.pop("apps", None)
        copied = super().clone()
        if rendered is not None:
            self.__dict__["apps"] = rendered
        return copied


class Executor(MigrationExecutor):
    """Django's, which takes each migration in runs, and the policies of rows out of their way.

    The command `migrate` puts them back (config/rows.py); where it fails, pages show no names.
    """

    def migrate(
        self, targets: Any, plan: Sequence[Any] | None = None, *args: Any, **kwargs: Any
    ) -> ProjectState:
        """Migrate as Django does; see there."""
        if plan or plan is None:
            unprotect()
        return super().migrate(targets, plan, *args, **kwargs)

    def apply_migration(
        self,
        state: ProjectState,
        migration: Migration,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:
        """Apply `migration`; what it is recorded and announced as stays its own."""
        if not isinstance(state, State):
            state = State(models=state.models, real_apps=state.real_apps)
        if not fake and not fake_initial:
            migration = copy.copy(migration)
            vars(migration)["operations"] = in_runs(migration.operations)
        return super().apply_migration(state, migration, fake, fake_initial)

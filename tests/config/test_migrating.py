"""Operations that only add are taken together; the others, and their order, stay."""

from __future__ import annotations

import pytest
from django.db import connection, models
from django.db.migrations import AddConstraint, AddField, AddIndex, CreateModel, Migration
from django.db.migrations.operations import AlterField, RemoveConstraint, RemoveIndex, RunSQL
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from config.migrating import Executor, Run, State, in_runs
from tests.database import OwnerRole

TABLE = CreateModel("Kite", [("id", models.AutoField(primary_key=True))])
OTHER = CreateModel("Reel", [("id", models.AutoField(primary_key=True))])
COLOUR = AddField("kite", "colour", models.CharField(max_length=20, default="red"))
REEL = AddField("kite", "reel", models.ForeignKey("wind.Reel", models.PROTECT, null=True))
SOME_COLOUR = AddConstraint(
    "kite", models.CheckConstraint(name="kite_has_a_colour", condition=~models.Q(colour=""))
)
BY_COLOUR = AddIndex("kite", models.Index(fields=["colour"], name="kite_by_colour"))
LONGER = AlterField("kite", "colour", models.CharField(max_length=40, default="red"))
STATEMENT = RunSQL("SELECT 1", "SELECT 1")


def shape(operations: list[Operation]) -> list[object]:
    return [one.operations if isinstance(one, Run) else one for one in operations]


def test_a_table_is_made_before_anything_is_added_to_it_and_not_together_with_it() -> None:
    assert shape(in_runs([TABLE, OTHER, COLOUR, SOME_COLOUR, BY_COLOUR])) == [
        [TABLE, OTHER],
        [COLOUR, SOME_COLOUR, BY_COLOUR],
    ]


def test_what_changes_or_runs_something_stands_alone_in_its_place() -> None:
    assert shape(in_runs([TABLE, COLOUR, LONGER, BY_COLOUR, REEL, STATEMENT, OTHER])) == [
        TABLE,
        COLOUR,
        LONGER,
        [BY_COLOUR, REEL],
        STATEMENT,
        OTHER,
    ]


def test_what_is_taken_away_is_taken_away_together() -> None:
    without = [
        RemoveConstraint("kite", "kite_has_a_colour"),
        RemoveIndex("kite", "kite_by_colour"),
    ]
    assert shape(in_runs([LONGER, *without, SOME_COLOUR])) == [LONGER, without, SOME_COLOUR]


def test_a_copy_of_a_state_renders_its_models_only_when_they_are_asked_for() -> None:
    state = State()
    TABLE.state_forwards("wind", state)
    assert state.apps.get_model("wind", "kite")._meta.db_table == "wind_kite"

    copied = state.clone()

    assert ("apps" in vars(state), "apps" in vars(copied)) == (True, False)
    assert copied.apps.get_model("wind", "kite") is not state.apps.get_model("wind", "kite")


@pytest.mark.django_db
def test_the_tables_come_out_as_the_operations_say(owner_role: OwnerRole) -> None:
    class Fly(Migration):
        operations = [TABLE, OTHER, COLOUR, REEL, SOME_COLOUR, LONGER, BY_COLOUR]

    with owner_role() as cursor:
        state = Executor(connection).apply_migration(ProjectState(), Fly("first", "wind"))
        constraints = connection.introspection.get_constraints(cursor, "wind_kite")
        columns = connection.introspection.get_table_description(cursor, "wind_kite")

    assert [(one.name, one.display_size) for one in columns] == [
        ("id", 4),
        ("colour", 40),
        ("reel_id", 4),
    ]
    assert {"kite_has_a_colour", "kite_by_colour"} < set(constraints)
    assert [one["foreign_key"] for one in constraints.values() if one["foreign_key"]] == [
        ("wind_reel", "id")
    ]
    assert [one.name for one in state.models["wind", "kite"].options["indexes"]] == [
        "kite_by_colour"
    ]
    assert [type(one) for one in Fly.operations] == [
        CreateModel, CreateModel, AddField, AddField, AddConstraint, AlterField, AddIndex,
    ]  # fmt: skip

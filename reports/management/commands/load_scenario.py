"""`load_scenario NAME`: make an empty database one of the demonstrations."""

import os
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config.errors import DomainError
from reports.scenarios import DEFAULT, SCENARIOS, plan_of
from reports.scenarios.loading import load
from reports.scenarios.sign_in import demonstration_password


class Command(BaseCommand):
    help = "Load a demonstration scenario into an empty database of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenario", nargs="?", default=DEFAULT, help=", ".join(SCENARIOS))

    def handle(self, *, scenario: str, **options: Any) -> None:
        if scenario not in SCENARIOS:
            raise CommandError(
                f"There is no scenario “{scenario}”; there are: {', '.join(SCENARIOS)}."
            )
        began = time.monotonic()
        plan = plan_of(scenario)
        _prepare_statements()
        try:
            load(plan, password=demonstration_password(os.environ))
        except DomainError as refusal:
            raise CommandError(str(refusal)) from None
        if options["verbosity"]:
            self.stdout.write(
                f"{plan.title}: {len(plan.units)} organisations, {len(plan.members)} members,"
                f" {len(plan.files)} files in {time.monotonic() - began:.1f} s."
            )


def _prepare_statements() -> None:
    """Let the server keep its plans: a load asks the same few questions thousands of times."""
    if connection.in_atomic_block:
        return  # within another's transaction, the connection is not ours to make anew
    connection.close()
    connection.settings_dict["OPTIONS"].update(server_side_binding=True, prepare_threshold=3)

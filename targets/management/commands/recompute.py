"""`manage.py recompute`: the nightly job in the foreground."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from config import clock
from config.commands import one_line_for
from targets import selectors
from targets.operations import attainment

from .figures import year_from


class Command(BaseCommand):
    help = "Compute a year's attainment anew, for every organisation, in both lenses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--year", required=True, metavar="Y")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        year = year_from(options["year"])
        began = monotonic()
        try:
            if not selectors.has_data(year):
                raise CommandError(
                    f"Nothing is known of {year}: no opening members, target or admission."
                )
            job = attainment.recompute(year, on=clock.today())
        except Exception as failure:
            if line := one_line_for(failure):
                raise CommandError(line) from failure
            raise
        milliseconds = round((monotonic() - began) * 1000)
        self.stdout.write(
            f"Recomputed {year} in {milliseconds} ms: {job.total} figures"
            f" (organisations × 2 lenses), {job.changed} changed."
        )

"""`manage.py recompute`: the nightly job in the foreground."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from config import clock
from config.commands import one_line_for
from organizations.models import Placement
from targets import selectors
from targets.operations import attainment

from .figures import year_from


class Command(BaseCommand):
    help = "Compute a year's attainment anew, for every organisation, in both lenses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--year", required=True, metavar="Y")
        parser.add_argument(
            "--in-parts",
            action="store_true",
            help="sum the facts beneath each organisation under the top by itself (slower here)",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        year = year_from(options["year"])
        began = monotonic()
        try:
            if not selectors.has_data(year):
                raise CommandError(
                    f"Nothing is known of {year}: no opening members, target or admission."
                )
            cut = _under_the_top() if options["in_parts"] else ()
            job = attainment.recompute(year, on=clock.today(), cut=cut)
        except Exception as failure:
            if line := one_line_for(failure):
                raise CommandError(line) from failure
            raise
        milliseconds = round((monotonic() - began) * 1000)
        self.stdout.write(
            f"Recomputed {year} in {milliseconds} ms: {job.total} figures"
            f" (organisations × 2 lenses), {job.changed} changed."
        )


def _under_the_top() -> list[int]:
    placed = Placement.objects.filter(period__contains=clock.today())
    top = placed.filter(parent=None).values("organization")
    return list(placed.filter(parent__in=top).values_list("organization_id", flat=True))

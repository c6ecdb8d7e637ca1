"""`manage.py figures`: the figures of an organisation and of those directly beneath it."""

import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from config import clock
from config.commands import one_line_for
from organizations.models import Organization
from targets import selectors
from targets.models import Attainment
from targets.selectors import Figures


class Command(BaseCommand):
    help = "Print opening members, target, admitted and rank of an organisation and its children."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--year", required=True, metavar="Y")
        parser.add_argument(
            "--lens",
            choices=Attainment.Lens.values,
            default=Attainment.Lens.THEN.value,
            help="then: the structure on each fact's day; now: today's",
        )
        parser.add_argument("--on", metavar="YYYY-MM-DD", help="default: the clock's day")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        year = year_from(options["year"])
        on = day_from(options["on"]) if options["on"] else None
        try:
            with clock.held() as now:
                found = self._found(options["organization"], year, options["lens"], on, now.date())
        except Exception as failure:
            if line := one_line_for(failure):
                raise CommandError(line) from failure
            raise
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), ensure_ascii=False))
            return
        self._print(found.organization)
        for child in found.children:
            self._print(child, indent="  ")

    def _found(
        self, slug: str, year: int, lens: str, on: date | None, today: date
    ) -> selectors.FiguresOfSubtree:
        organization = Organization.objects.filter(slug=slug).first()
        if organization is None:
            raise CommandError(f"There is no organisation with the address “{slug}”.")
        return selectors.figures(organization, year=year, lens=lens, on=on or today, today=today)

    def _print(self, figures: Figures, indent: str = "") -> None:
        target = _written(figures.target_low)
        if figures.target_high != figures.target_low:
            target += f"–{figures.target_high}"
        self.stdout.write(
            f"{indent}{figures.rank:>3}. {figures.name}: {figures.admitted} of {target}"
            f" ({_written(figures.percent_of_target)} %), {_written(figures.opening_members)}"
            f" members on 1 January ({_written(figures.percent_of_opening)} %)"
        )


def _written(value: object | None) -> str:
    return "–" if value is None else str(value)


def year_from(text: str | int) -> int:
    """Return the year in `text`; raises CommandError where it is none."""
    try:
        year = int(text)
    except ValueError:
        year = 0
    if not 1900 <= year <= 9998:
        raise CommandError(f"“{text}” is not a year.")
    return year


def day_from(text: str) -> date:
    """Return the day in `text`, YYYY-MM-DD; raises CommandError where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is not a day; write it as 2021-05-28.") from None

"""`manage.py verify_ancestry`: does the ancestry say what the placements say?"""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from config.commands import one_line_for
from organizations.operations import ancestry


class Command(BaseCommand):
    help = "Derive the ancestry anew from the placements and compare; exit 1 where they differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = ancestry.verify()
        except Exception as failure:
            if line := one_line_for(failure):
                raise CommandError(line) from failure
            raise
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), ensure_ascii=False))
        else:
            self.stdout.write(f"{found.lines} lines of ancestry")
            for name, number in found.differences.items():
                self.stdout.write(f"{number} {name}")
            for line in found.first:
                self.stdout.write(line)
        if not found.is_right:
            sys.exit(1)

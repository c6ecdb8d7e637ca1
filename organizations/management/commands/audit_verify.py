"""`manage.py audit_verify`: has anything of the audit been changed, cut off or made anew?"""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from config.commands import one_line_for
from organizations.operations import audit


class Command(BaseCommand):
    help = "Verify the audit's chain, seals and anchors; each fault on a line, exit code 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mark",
            action="append",
            default=[],
            metavar="HEX",
            help="the mark at the foot of a printed paper, which some link must have",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        began = monotonic()
        try:
            found = audit.verify(marks=options["mark"])
        except Exception as failure:
            if line := one_line_for(failure):
                raise CommandError(line) from failure
            raise
        for fault in found.faults:
            self.stderr.write(fault)
        took = f"{found.links} events and {found.anchors} anchors in {monotonic() - began:.1f} s"
        if found.faults:
            raise CommandError(f"{len(found.faults)} faults; {took}.")
        self.stdout.write(f"The audit is whole: {took}.")

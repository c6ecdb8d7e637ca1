"""`manage.py audit_anchor`: the hourly job in the foreground."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from config.commands import one_line_for
from organizations.operations import audit


class Command(BaseCommand):
    help = "Write the last hash of the audit, signed, into the anchors' folder."

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            line = audit.anchor()
        except Exception as failure:
            if said := one_line_for(failure):
                raise CommandError(said) from failure
            raise
        if line is None:
            self.stdout.write(f"Nothing new since the last line of {audit.anchor_file()}.")
        else:
            self.stdout.write(f"Link {line['seq']} is anchored in {audit.anchor_file()}.")

"""`manage.py retention`: which closed files have been kept long enough."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db import transaction

from admissions.models import Erasure
from admissions.operations.erasures import ask_erasure, kept_too_long
from config import clock
from config.commands import one_line_for
from organizations.models import User


class Command(BaseCommand):
    help = (
        "List the closed files without an admission whose time is over, by their numbers; with"
        " --ask --by ACCOUNT ask for their erasure, which an approver answers on a page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--on", metavar="YYYY-MM-DD", help="default: the clock's day")
        parser.add_argument("--ask", action="store_true", help="ask for each erasure")
        parser.add_argument("--by", metavar="ACCOUNT", help="who asks: secretary or staff over all")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            today = clock.today()
            on = date.fromisoformat(options["on"]) if options["on"] else today
        except ValueError as wrong:
            raise CommandError(f"{options['on']} is no day such as 2026-11-22.") from wrong
        try:
            files = list(kept_too_long(on=on).select_related("cell"))
            for file in files:
                self.stdout.write(f"{file.number} closed {file.closed_on}")
            self.stdout.write(
                f"{len(files)} files closed {settings.RETENTION_CLOSED_MONTHS} months or longer"
            )
            if options["ask"]:
                asked = self._ask(files, options["by"], today)
                self.stdout.write(f"{asked} erasures asked for; an approver answers each")
        except Exception as failure:
            if line := one_line_for(failure):
                raise CommandError(line) from failure
            raise

    @transaction.atomic
    def _ask(self, files: list[Any], name: str | None, today: date) -> int:
        by = User.objects.filter(username=name or "").first()
        if by is None:
            raise CommandError("Say with --by which account asks.")
        reason = f"{settings.RETENTION_CLOSED_MONTHS} tháng từ ngày đóng hồ sơ"
        for file in files:
            ask_erasure(file, by=by, on=today, ground=Erasure.Ground.RETENTION, reason=reason)
        return len(files)

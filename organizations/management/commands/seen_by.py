"""`manage.py seen_by`: whose data one account saw between two instants, after an incident."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils.translation import gettext_noop

from config.clock import HERE
from config.commands import one_line_for
from organizations.models import AccessEvent, AuditEvent, User
from organizations.models.audit import kind_of, reference_of


class Command(BaseCommand):
    help = "Print as JSON lines what an account opened: when, which page, which record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True, metavar="NAME")
        parser.add_argument("--since", required=True, metavar="YYYY-MM-DDTHH:MM")
        parser.add_argument("--until", required=True, metavar="YYYY-MM-DDTHH:MM")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        since, until = (_instant(options[name]) for name in ("since", "until"))
        try:
            user = User.objects.filter(username=options["account"]).first()
            if user is None:
                raise CommandError("There is no such account.")
            AuditEvent.objects.create(
                kind=AuditEvent.Kind.READ,
                action="seen_by",
                words=gettext_noop("Looked up what an account saw"),
                object=kind_of(user),
                reference=reference_of(user),
            )
            read = {
                AccessEvent: AccessEvent.objects.all(),
                AuditEvent: AuditEvent.objects.filter(kind=AuditEvent.Kind.READ),
            }
            for events in read.values():
                within = events.filter(actor=user, entered_at__gte=since, entered_at__lt=until)
                for event in within.order_by("pk").iterator():
                    self.stdout.write(
                        json.dumps(
                            {
                                "at": event.entered_at.astimezone(HERE).isoformat(),
                                "page": event.action,
                                "object": event.object,
                                "reference": event.reference,
                                "address": event.address,
                            }
                        )
                    )
        except Exception as failure:
            if line := one_line_for(failure):
                raise CommandError(line) from failure
            raise


def _instant(given: str) -> datetime:
    try:
        found = datetime.fromisoformat(given)
    except ValueError as wrong:
        raise CommandError(f"{given} is no instant such as 2026-11-22T08:00.") from wrong
    return found if found.tzinfo else found.replace(tzinfo=HERE)

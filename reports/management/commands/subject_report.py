"""`manage.py subject_report`: all that is kept about one person, to be handed to them."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils.translation import gettext_noop

from admissions.models import Candidate
from config.commands import one_line_for
from organizations.models import AuditEvent, Person
from organizations.models.audit import kind_of, reference_of
from reports.selectors.subject import everything_about


class Command(BaseCommand):
    help = "Print all that is kept about one person as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--person", required=True, metavar="ID", help="the id in the page's address, or KC-…"
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = _person(options["person"])
            found = everything_about(person)
        except Exception as failure:
            if line := one_line_for(failure):
                raise CommandError(line) from failure
            raise
        AuditEvent.objects.create(
            kind=AuditEvent.Kind.READ,
            action="subject_report",
            words=gettext_noop("Printed all that is kept of a person"),
            object=kind_of(person),
            reference=reference_of(person),
        )
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1))


def _person(given: str) -> Person:
    """Return whose id, or whose file's number or id, is given; CommandError where there is none."""
    file = Candidate.objects.filter(number=given).select_related("person").first()
    if file is None:
        try:
            person = Person.objects.filter(public_id=given).first()
            file = Candidate.objects.filter(public_id=given).select_related("person").first()
        except ValidationError:
            person = None
        if person is not None:
            return person
    if file is None:
        raise CommandError("There is no such person, and no such file.")
    return file.person

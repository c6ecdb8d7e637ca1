"""`sign_ins`: who can sign in to this demonstration, and with what."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import clock
from organizations.models import Appointment, Installation, Organization, Role, User
from reports.scenarios.sign_in import demonstration_password


class Command(BaseCommand):
    help = "Print the sign-ins of the demonstration in this database."

    def handle(self, **options: Any) -> None:
        installation = Installation.objects.first()
        if installation is None or installation.mode != Installation.Mode.DEMONSTRATION:
            raise CommandError("This database holds no demonstration.")
        on = clock.today()
        signing_in = [user for user in User.objects.order_by("pk") if user.has_usable_password()]
        names = dict(
            Organization.objects.called(on=on)
            .filter(pk__in=Appointment.objects.filter(user__in=signing_in).values("organization"))
            .values_list("pk", "name")
        )
        rows = [
            (user.username, Role(post.role).label, names[post.organization_id], user.full_name)
            for user in signing_in
            for post in Appointment.objects.of(user, on=on).order_by("pk")
        ]
        widths = [max(len(str(row[column])) for row in rows) for column in range(3)]
        for row in rows:
            cells = [str(cell).ljust(width) for cell, width in zip(row, widths, strict=False)]
            self.stdout.write("  ".join([*cells, row[3]]))
        password = demonstration_password(os.environ)
        known = any(user.check_password(password) for user in signing_in[:1])
        self.stdout.write(
            f"Password: {password}" if known else "Password: the DEMO_PASSWORD it was loaded with."
        )

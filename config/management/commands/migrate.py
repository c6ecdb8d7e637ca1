"""`migrate`, as the owner; then the product's own role and exactly what it may do."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import migrate as django_migrate
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connection, transaction
from psycopg import sql

from config import database, grants, migrated, migrating, rows

# By its name in the module: Django's command has no other way to be given one.
django_migrate.MigrationExecutor = migrating.Executor  # type: ignore[attr-defined]


class Command(DjangoMigrate):
    help = "Bring the database up to date as its owner, and grant <database>_app what it needs."

    def handle(self, *args: Any, **options: Any) -> None:
        with database.as_owner():
            super().handle(*args, **options)
            if options.get("check_unapplied") or options.get("plan"):
                return
            call_command("createcachetable", "django_cache", verbosity=0)
            name = str(connection.settings_dict["NAME"])
            owner = database.owner_url()
            # Tests share one role over all their databases: as many as there are processes.
            role = settings.APP_ROLE or database.app_role(name)
            with transaction.atomic():
                system = database.system_role(role)
                grants.make_roles(role, system, database.app_password(owner))
                grants.grant(role)
                grants.grant(system)
                rows.protect(role, system)
                if not options.get("app_label"):
                    self._write_down(name)
        if options["verbosity"] >= 1:
            self.stdout.write(f"Granted to {role}.")

    def _write_down(self, name: str) -> None:
        """Leave in the database what it was migrated with: a start compares it and saves time."""
        statement = sql.SQL("COMMENT ON DATABASE {} IS {}").format(
            sql.Identifier(name), sql.Literal(migrated.mark())
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)

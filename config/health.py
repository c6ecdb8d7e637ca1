"""Two addresses for those who watch: is the process up, and can it do its work?"""

from celery import current_app
from django.contrib.auth.decorators import login_not_required
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
@login_not_required
@transaction.non_atomic_requests
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 where this process reaches its database, 503 where it does not."""
    database = _database_answers()
    return JsonResponse({"database": database}, status=200 if database else 503)


@never_cache
@require_safe
@login_not_required
@transaction.non_atomic_requests
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 where the database is migrated; the broker is told, and may be down."""
    migrated = _database_answers() and _is_migrated()
    found = {"database": migrated, "broker": _broker_answers()}
    return JsonResponse(found, status=200 if migrated else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # noqa: BLE001 - whatever it is, the answer is no
        connection.close()
        return False
    return True


def _is_migrated() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('organizations_installation') IS NOT NULL")
        row = cursor.fetchone()
    return bool(row and row[0])


def _broker_answers() -> bool:
    try:
        with current_app.connection_for_write(connect_timeout=1) as broker:
            # Once more at once, not after the two seconds that it would rest.
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=2)
    except Exception:  # noqa: BLE001 - whatever it is, the answer is no
        return False
    return True

"""Table 1 of every organisation of a scenario: `show(year)`, run in `manage.py shell`."""

import json
import sys
from datetime import date

from django.db import connection
from django.test.utils import CaptureQueriesContext

from config import clock
from organizations.models import Organization
from organizations.operations.ancestry import verify
from reports.selectors.movement import Period, movements
from targets.models import Attainment


def show(year: int) -> None:
    today = clock.today()
    last = min(today, date(year, 12, 31))
    slugs = dict(Organization.objects.values_list("pk", "slug"))
    found = {}
    for lens in Attainment.Lens.values:
        with CaptureQueriesContext(connection) as asked:
            tables = movements(slugs, Period(date(year, 1, 1), last, lens, today))
        found[lens] = {
            "statements": len(asked),
            "units": {
                slugs[key]: {
                    "before": one.before,
                    "increase": one.increase,
                    "decrease": one.decrease,
                    "after": one.after,
                    "is_balanced": one.is_balanced,
                    "people": one.people,
                }
                for key, one in tables.items()
            },
        }
    sys.stdout.write(json.dumps({"lenses": found, "differences": verify().differences}))

"""What a dashboard shows beside the figures: `show(slug, year)`, run in `manage.py shell`."""

import json
import sys
from collections import Counter
from datetime import date
from typing import Any

from config import clock
from organizations.models import Membership, Organization
from reports.selectors.overview import overview
from reports.selectors.standing import look
from targets.followed import followed, last_month
from targets.models import FollowUp, Visit


def _followed(unit: Organization, year: int, *, on: date) -> dict[str, Any]:
    page = followed(unit, year=year, month=last_month(year, on=on), on=on)
    return {
        "month": page.month,
        "asked": page.asked,
        "confirmed": page.confirmed,
        "missing": [one.organization.slug for one in page.missing],
        "behind": page.behind,
        "behind_without_a_word": [
            one.organization.slug
            for one in page.units
            if one.is_confirmed and bool(one.behind) != bool(one.said.shortfall)
        ],
        "changed": [one.organization.slug for one in page.units if one.is_changed],
        "tasks": [
            (one.unit.slug, str(one.assignee.username), str(one.due_on), one.done_on is not None)
            for one in FollowUp.objects.filter(organization=unit, year=year)
        ],
    }


def show(slug: str, year: int) -> None:
    on = clock.today()
    unit = Organization.objects.called(on=on).get(slug=slug)
    seen = overview(unit, look(year, lens="then", today=on))
    tree = Organization.objects.under(Organization.objects.filter(pk=unit.pk), on=on).filter(
        period__contains=on
    )
    beneath = Organization.objects.beneath(unit, on=on).called(on=on)
    found = {
        "without_source": len(seen.without_source),
        "since_term_began": seen.whole.row.term_admitted,
        "forecast": seen.forecast.people if seen.forecast else None,
        "grassroots": tree.filter(is_grassroots_unit=True).count(),
        "cells": tree.cells(on=on).count(),
        "members": Membership.objects.on(on).filter(cell__in=tree).count(),
        "beneath_by_kind": Counter(one.kind_code for one in beneath),
        "visited_by_kind": Counter(
            one.kind_code
            for one in beneath.filter(
                pk__in=Visit.objects.filter(organization=unit, year=year).values("unit")
            )
        ),
        "followed": _followed(unit, year, on=on),
        "reported": {
            one.indicator.code: {
                "numerator": one.now.numerator,
                "of": one.of,
                "percent": None if one.percent is None else float(one.percent),
                "change": None if one.change is None else float(one.change),
            }
            for one in seen.reported
        },
    }
    sys.stdout.write(json.dumps(found))

"""The table that goes with a decision, to be printed."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config import clock
from targets import sheets
from targets.operations.targets import reason_in_words

from .tables import cycle_read_by, decisions_of, groups, sum_known, totals
from .targets import address, organization_asked


@require_safe
def appendix(request, year):
    """The table that goes with a decision, of `?qd=` or the last, to be printed; while numbers are
    drafted, theirs, for the committee alone."""
    today = clock.today()
    organization = organization_asked(request, year)
    cycle = cycle_read_by(request.user, organization, year=year, on=today)
    decisions = decisions_of(organization, year=year)
    asked = request.GET.get("qd", "")
    if asked:
        decision = next((one for one in decisions if str(one.pk) == asked), None)
        if decision is None:
            raise Http404
    else:
        decision = None if cycle else (decisions[-1] if decisions else None)
    rows = sheets.grid(organization, year=year, on=today, cycle=None if decision else cycle)
    if not rows and not decision:
        raise Http404
    given = sheets.appendix(decision, year=year) if decision else []
    return render(
        request,
        "targets/appendix.html",
        {
            "organization": organization,
            "year": year,
            "cycle": None if decision else cycle,
            "decision": decision,
            "decisions": [one for one in decisions if one != decision],
            "given": given,
            "adjusts": any(row.before for row in given),
            "why": reason_in_words(decision.reasons, decision.note) if decision else "",
            "given_totals": {
                "members": sum_known(row.members for row in given),
                "registered": sum_known(row.registered.low for row in given if row.registered),
                "before": sum_known(row.before.low for row in given if row.before),
                "low": sum(row.target.low for row in given),
                "high": sum(row.target.high for row in given),
                "percent": sheets.in_percent(
                    sum(row.target.low for row in given if row.members),
                    sum_known(row.members for row in given),
                ),
            },
            "groups": groups(rows, None, None),
            "totals": totals(rows),
            "units": len(given) if decision else len(rows),
            "query": f"?dv={organization.slug}",
            "cancel_url": address("target-grid", year, organization),
        },
    )

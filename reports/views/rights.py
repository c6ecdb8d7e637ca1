"""Who may do what: the page of the rights that the rules in code read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from admissions import permissions as of_files
from config import clock
from organizations import rights as of_units
from organizations.models import Role
from organizations.permissions import holds
from targets import permissions as of_figures

GROUPS = (
    (_("Reading"), of_units.SEEING),
    (_("Files of admission"), of_files.RIGHTS),
    (_("Targets and figures"), of_figures.RIGHTS),
    (_("Members and organisations"), of_units.MEMBERS),
    (_("Accounts and roles"), of_units.ACCOUNTS),
)


@require_GET
def rights(request: HttpRequest) -> HttpResponse:
    groups = [
        (title, [(right, [(role, role in right.roles) for role in Role]) for right in rows])
        for title, rows in GROUPS
    ]
    confirms = holds(request.user, *of_units.CONFIRM_ROLE.roles, on=clock.today())
    context = {"groups": groups, "roles": list(Role), "confirms": confirms}
    return render(request, "reports/rights.html", context)

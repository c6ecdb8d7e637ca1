"""The pages of following up: how units stand, months confirmed, tasks given, visits."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config import clock
from organizations.models import Appointment, Organization, Role
from targets import permissions
from targets.followed import followed, is_over, last_month, month_end, to_confirm
from targets.following_forms import (
    FollowingFilter,
    FollowUpForm,
    FollowUpResultForm,
    MonthForm,
    VisitForm,
)
from targets.models import FollowUp
from targets.operations import refusals
from targets.operations.following import (
    assign_follow_up,
    close_follow_up,
    confirm_month,
    record_visit,
)

from .targets import TargetAction, address, organization_asked


@require_safe
def following(request, year):
    today = clock.today()
    organization = organization_asked(request, year)
    latest = last_month(year, on=today)
    months = range(latest, 0, -1)
    form = FollowingFilter(
        {"thang": request.GET.get("thang") or latest, "loc": request.GET.get("loc", "")},
        months=months,
    )
    asked = form.cleaned_data if form.is_valid() else {}
    month = asked.get("thang") or latest
    shown = followed(organization, year=year, month=month, on=today)
    may_confirm = shown.is_beneath and not shown.is_closed
    return render(
        request,
        "targets/following.html",
        {
            "organization": organization,
            "year": year,
            "month": month,
            "end": month_end(year, month) if month else None,
            "today": today,
            "form": form,
            "followed": shown,
            "units": shown.kept(asked.get("loc", "")),
            "is_narrowed": bool(asked.get("loc")),
            "confirms": may_confirm
            and permissions.speaks_for(request.user, organization, on=today),
            "follows": bool(shown.units) and _follows(request.user, shown.units, on=today),
            "target_url": address("target-year", year, organization),
            "query": "?dv=" + organization.slug,
        },
    )


def _follows(user, units, *, on):
    """Say whether `user` follows up those directly beneath: of one of them as of all."""
    return permissions.follows_up(user, units[0].organization, on=on)


class FollowingAction(TargetAction):
    """An act of following up; it comes back to the page of who acts."""

    template_name = "targets/following_action.html"

    def get_success_url(self, result):
        return address("following", self.year, self.organization)

    def get_context_data(self, **kwargs):
        return super().get_context_data(today=self.today, **kwargs)


class MonthConfirm(FollowingAction):
    allows = staticmethod(permissions.speaks_for)
    template_name = "targets/month_confirm.html"
    form_class = MonthForm
    submit_label = _("Confirm the number")

    def load(self, request, year, month):
        super().load(request, year)
        if not is_over(year, month, on=self.today):
            raise Http404
        self.month = month
        self.told = to_confirm(
            self.organization, user=request.user, year=year, month=month, on=self.today
        )

    @property
    def title(self):
        return _("Confirm the admissions up to the end of %(month)s/%(year)s") % {
            "month": self.month,
            "year": self.year,
        }

    def get_initial(self):
        said = self.told.earlier
        return {
            "admitted": max(self.told.counted, 0),
            "shortfall": said.shortfall if said else "",
        }

    def get_context_data(self, **kwargs):
        end = month_end(self.year, self.month)
        return super().get_context_data(told=self.told, end=end, month=self.month, **kwargs)

    def perform(self, form):
        return confirm_month(
            self.organization, **self.who(), year=self.year, month=self.month, **form.values()
        )

    def get_success_message(self, result):
        return _("The number is confirmed.")


class AboutUnit(FollowingAction):
    """An act of the superior about one unit: `?dv=` names the unit."""

    allows = staticmethod(permissions.follows_up)

    def get_success_url(self, result):
        superior = permissions.superior_of(self.organization, on=self.today)
        return address("following", self.year, superior)


class FollowUpNew(AboutUnit):
    form_class = FollowUpForm
    title = _("Send somebody after this unit")
    submit_label = _("Give the task")

    def get_form_kwargs(self):
        superior = permissions.superior_of(self.organization, on=self.today)
        return {"assignees": permissions.assignees_for(superior, self.organization, on=self.today)}

    def perform(self, form):
        return assign_follow_up(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("The task is given.")


class VisitNew(AboutUnit):
    form_class = VisitForm
    title = _("Record a visit")
    submit_label = _("Save the visit")

    def get_initial(self):
        return {"visited_on": self.today if self.today.year == self.year else None}

    def perform(self, form):
        return record_visit(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("The visit is recorded.")


class FollowUpClose(FollowingAction):
    """One task: what is to be done, by whom; closed here with what came of it."""

    template_name = "targets/follow_up.html"
    form_class = FollowUpResultForm
    title = _("Follow-up of a unit")
    submit_label = _("Close the task")

    def load(self, request, year, number):
        self.year, self.today = year, clock.today()
        if refusals.of_year(year, on=self.today):
            raise Http404
        self.follow_up = get_object_or_404(
            FollowUp.objects.filter(
                permissions.reads_follow_ups(request.user, on=self.today), year=year
            ).select_related("organization", "unit", "assignee", "closed_by", "entered_by"),
            pk=number,
        )
        self.organization = Organization.objects.called(on=self.today).get(
            pk=self.follow_up.unit_id
        )
        self.closes = self.follow_up.done_on is None and permissions.closes_follow_up(
            request.user, self.follow_up, on=self.today
        )
        if request.method == "POST" and not permissions.closes_follow_up(
            request.user, self.follow_up, on=self.today
        ):
            raise PermissionDenied

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            follow_up=self.follow_up, closes=self.closes, list_url=self.list_url, **kwargs
        )

    def perform(self, form):
        return close_follow_up(self.follow_up, **self.who(), **form.values())

    def get_success_url(self, result):
        one = self.follow_up
        return reverse("follow-up", args=[self.year, one.pk])

    @cached_property
    def list_url(self):
        """The page on which the task stands, of the unit or of who gave it; None where the reader
        sees neither any more."""
        one = self.follow_up
        scope = Appointment.objects.organizations_of(
            self.request.user, roles=Role.sees_figures(), on=self.today
        )
        seen = scope.in_bulk([one.unit_id, one.organization_id])
        shown = seen.get(one.unit_id) or seen.get(one.organization_id)
        return address("following", self.year, shown) if shown else None

    def get_cancel_url(self):
        return self.list_url or reverse("home")

    def get_success_message(self, result):
        return _("The task is closed.")

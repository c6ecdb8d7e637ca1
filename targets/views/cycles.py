"""The course of a year's assignment: opened, reminded of, put forward, issued, acknowledged."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from config import clock
from config.ui.pages import ActionView
from organizations.models import Role
from organizations.permissions import acts_at
from targets import permissions, sheets
from targets.forms import CycleForm, IssueForm, StepForm
from targets.models import Cycle, TargetDecision
from targets.operations.cycles import (
    acknowledge,
    current_cycle,
    is_adjustment,
    move_cycle,
    not_registered,
    open_cycle,
    remind,
)
from targets.operations.decisions import issue_cycle

from .tables import own_target
from .targets import address, organization_asked

STEPS = {"soan": "draft", "lay-y-kien": "consult", "trinh": "submit"}
"""The steps of a cycle by how the address says them."""


class CycleAction(ActionView):
    """A step of the assignment, by staff of the organisation whose units it is about."""

    template_name = "targets/cycle_action.html"
    form_class = StepForm
    needs_cycle = True

    def load(self, request, year, **more):
        self.year = year
        self.today = clock.today()
        self.organization = organization_asked(request, year)
        if not acts_at(request.user, Role.STAFF, at=self.organization, on=self.today):
            raise PermissionDenied
        self.cycle = current_cycle(self.organization, year=year)
        if self.needs_cycle and self.cycle is None:
            if request.method != "POST":
                raise Http404
            messages.warning(request, _("It has been issued meanwhile; nothing was done again."))
            return HttpResponseRedirect(self.get_success_url(None))
        return None

    def who(self):
        return {"by": self.request.user, "on": self.today}

    def get_success_url(self, result):
        return address("target-grid", self.year, self.organization)

    def get_cancel_url(self):
        return self.get_success_url(None)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            organization=self.organization, year=self.year, cycle=self.cycle, **kwargs
        )


class CycleOpen(CycleAction):
    form_class = CycleForm
    needs_cycle = False

    @property
    def told_as(self):
        return self.title

    @property
    def title(self):
        if self._adjusts():
            return _("Adjust the targets of the units beneath")
        return _("Open the registration of targets")

    @property
    def submit_label(self):
        return _("Begin the adjustment") if self._adjusts() else _("Open the registration")

    def _adjusts(self):
        return is_adjustment(self.organization, year=self.year, on=self.today)

    def get_form_kwargs(self):
        return {"adjusts": self._adjusts()}

    def perform(self, form):
        return open_cycle(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        if result.state == Cycle.State.REGISTERING:
            return _("Registration is open; the units find it among what they have to do.")
        return _("The adjustment is open; what binds stands until it is issued.")


class CycleStep(CycleAction):
    """Put the numbers forward, ask the units about them, or take them back to be drafted."""

    WORDS = {
        "draft": (_("Go on drafting"), _("The numbers can be changed again.")),
        "consult": (
            _("Ask the units about their numbers"),
            _("Each unit now sees the number drafted for it, and may register another."),
        ),
        "submit": (
            _("Put the numbers before the standing committee"),
            _("The numbers are before the standing committee, and locked."),
        ),
    }
    told_as = CycleOpen.told_as
    REGISTERED = (_("End the registration"), _("Registration is over; the numbers are drafted."))

    def load(self, request, year, step):
        if over := super().load(request, year):
            return over
        if step not in STEPS:
            raise Http404
        self.step = STEPS[step]
        self.title, self.said = self.WORDS[self.step]
        if self.step == "draft" and self.cycle.state == Cycle.State.REGISTERING:
            self.title, self.said = self.REGISTERED
        self.submit_label = self.title
        return None

    def perform(self, form):
        return move_cycle(self.cycle, **self.who(), step=self.step)

    def get_success_message(self, result):
        return self.said

    def get_context_data(self, **kwargs):
        rows = sheets.grid(self.organization, year=self.year, on=self.today, cycle=self.cycle)
        if self.step == "submit":
            kwargs |= own_target(self.organization, rows, year=self.year, on=self.today)
        return super().get_context_data(
            step=self.step,
            blank=sum(1 for row in rows if row.is_blank),
            unregistered=sum(1 for row in rows if not row.registered),
            **kwargs,
        )


class CycleRemind(CycleAction):
    title = _("Remind those that have not registered")
    submit_label = _("Remind")

    def perform(self, form):
        return remind(self.cycle, **self.who())

    def get_success_message(self, result):
        if not result:
            return _("All of them were reminded today already.")
        return ngettext("%(n)s unit is reminded.", "%(n)s units are reminded.", result) % {
            "n": result
        }

    def get_context_data(self, **kwargs):
        missing = set(not_registered(self.cycle, on=self.today))
        rows = sheets.grid(self.organization, year=self.year, on=self.today)
        return super().get_context_data(
            missing=[row.organization for row in rows if row.key in missing], **kwargs
        )


class TargetIssue(CycleAction):
    """The decision of the standing committee: from then on the numbers bind."""

    template_name = "targets/issue.html"
    form_class = IssueForm
    title = _("Issue the targets by decision")
    submit_label = _("Issue")

    def load(self, request, year):
        if over := super().load(request, year):
            return over
        self.rows = sheets.grid(self.organization, year=self.year, on=self.today, cycle=self.cycle)
        return None

    def get_form_kwargs(self):
        return {"adjusts": any(row.target and row.bound for row in self.rows)}

    def perform(self, form):
        return issue_cycle(self.cycle, **self.who(), **form.values())

    def get_success_message(self, result):
        return gettext("Issued as %(number)s; the units are asked to acknowledge.") % {
            "number": result.number
        }

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            **own_target(self.organization, self.rows, year=self.year, on=self.today),
            blank=sum(1 for row in self.rows if row.is_blank),
            changed=[row for row in self.rows if row.bound or (row.number and not row.target)],
            **kwargs,
        )


class TargetAcknowledge(ActionView):
    """A unit takes note of what a decision gives it."""

    template_name = "targets/acknowledge.html"
    form_class = StepForm
    title = _("Acknowledge the target")
    submit_label = _("Acknowledge")

    def load(self, request, year, number):
        self.year = year
        self.today = clock.today()
        self.organization = organization_asked(request, year)
        self.decision = get_object_or_404(
            TargetDecision.objects.filter(
                targets__organization=self.organization, targets__year=year
            ).distinct(),
            pk=number,
        )
        if not permissions.speaks_for(request.user, self.organization, on=self.today):
            raise PermissionDenied

    def perform(self, form):
        return acknowledge(self.decision, self.organization, by=self.request.user, on=self.today)

    def get_success_url(self, result):
        return address("target-year", self.year, self.organization)

    def get_cancel_url(self):
        return self.get_success_url(None)

    def get_success_message(self, result):
        return _("The target is acknowledged.")

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            organization=self.organization,
            year=self.year,
            decision=self.decision,
            target=self.decision.targets.filter(
                organization=self.organization, year=self.year
            ).last(),
            **kwargs,
        )

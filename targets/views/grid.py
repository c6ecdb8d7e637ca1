"""The grid of those directly beneath, and the course of their targets up to the decision."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from config import clock
from config.errors import ConflictError, DomainError
from config.ui import look
from config.ui.pages import ActionView
from organizations.models import Role
from organizations.permissions import acts_at
from targets import permissions, sheets, what_if
from targets.forms import (
    CycleForm,
    GridForm,
    IssueForm,
    ScenarioForm,
    StepForm,
    read_number,
)
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
from targets.operations.drafts import save_drafts
from targets.what_if import Method

from .targets import address, organization_asked

EMPTY_ONES, ALL = "trong", "tat-ca"
FILLS = (EMPTY_ONES, ALL)
"""Which cells of the grid are filled with what is proposed."""

STEPS = {"soan": "draft", "lay-y-kien": "consult", "trinh": "submit"}
"""The steps of a cycle by how the address says them."""


class TargetGrid(ActionView):
    """What those directly beneath have and get; its staff draft while a cycle is open."""

    template_name = "targets/grid.html"
    form_class = GridForm
    submit_label = _("Save the draft")

    def load(self, request, year):
        self.year = year
        self.today = clock.today()
        self.organization = organization_asked(request, year)
        self.is_staff = acts_at(request.user, Role.STAFF, at=self.organization, on=self.today)
        self.cycle = _cycle_read_by(request.user, self.organization, year=year, on=self.today)
        self.lens, _day = look.read(request, year=year, today=self.today)
        self.rows = self._rows(lens=self.lens)
        if not self.rows:
            raise Http404
        if request.method == "POST" and not self.is_staff:
            raise PermissionDenied

    def _rows(self, **more):
        return sheets.grid(
            self.organization, year=self.year, on=self.today, cycle=self.cycle, **more
        )

    @property
    def may_draft(self):
        return self.is_staff and self.cycle is not None and self.cycle.is_open

    def get_form_kwargs(self):
        return {"rows": self.rows}

    def perform(self, form):
        if self.cycle is None:
            raise DomainError(gettext("No assignment is under way; open one first."))
        try:
            return save_drafts(
                self.cycle,
                by=self.request.user,
                on=self.today,
                numbers=form.numbers,
                versions={key: seen for key, (seen, _number) in form.marks.items()},
            )
        except ConflictError as conflict:
            # Saving again is deliberate: the page then knows what the other saved.
            form.rows = self.rows = self._rows()
            raise DomainError(
                fields={
                    key: gettext("%(what)s Save again to put yours in its place.")
                    % {"what": sentence}
                    for key, sentence in conflict.fields.items()
                }
            ) from None

    def get_success_url(self, result):
        return address("target-grid", self.year, self.organization)

    def get_success_message(self, result):
        return ngettext("%(n)s number is saved.", "%(n)s numbers are saved.", len(result)) % {
            "n": len(result)
        }

    def get_cancel_url(self):
        return address("target-year", self.year, self.organization)

    def tried(self, sheet):
        """Return the form of what is tried, and what it comes to: None where that is asked badly.

        Unasked, the own target is shared out, or without one what the units registered.
        """
        asked = self.request.GET
        if "tong" not in asked:
            registered = _sum(row.registered.low for row in self.rows if row.registered)
            total = sheet.given.low if sheet.given.low is not None else registered
            asked = {"tong": total or 0, "theo": Method.MIXED, "nguon": 50, "tran": 1, "thuc": 1}
        form = ScenarioForm(asked)
        return form, what_if.tried(self.rows, form.scenario()) if form.is_valid() else None

    def get_context_data(self, form, **kwargs):
        sheet = sheets.sheet(self.organization, year=self.year, on=self.today, is_top=False)
        given = sheets.given_out(
            sheet.target, [row.aimed for row in self.rows if row.aimed], units=len(self.rows)
        )
        if self.may_draft:
            asked, tried = self.tried(sheet)
            fill = self.request.GET.get("dien")
            if tried and fill in FILLS:
                form.filled = {
                    row.key: tried.shares[row.key]
                    for row in self.rows
                    if fill == ALL or not row.number
                }
            query = self.request.GET.copy()
            query.pop("dien", None)
            kwargs |= {
                "asked": asked,
                "tried": tried,
                "fill_query": query.urlencode(),
                "hindrances": what_if.HINDRANCES,
                "against": what_if.AGAINST,
            }
        registered = sum(1 for row in self.rows if row.registered)
        return super().get_context_data(
            form=form,
            organization=self.organization,
            year=self.year,
            cycle=self.cycle,
            is_staff=self.is_staff,
            may_assign=self.may_draft,
            sheet=sheet,
            given=given,
            groups=_groups(self.rows, form, kwargs.get("tried")),
            totals=_totals(self.rows),
            registered=registered,
            unregistered=len(self.rows) - registered,
            decision=next(reversed(_decisions(self.organization, year=self.year)), None),
            last_saved=max((row.draft.saved_at for row in self.rows if row.draft), default=None),
            seen=",".join(row.mark for row in self.rows),
            draft_url=address("target-draft", self.year, self.organization),
            query=f"?dv={self.organization.slug}",
            wrong=[
                (row, form.row_errors[row.key]) for row in self.rows if row.key in form.row_errors
            ],
            **look.lens_links(self.request, self.lens),
            **kwargs,
        )


@require_POST
def draft_cell(request, year):
    """Save one cell: `unit`, its `number` as typed and the `version` that the page showed.

    Answers {version, number} as saved; 422 with a sentence for what is no number; 409 with what
    stands there now where somebody else saved meanwhile.
    """
    today = clock.today()
    organization = organization_asked(request, year)
    cycle = current_cycle(organization, year=year)
    if cycle is None:
        raise Http404
    try:
        unit, version = int(request.POST["unit"]), int(request.POST["version"])
        number = read_number(request.POST.get("number", ""))
    except ValidationError as error:
        return JsonResponse({"sentence": str(error.messages[0])}, status=422)
    except (KeyError, ValueError):
        return JsonResponse({"sentence": gettext("The page sent no unit.")}, status=422)
    try:
        save_drafts(
            cycle, by=request.user, on=today, numbers={unit: number}, versions={unit: version}
        )
    except ConflictError as conflict:
        return JsonResponse(
            {"sentence": " ".join(conflict.fields.values()), **_cell(cycle, unit)}, status=409
        )
    except DomainError as refusal:
        return JsonResponse({"sentence": str(refusal)}, status=422)
    return JsonResponse(_cell(cycle, unit))


def _cell(cycle, unit):
    draft = cycle.drafts.filter(organization=unit).first()
    return {"version": draft.version if draft else 0, "number": sheets.typed(draft)}


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
            raise Http404

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
    submit_label = _("Open")

    @property
    def title(self):
        if self._adjusts():
            return _("Adjust the targets of the units beneath")
        return _("Open the registration of targets")

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

    def load(self, request, year, step):
        super().load(request, year)
        if step not in STEPS:
            raise Http404
        self.step = STEPS[step]
        self.title, self.said = self.WORDS[self.step]
        self.submit_label = self.title

    def perform(self, form):
        return move_cycle(self.cycle, **self.who(), step=self.step)

    def get_success_message(self, result):
        return self.said

    def get_context_data(self, **kwargs):
        rows = sheets.grid(self.organization, year=self.year, on=self.today, cycle=self.cycle)
        return super().get_context_data(
            step=self.step,
            blank=sum(1 for row in rows if not row.number and not row.declaration),
            unregistered=sum(1 for row in rows if not row.registered),
            **kwargs,
        )


class CycleRemind(CycleAction):
    title = _("Remind those that have not registered")
    submit_label = _("Remind")

    def perform(self, form):
        return remind(self.cycle, **self.who())

    def get_success_message(self, result):
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
        super().load(request, year)
        self.rows = sheets.grid(self.organization, year=self.year, on=self.today, cycle=self.cycle)

    def get_form_kwargs(self):
        return {"adjusts": any(row.target and row.bound for row in self.rows)}

    def perform(self, form):
        return issue_cycle(self.cycle, **self.who(), **form.values())

    def get_success_message(self, result):
        return gettext("Issued as %(number)s; the units are asked to acknowledge.") % {
            "number": result.number
        }

    def get_context_data(self, **kwargs):
        sheet = sheets.sheet(self.organization, year=self.year, on=self.today, is_top=False)
        return super().get_context_data(
            given=sheets.given_out(
                sheet.target, [row.aimed for row in self.rows if row.aimed], units=len(self.rows)
            ),
            sheet=sheet,
            blank=sum(1 for row in self.rows if not row.number and not row.declaration),
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
            TargetDecision.objects.filter(targets__organization=self.organization).distinct(),
            pk=number,
        )
        if not permissions.confirms_months_of(request.user, self.organization, on=self.today):
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
            target=self.decision.targets.filter(organization=self.organization).last(),
            **kwargs,
        )


@require_safe
def appendix(request, year):
    """The table that goes with a decision, of `?qd=` or the last, to be printed; while numbers are
    drafted, theirs, for the committee alone."""
    today = clock.today()
    organization = organization_asked(request, year)
    cycle = _cycle_read_by(request.user, organization, year=year, on=today)
    decisions = _decisions(organization, year=year)
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
            "given_totals": {
                "members": _sum(row.members for row in given),
                "low": sum(row.target.low for row in given),
                "high": sum(row.target.high for row in given),
            },
            "groups": _groups(rows, None, None),
            "totals": _totals(rows),
            "units": len(given) if decision else len(rows),
            "query": f"?dv={organization.slug}",
            "cancel_url": address("target-grid", year, organization),
        },
    )


def _cycle_read_by(user, organization, *, year, on):
    """Return the cycle under way where `user` may see what is drafted in it, else None."""
    if not permissions.reads_drafts_of(user, organization, on=on):
        return None
    return current_cycle(organization, year=year)


def _decisions(organization, *, year):
    """Return the decisions that issued the targets of `year`, the last one last."""
    return list(
        TargetDecision.objects.filter(organization=organization, cycle__year=year).order_by("pk")
    )


def _groups(rows, form, tried):
    """Return [(group, [(row, what stands in its cell, its sentence, what is proposed)], members)],
    in order."""
    groups = []
    for row in rows:
        if not groups or groups[-1]["name"] != row.group:
            groups.append({"name": row.group, "rows": [], "members": 0})
        proposed = tried.shares[row.key] if tried else None
        typed = form.typed(row) if form else row.number
        error = form.row_errors.get(row.key, "") if form else ""
        groups[-1]["rows"].append((row, typed, error, proposed))
        groups[-1]["members"] += row.members or 0
    return groups


def _totals(rows):
    known = [row for row in rows if row.aimed and row.aimed.low is not None]
    members = _sum(row.members for row in rows)
    return {
        "members": members,
        "files": sum(row.files for row in rows),
        "last_admitted": _sum(row.last_admitted for row in rows),
        "last_target": _sum(row.last_target for row in rows),
        "registered": _sum(row.registered.low for row in rows if row.registered),
        "low": sum(row.aimed.low for row in known),
        "high": sum(row.aimed.high for row in known),
        "percent": sheets.in_percent(sum(row.aimed.low for row in known), members),
        "blank": len(rows) - len(known),
    }


def _sum(numbers):
    """Return the sum of what is known, None where nothing is: not known is not zero."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None

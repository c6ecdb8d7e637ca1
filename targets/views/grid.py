"""The grid of those directly beneath: read, drafted all at once or cell by cell, filled."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from config import clock
from config.errors import ConflictError, DomainError
from config.ui import look
from config.ui.pages import ActionView
from organizations.models import AuditEvent, Role
from organizations.permissions import acts_at
from targets import sheets, what_if
from targets.forms import GridForm, read_number
from targets.operations.drafts import save_drafts
from targets.scenario_forms import ScenarioForm
from targets.what_if import Method

from .tables import cycle_read_by, decisions_of, groups, own_target, sum_known, totals
from .targets import address, organization_asked

EMPTY_ONES, ALL = "trong", "tat-ca"
FILLS = (EMPTY_ONES, ALL)
"""Which cells of the grid are filled with what is proposed."""

NARROWED = "can-xem"
"""In the address: only the units whose number needs a look."""


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
        self.cycle = cycle_read_by(request.user, self.organization, year=year, on=self.today)
        self.lens, _day = look.read(request, year=year, today=self.today)
        self.rows = self._rows(lens=self.lens)
        if not self.rows:
            raise Http404
        self.is_narrowed = request.GET.get("loc") == NARROWED
        if request.method == "POST":
            if not self.is_staff:
                raise PermissionDenied
        elif self.may_draft and "tong" in request.GET:
            return self._tidied(ScenarioForm(request.GET, self.rows))
        return None

    def _tidied(self, asked):
        query = asked.tidied()
        if query is None:
            return None
        if asked.is_left_out:
            messages.warning(
                self.request,
                _("What was set for units that do not stand beneath any more is left out."),
            )
        return HttpResponseRedirect(f"{self.request.path}?{urlencode(query)}")

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
        narrowed = {"loc": NARROWED} if self.is_narrowed else {}
        return address("target-grid", self.year, self.organization, **narrowed)

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
            registered = sum_known(row.registered.low for row in self.rows if row.registered)
            total = sheet.given.low if sheet.given.low is not None else registered
            asked = {"tong": total or 0, "theo": Method.MIXED, "nguon": 50, "tran": 1, "thuc": 1}
        form = ScenarioForm(asked, self.rows)
        return form, what_if.tried(self.rows, form.scenario()) if form.is_valid() else None

    def hidden(self, form):
        """Return the units that the narrowed list leaves out; what is refused is never one."""
        if not self.is_narrowed:
            return {}
        return {
            row.key: row
            for row in self.rows
            if not row.needs_a_look and row.key not in form.row_errors
        }

    def get_context_data(self, form, **kwargs):
        hidden = self.hidden(form)
        own = own_target(self.organization, self.rows, year=self.year, on=self.today)
        if self.may_draft:
            asked, tried = self.tried(own["sheet"])
            fill = self.request.GET.get("dien")
            if tried and fill in FILLS:
                form.filled = {
                    row.key: tried.shares[row.key]
                    for row in self.rows
                    if row.key not in hidden and (fill == ALL or not row.number)
                }
            query = self.request.GET.copy()
            query.pop("dien", None)
            kwargs |= {
                "asked": asked,
                "tried": tried,
                "fill_query": query.urlencode(),
                "hindrances": what_if.HINDRANCES,
                "against": what_if.AGAINST,
                "faults": what_if.FAULTS,
            }
        registered = sum(1 for row in self.rows if row.registered)
        return super().get_context_data(
            form=form,
            organization=self.organization,
            year=self.year,
            cycle=self.cycle,
            is_staff=self.is_staff,
            may_assign=self.may_draft,
            **own,
            groups=groups(self.rows, form, kwargs.get("tried"), hidden),
            hidden=hidden,
            rest=totals(list(hidden.values())),
            is_narrowed=self.is_narrowed,
            narrowed=NARROWED,
            needing=sum(1 for row in self.rows if row.needs_a_look),
            totals=totals(self.rows),
            registered=registered,
            unregistered=len(self.rows) - registered,
            decision=next(reversed(decisions_of(self.organization, year=self.year)), None),
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
    cycle = cycle_read_by(request.user, organization, year=year, on=today)
    if cycle is None:  # or one that is not theirs to know of
        raise Http404
    if not acts_at(request.user, Role.STAFF, at=organization, on=today):
        raise PermissionDenied  # who reads the drafts: before what they sent is looked at
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
        AuditEvent.objects.carried_out(
            request, words=gettext_noop("Save a number of the grid"), within=organization
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

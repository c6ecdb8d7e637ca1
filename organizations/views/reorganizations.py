"""Reorganisation decisions: the list, the draft and its events, preview, confirming, progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from config import clock, names
from config.errors import ConflictError, DomainError
from config.ui.forms import ProductForm
from config.ui.pages import (
    PAGE_PARAMETER,
    PAGE_SIZES,
    SIZE_PARAMETER,
    ActionView,
    FilteredListView,
    SafePaginator,
    SeeOther,
    Stale,
)
from config.ui.searching import asked
from organizations.filters import ReorganizationFilter
from organizations.forms import written
from organizations.forms_reorganization import (
    FORMS,
    AnswerForm,
    AssignForm,
    ChoicesForm,
    DecisionForm,
    EventForm,
    KindForm,
    PastedForm,
    ReasonForm,
)
from organizations.models import (
    EventUnit,
    Job,
    Organization,
    Reorganization,
    ReorganizationEvent,
    ReorganizationKind,
    Role,
)
from organizations.operations import reorganizations as operations
from organizations.permissions import holds
from organizations.reorganizing import Plan, PlannedEvent, Section, handlers
from organizations.selectors import kinds
from organizations.sheets import reorganizations as sheets

State = Reorganization.State
LINES = 12
"""So many lines of a section are shown; the others open."""


# ---------------------------------------------------------------- the list


@method_decorator(never_cache, name="dispatch")
class ReorganizationList(FilteredListView):
    """The decisions of the organisations whose figures the reader sees, the latest first."""

    queryset = Reorganization.objects.select_related("entered_by", "confirmed_by")
    filterset_class = ReorganizationFilter
    template_name = "organizations/reorganization_list.html"
    paginate_by = 50

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.today = clock.today()
        readers = set(Role.sees_figures()) - {Role.SECRETARY}
        if not holds(request.user, *readers, on=self.today):
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = list(context["object_list"])
        return {
            **context,
            "rows": sheets.list_rows(rows, on=self.today),
            "may_draft": holds(self.request.user, Role.STAFF, on=self.today),
        }


# ---------------------------------------------------------------- one decision


class OneDecision:
    """A page about one decision that the reader may see."""

    request: HttpRequest
    today: date
    decision: Reorganization
    rights: sheets.Rights

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        add_never_cache_headers(answer)
        return answer

    def find(self, request: HttpRequest, decision: UUID) -> None:
        self.today = clock.today()
        self.decision = get_object_or_404(
            Reorganization.objects.visible_to(request.user, on=self.today).select_related(
                "organization", "entered_by", "confirmed_by", "cancelled_by", "job"
            ),
            public_id=decision,
        )
        self.rights = sheets.rights(request.user, self.decision, on=self.today)

    def at(self, name: str, *more: Any) -> str:
        return reverse(f"reorganization-{name}", args=[self.decision.public_id, *more])

    def heading(self) -> dict[str, Any]:
        """Return what every page of the decision says of it."""
        deciding = self.decision.organization.designation(on=self.decision.effective_on)
        return {
            "decision": self.decision,
            "deciding": deciding,
            "rights": self.rights,
            "is_draft": self.decision.state == State.DRAFT,
            "may_edit": self.rights.drafts and self.decision.state == State.DRAFT,
            "may_reopen": self.rights.drafts and self.decision.state == State.FAILED,
            "preview_errors": preview_errors(self.decision),
            "may_preview": self.may_preview(),
            "may_cancel": self.rights.approves
            and self.decision.state not in {State.APPLIED, State.CANCELLED},
            "is_due": self.decision.effective_on <= self.today,
            "is_previewing": is_previewing(self.decision),
            "is_running": is_running(self.decision, on=self.today),
            "progress": progress(self.decision),
        }

    def may_preview(self) -> bool:
        return self.rights.approves and self.decision.state in {State.DRAFT, State.FAILED}

    def version(self) -> str:
        found = Reorganization.objects.values_list("version", flat=True)
        return str(found.get(pk=self.decision.pk))


def said(found: Sequence[Any]) -> list[tuple[int | None, str]]:
    """Return refusals or warnings as [(row, sentence)], whether live or from a stored preview."""
    rows = []
    for one in found:
        if isinstance(one, Mapping):
            rows.append((one.get("row"), str(one.get("sentence", ""))))
        else:
            rows.append((one.row, str(one.sentence)))
    return rows


@dataclass
class Seen:
    """How a decision stands: its rows, what stops it, what it is expected to do."""

    rows: list[sheets.EventShown]
    refusals: list[tuple[int | None, str]]
    warnings: list[tuple[int | None, str]]
    sections: list[Any]
    is_current: bool
    """Whether the stored preview still tells what would happen."""


def seen(decision: Reorganization, *, on: date, sees_names: bool) -> Seen:
    """Look at a draft anew; of any other decision tell what its preview said."""
    preview = decision.preview or {}
    if decision.state in {State.DRAFT, State.CONFIRMED, State.FAILED}:
        look = operations.look(decision, on=on)
        refusals, warnings = said(look.refusals), said(look.warnings)
        asking = asking_rows(look.plan) if decision.state == State.DRAFT else []
        sections = shown_sections(look.sections, sees_names=sees_names)
        is_current = bool(preview) and preview.get("digest") == look.digest
    else:
        refusals, warnings = said(preview.get("refusals", [])), said(preview.get("warnings", []))
        asking, sections, is_current = [], [], bool(preview)
    rows = sheets.event_rows(decision, refusals=refusals, warnings=warnings, asking=asking)
    return Seen(rows, refusals, warnings, sections, is_current)


def asking_rows(plan: Plan) -> list[int]:
    """Return the ids of the events of which an app above asks a choice, or was given one.

    An app refuses what it asks and nobody answered; asking each event for its fields would take
    as many queries as there are events.
    """
    waiting = {one.row for handler in handlers for one in handler.refusals(plan)}
    labels = {handler.label for handler in handlers}
    return [
        one.event.pk for one in plan.events if one.row in waiting or labels & set(one.event.choices)
    ]


def asked_of(planned: PlannedEvent) -> dict[str, Mapping[str, Any]]:
    """Return {app: {name: field}} of what the apps above ask of an event."""
    found = {handler.label: handler.fields(planned) for handler in handlers}
    return {label: fields for label, fields in found.items() if fields}


def shown_sections(sections: Sequence[Section], *, sees_names: bool) -> list[dict[str, Any]]:
    """Return the sections that hold anything, their lines where the reader may read them."""
    shown = []
    for one in sections:
        if not one.count:
            continue
        lines = list(one.lines) if sees_names or not one.has_names else []
        shown.append(
            {
                "title": one.title,
                "count": one.count,
                "lines": lines[:LINES],
                "rest": lines[LINES:],
                "beyond": max(one.count - len(lines), 0) if lines else 0,
                "hides_names": one.has_names and not sees_names,
            }
        )
    return shown


class ReorganizationDetail(OneDecision, TemplateView):
    """The decision and its events; on top what is to be done next, and by whom."""

    template_name = "organizations/reorganization_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.find(self.request, kwargs["decision"])
        found = seen(self.decision, on=self.today, sees_names=self.rights.sees_names)
        return {
            **self.heading(),
            "seen": found,
            "rows": found.rows,
            "general_refusals": [text for row, text in found.refusals if row is None],
            "general_warnings": [text for row, text in found.warnings if row is None],
            "panel": panel(self, found),
            "counted": sheets.counted(self.decision.preview, self.decision.outcome),
        }


@dataclass(frozen=True)
class Panel:
    """What is next: words, and one button for who may press it."""

    key: str
    title: str
    why: str
    url: str = ""
    verb: str = ""
    kind: str = ""
    posts: bool = False
    once: UUID = field(default_factory=uuid4)


def panel(page: OneDecision, found: Seen) -> Panel:
    """Return what is next for the decision, in the eyes of the reader of `page`."""
    decision = page.decision
    day = f"{decision.effective_on:%d/%m/%Y}"
    if is_previewing(decision):
        return Panel(
            _("Draft"),
            _("The preview is being made"),
            _("A large decision takes a while; you may close this page."),
            page.at("progress"),
            _("See how far it is"),
        )
    if decision.state == State.CANCELLED:
        return Panel(_("Cancelled"), _("This decision was cancelled"), decision.cancel_reason)
    if decision.state == State.APPLIED:
        return Panel(
            _("Applied"),
            _("Applied, in force from %(day)s") % {"day": day},
            _("What was done is below; nothing was deleted."),
        )
    if decision.state == State.FAILED:
        return _failed(page, found)
    if decision.state == State.CONFIRMED:
        return _confirmed(page, day)
    return _draft(page, found)


def _failed(page: OneDecision, found: Seen) -> Panel:
    job = page.decision.job
    errors = " ".join(job.errors) if job else ""
    what = _(
        "Nothing was changed. Who drafted it mends what it says, then it is previewed and confirmed"
        " again; or it is cancelled."
    )
    key, title, why = _("Could not be applied"), _("The decision could not be applied"), errors
    if page.rights.confirms and found.is_current and not found.refusals:
        return Panel(
            key, title, f"{why} {what}".strip(), page.at("confirm"), _("Confirm it again"), "late"
        )
    may = page.may_preview()
    url = page.at("preview") if may else ""
    return Panel(key, title, f"{why} {what}".strip(), url, _("Preview again"), "late", posts=may)


def _confirmed(page: OneDecision, day: str) -> Panel:
    if page.decision.effective_on > page.today:
        return Panel(
            _("Confirmed"),
            _("Waits for %(day)s") % {"day": day},
            _("It is applied by itself on that day; until then it can be cancelled."),
        )
    return Panel(
        _("Confirmed"),
        _("Being applied"),
        _("Everything happens at once when it is done; until then nothing is changed."),
        page.at("progress"),
        _("See how far it is"),
    )


def _draft(page: OneDecision, found: Seen) -> Panel:
    may = page.rights.drafts
    if not found.rows:
        return Panel(
            _("Draft"),
            _("No event yet"),
            _("Add what the decision does: a merger, a split, a move…"),
            page.at("event-new") if may else "",
            _("Add an event"),
        )
    if not found.is_current or found.refusals:
        if found.refusals:
            why = ngettext(
                "%(n)s thing stops it: it is written at its row.",
                "%(n)s things stop it: they are written at their rows.",
                len(found.refusals),
            ) % {"n": len(found.refusals)}
        elif page.decision.preview:
            why = _("Something has changed since the last preview. Look at a new one.")
        else:
            why = _("See whom and what it touches before a second person confirms it.")
        title = _("To be mended") if found.refusals else _("To be previewed")
        kind = "late" if found.refusals else ""
        may = page.may_preview()
        url = page.at("preview") if may else ""
        return Panel(_("Draft"), title, why, url, _("Preview"), kind, posts=may)
    if page.rights.confirms:
        return Panel(
            _("Draft"),
            _("Waits for your confirmation"),
            _("Drafted by %(person)s. You are the second person: see what it does, then confirm.")
            % {"person": page.decision.entered_by},
            page.at("confirm"),
            _("Confirm the decision"),
        )
    people = sheets.seconds(page.decision, on=page.today)
    return Panel(
        _("Draft"),
        _("Waits for a second person"),
        _("May confirm: %(people)s.") % {"people": "; ".join(people)}
        if people
        else _("Nobody else may confirm it: an administrator gives a second person the role."),
        page.at("preview"),
        _("See the preview"),
    )


class DecisionAction(OneDecision, ActionView):
    """A form about one decision; subclasses say who may, and what is done."""

    only_drafts = True

    def allows(self) -> bool:
        return self.rights.drafts

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        self.find(request, kwargs["decision"])
        if not self.allows():
            raise PermissionDenied
        if self.only_drafts and request.method != "POST" and self.decision.state != State.DRAFT:
            messages.warning(request, str(self.get_conflict()))
            return SeeOther(self.at("detail"))
        return self.prepare(request, **kwargs)

    def prepare(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        """Fetch further what the page is about."""
        return None

    def get_version(self) -> str | None:
        return self.version()

    def get_conflict(self) -> str | Promise:
        if self.changed:
            return self.changed
        now = Reorganization.objects.get(pk=self.decision.pk)
        return _("The decision is now: %(state)s.") % {"state": now.get_state_display()}

    changed = ""

    def perform(self, form: Any) -> Any:
        try:
            return self.act(form)
        except ConflictError as changed:
            self.changed = changed.sentence
            raise Stale from None

    def act(self, form: Any) -> Any:
        raise NotImplementedError

    def get_told(self, result: Any) -> Reorganization:
        return self.decision

    def who(self) -> dict[str, Any]:
        return {"by": self.request.user, "on": self.today}

    def get_success_url(self, result: Any) -> str:
        return self.at("detail")

    def get_cancel_url(self) -> str:
        return self.at("detail")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**self.heading(), **kwargs)


class ReorganizationCreate(ActionView):
    """The head of a new decision; its events follow on its own page."""

    form_class = DecisionForm
    template_name = "organizations/reorganization_form.html"
    title = gettext_lazy("Draft a reorganisation decision")
    submit_label = gettext_lazy("Save the draft")

    def load(self, request: HttpRequest, **kwargs: Any) -> None:
        self.today = clock.today()
        self.scope = sheets.deciding(request.user, on=self.today)
        if not holds(request.user, Role.STAFF, on=self.today):
            raise Http404

    def get_initial(self) -> dict[str, Any]:
        mine = sheets.deciding_tops(self.request.user, on=self.today)
        usual = list(self.scope.filter(pk__in=mine.values("pk"))[:2])
        return {"organization": written(usual[0]) if len(usual) == 1 else ""}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"scope": self.scope, "today": self.today}

    def perform(self, form: DecisionForm) -> Reorganization:
        values = {**form.values(), "by": self.request.user}
        return operations.draft(values.pop("organization"), on=self.today, **values)

    def get_success_url(self, result: Reorganization) -> str:
        return reverse("reorganization-detail", args=[result.public_id])

    def get_success_message(self, result: Reorganization) -> str:
        return _("The draft is saved. Now add what the decision does.")

    def get_cancel_url(self) -> str:
        return reverse("reorganization-list")


class ReorganizationEdit(DecisionAction):
    form_class = DecisionForm
    template_name = "organizations/reorganization_form.html"
    title = gettext_lazy("Correct the decision")
    submit_label = gettext_lazy("Save")

    def get_initial(self) -> dict[str, Any]:
        kept = ("number", "signed_on", "signer", "effective_on", "note")
        return {name: getattr(self.decision, name) for name in kept}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"scope": None, "today": self.today}

    def act(self, form: DecisionForm) -> Reorganization:
        return operations.rewrite(self.decision, **self.who(), **form.values())

    def get_success_message(self, result: Reorganization) -> str:
        return _("The decision is corrected.")


class ReorganizationReopen(DecisionAction):
    """Back to a draft, of a decision that could not be applied."""

    form_class = AnswerForm
    template_name = "organizations/reorganization_action.html"
    title = gettext_lazy("Mend the decision")
    submit_label = gettext_lazy("Mend it")
    only_drafts = False

    def prepare(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        if request.method != "POST" and self.decision.state != State.FAILED:
            messages.warning(request, str(self.get_conflict()))
            return SeeOther(self.at("detail"))
        return None

    def act(self, form: AnswerForm) -> Reorganization:
        return operations.reopen(self.decision, **self.who())

    def get_success_message(self, result: Reorganization) -> str:
        return _("The decision is a draft again: mend it, then have it confirmed anew.")


class ReorganizationCancel(DecisionAction):
    form_class = ReasonForm
    template_name = "organizations/reorganization_cancel.html"
    title = gettext_lazy("Cancel the decision")
    submit_label = gettext_lazy("Cancel the decision")
    only_drafts = False

    def allows(self) -> bool:
        return self.rights.approves

    def prepare(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        over = self.decision.state in {State.APPLIED, State.CANCELLED}
        if request.method != "POST" and over:
            messages.warning(request, str(self.get_conflict()))
            return SeeOther(self.at("detail"))
        return None

    def act(self, form: ReasonForm) -> Reorganization:
        return operations.cancel(self.decision, **self.who(), **form.values())

    def get_success_message(self, result: Reorganization) -> str:
        return _("The decision is cancelled. Nothing was changed by it.")


# ---------------------------------------------------------------- events


class EventCreate(DecisionAction):
    """Choose a kind, then fill in the form of that kind."""

    template_name = "organizations/reorganization_event.html"
    submit_label = gettext_lazy("Add the event")
    kind = ""

    @property
    def form_class(self) -> type[EventForm]:  # type: ignore[override]
        return FORMS[self.kind]

    @property
    def title(self) -> str:  # type: ignore[override]
        if not self.kind:
            return _("What does the decision do?")
        return str(ReorganizationKind(self.kind).label)

    def prepare(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        chosen = KindForm(request.GET)
        if chosen.is_valid():
            self.kind = chosen.cleaned_data["loai"]
            return None
        offered = [(code, label, sheets.MEANS[code]) for code, label in ReorganizationKind.choices]
        context = {
            **ActionView.get_context_data(self, **self.heading()),
            "kinds": offered,
            "was_sent": "loai" in request.GET or request.method == "POST",
        }
        status = 422 if context["was_sent"] else 200
        return render(request, "organizations/reorganization_kind.html", context, status=status)

    def get_form_kwargs(self) -> dict[str, Any]:
        organization = Organization.objects.filter(pk=self.decision.organization_id)
        on = self.decision.effective_on
        return {
            "scope": Organization.objects.under(organization, on=on).filter(period__contains=on),
            "on": on,
            "founded": [
                (unit, unit.name)
                for event in sheets.events_of(self.decision)
                for unit in sheets.parts(event, EventUnit.Part.RESULT)
                if unit.is_new
            ],
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(kind=self.kind, means=sheets.MEANS[self.kind], **kwargs)

    def act(self, form: EventForm) -> ReorganizationEvent:
        return operations.add_event(
            self.decision,
            **self.who(),
            kind=self.kind,
            sources=form.sources(),
            results=form.results(),
        )

    def get_success_url(self, result: ReorganizationEvent) -> str:
        event = sheets.events_of(self.decision)[-1]
        if sheets.assigns(event):
            return self.at("assign", event.position)
        planned = operations.plan_of(self.decision).events[-1]
        if asked_of(planned):
            return self.at("choices", event.position)
        return self.at("detail") + f"#dong-{event.position}"

    def get_success_message(self, result: ReorganizationEvent) -> str:
        return _("Row %(row)s is added.") % {"row": result.position}


class EventAction(DecisionAction):
    """A form about one row of a draft."""

    event: ReorganizationEvent

    def prepare(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        rows = self.decision.events.prefetch_related(
            "units__kind", "units__organization", "units__under_unit"
        )
        self.event = get_object_or_404(rows, position=kwargs["row"])
        if self.event.is_withdrawn and request.method != "POST":
            raise Http404
        self.event.reorganization = self.decision
        return self.look(request)

    def look(self, request: HttpRequest) -> HttpResponseBase | None:
        return None

    def shown(self) -> sheets.EventShown | None:
        rows = sheets.event_rows(self.decision)
        return next((row for row in rows if row.event.pk == self.event.pk), None)

    def get_success_url(self, result: Any) -> str:
        return self.at("detail") + f"#dong-{self.event.position}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(event=self.event, row=self.shown(), **kwargs)


class EventWithdraw(EventAction):
    form_class = AnswerForm
    template_name = "organizations/reorganization_withdraw.html"
    title = gettext_lazy("Take the row out")
    submit_label = gettext_lazy("Take it out")

    def act(self, form: AnswerForm) -> ReorganizationEvent:
        return operations.withdraw_event(self.event, **self.who())

    def get_success_url(self, result: Any) -> str:
        return self.at("detail")

    def get_success_message(self, result: ReorganizationEvent) -> str:
        return _("Row %(row)s is taken out.") % {"row": result.position}


class EventChoices(EventAction):
    """What the apps above ask of an event, such as what becomes of the targets."""

    form_class = ChoicesForm
    template_name = "organizations/reorganization_choices.html"
    title = gettext_lazy("Choices of the row")
    submit_label = gettext_lazy("Save the choices")

    def look(self, request: HttpRequest) -> HttpResponseBase | None:
        plan = operations.plan_of(self.decision)
        planned = next((one for one in plan.events if one.event.pk == self.event.pk), None)
        self.asked = asked_of(planned) if planned else {}
        if not self.asked and request.method != "POST":
            messages.info(request, _("Nothing has to be chosen for this row."))
            return SeeOther(self.at("detail"))
        return None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"asked": self.asked}

    def get_initial(self) -> dict[str, Any]:
        return dict(self.event.choices.get(operations.ANSWERS, {}))

    def act(self, form: ChoicesForm) -> ReorganizationEvent:
        for label in self.asked:
            try:
                operations.choose(self.event, **self.who(), label=label, cleaned=form.of(label))
            except DomainError as refused:
                fields = {f"{label}-{name}": text for name, text in refused.fields.items()}
                raise DomainError(refused.sentence, fields=fields) from refused
        return self.event

    def get_success_message(self, result: ReorganizationEvent) -> str:
        return _("The choices of row %(row)s are saved.") % {"row": result.position}


class EventAssign(EventAction):
    """Who of a split goes where: a page of people at a time, all who are left at once."""

    form_class = AssignForm
    template_name = "organizations/reorganization_assign.html"
    title = gettext_lazy("Who goes where")
    submit_label = gettext_lazy("Save")

    def allows(self) -> bool:
        if self.request.method == "POST":
            return self.rights.drafts
        return self.rights.sees_names

    @property
    def only_drafts(self) -> bool:  # type: ignore[override]
        return False

    def look(self, request: HttpRequest) -> HttpResponseBase | None:
        if not sheets.assigns(self.event):
            raise Http404
        self.sheet = sheets.assign_sheet(self.event)
        self.page = self._page(request)
        return None

    def _page(self, request: HttpRequest) -> Page[Any]:
        rows = self.sheet.people
        if request.GET.get("loc") == "chua":
            rows = self.sheet.waiting
        if text := names.search_key(asked(request).get("q", "")[:120]):
            rows = [row for row in rows if text in names.search_key(row.full_name)]
        wanted = request.GET.get(SIZE_PARAMETER, "")
        size = int(wanted) if wanted in {str(one) for one in PAGE_SIZES} else PAGE_SIZES[1]
        return SafePaginator(rows, size).page(request.GET.get(PAGE_PARAMETER, 1))

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"sheet": self.sheet, "rows": self.page.object_list}

    def act(self, form: AssignForm) -> int:
        people, units = form.people(), form.units()
        kept = {row.organization: row.unit for row in self.sheet.units if row.unit}
        if people:
            operations.assign(self.event, **self.who(), people=people)
        if units != kept:
            operations.choose(
                self.event, **self.who(), label="organizations", cleaned={"units": units}
            )
        return len(people)

    def get_success_url(self, result: int) -> str:
        return self.request.get_full_path()

    def get_success_message(self, result: int) -> str:
        if getattr(self.request, "htmx", False):
            return ""
        return ngettext(
            "%(n)s person is assigned anew.", "%(n)s people are assigned anew.", result
        ) % {"n": result}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = super().post(request, *args, **kwargs)
        if not getattr(request, "htmx", False):
            return answer
        # One row was ticked: only the counts come back, with the form's new keys.
        self.sheet = sheets.assign_sheet(self.event)
        form = self.get_form()
        is_saved = answer.status_code == SeeOther.status_code
        context = self.get_context_data(form=form, is_saved=is_saved)
        status = 200 if is_saved else answer.status_code
        return render(request, f"{self.template_name}#counts", context, status=status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs["form"]
        may_edit = self.rights.drafts and self.decision.state == State.DRAFT
        return super().get_context_data(
            sheet=self.sheet,
            counts=self.sheet.counts,
            people=[(row, _bound(form, f"p{row.person_id}")) for row in self.page.object_list],
            units=[(row, _bound(form, f"u{row.organization}")) for row in self.sheet.units],
            page_obj=self.page,
            total=self.page.paginator.count,
            page_sizes=PAGE_SIZES,
            page_size=self.page.paginator.per_page,
            only_waiting=self.request.GET.get("loc") == "chua",
            q=asked(self.request).get("q", "")[:120],
            may_assign=may_edit,
            **kwargs,
        )


def _bound(form: ProductForm, name: str) -> Any:
    return form[name] if name in form.fields else None


# ---------------------------------------------------------------- preview and confirming


class ReorganizationPreview(DecisionAction):
    """What the decision does to whom, made by a trial run; nothing is written but the preview."""

    form_class = AnswerForm
    template_name = "organizations/reorganization_preview.html"
    title = gettext_lazy("Preview")
    submit_label = gettext_lazy("Make the preview")
    only_drafts = False

    def allows(self) -> bool:
        return self.rights.approves or self.request.method != "POST"

    def get_version(self) -> str | None:
        return None  # whatever was seen: it is looked at anew

    def act(self, form: AnswerForm) -> Reorganization:
        return operations.preview(self.decision, **self.who())

    def get_success_url(self, result: Reorganization) -> str:
        return self.at("progress" if is_previewing(result) else "preview")

    def get_success_message(self, result: Reorganization) -> str:
        return "" if is_previewing(result) else _("The preview is made. Nothing was changed.")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**preview_of(self), **kwargs)


def preview_of(page: OneDecision) -> dict[str, Any]:
    """Return what the pages of the preview and of the confirmation show."""
    decision = page.decision
    found = seen(decision, on=page.today, sees_names=page.rights.sees_names)
    return {
        "seen": found,
        "rows": found.rows,
        "sections": found.sections,
        "counted": sheets.counted(decision.preview, decision.outcome),
        "tables": sheets.figure_tables(decision.preview),
        "panel": panel(page, found),
        "every": "in" in page.request.GET,
    }


class ReorganizationConfirm(DecisionAction):
    """The second person's answer, to exactly what the preview says."""

    form_class = AnswerForm
    template_name = "organizations/reorganization_confirm.html"
    title = gettext_lazy("Confirm the decision")
    needs_fresh_proof = True
    submit_label = gettext_lazy("Confirm the decision")

    def allows(self) -> bool:
        return self.rights.confirms

    def prepare(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        if request.method == "POST":
            return None
        found = seen(self.decision, on=self.today, sees_names=False)
        if not found.is_current or found.refusals:
            messages.warning(request, _("Make the preview first, and see what it says."))
            return SeeOther(self.at("preview"))
        return None

    def act(self, form: AnswerForm) -> Reorganization:
        return operations.confirm(self.decision, **self.who())

    def get_success_url(self, result: Reorganization) -> str:
        if self.decision.effective_on <= self.today:
            return self.at("progress")
        return self.at("detail")

    def get_success_message(self, result: Reorganization) -> str:
        return _("The decision is confirmed.")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**preview_of(self), **kwargs)


# ---------------------------------------------------------------- progress


def is_previewing(decision: Reorganization) -> bool:
    """Say whether a worker is making the preview of a large decision."""
    job: Job | None = decision.job
    return (
        job is not None and job.kind == operations.KIND_PREVIEW and job.state == Job.State.RUNNING
    )


def is_running(decision: Reorganization, *, on: date) -> bool:
    """Say whether the decision is being applied, so that a page looks again by itself."""
    return decision.state == State.CONFIRMED and decision.effective_on <= on


def preview_errors(decision: Reorganization) -> list[str]:
    """Return why a worker could not make the preview, if it could not."""
    job: Job | None = decision.job
    if job is None or job.kind != operations.KIND_PREVIEW or job.state != Job.State.FAILED:
        return []
    return list(job.errors)


def progress(decision: Reorganization) -> dict[str, int]:
    """Return how much of its job is done; a total of zero while nothing is counted yet."""
    job: Job | None = decision.job
    return {"done": job.done, "total": job.total} if job else {"done": 0, "total": 0}


class ReorganizationProgress(OneDecision, TemplateView):
    """How far applying is; asked every second by itself, by a link without JavaScript."""

    template_name = "organizations/reorganization_progress.html"

    def get_template_names(self) -> list[str]:
        return [f"{self.template_name}#state" if self.is_asked_again() else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.find(self.request, kwargs["decision"])
        return {
            **self.heading(),
            "counted": sheets.counted(self.decision.preview, self.decision.outcome),
            "errors": self.decision.job.errors if self.decision.job else [],
            "url": self.at("progress"),
            "rows": [] if self.is_asked_again() else sheets.event_rows(self.decision),
        }

    def is_asked_again(self) -> bool:
        return bool(getattr(self.request, "htmx", False))

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        answer = super().render_to_response(context, **kwargs)
        if self.is_asked_again() and not context["is_running"] and not context["is_previewing"]:
            answer.headers["HX-Refresh"] = "true"  # it has ended: the whole page says how
        return answer


# ---------------------------------------------------------------- a pasted table


class ReorganizationImport(DecisionAction):
    """Many events at once: paste, look at what each row says, then write; nothing before that."""

    form_class = PastedForm
    template_name = "organizations/reorganization_import.html"
    title = gettext_lazy("Add many events from a table")
    submit_label = gettext_lazy("Check the rows")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "write" in request.POST:
            return super().post(request, *args, **kwargs)
        form = self.get_form(request.POST)
        if not form.is_valid():
            return self.answer(form, status=422)
        try:
            rows: list[operations.ParsedRow] = operations.check_events(
                self.decision, **self.who(), text=form.cleaned_data["table"]
            )
        except DomainError as refused:
            form.add_error(None, str(refused))
            return self.answer(form, status=422)
        return self.answer(form, status=200, checked=checked(rows))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        example = dict(kinds()).get("cell", "")
        return super().get_context_data(example_kind=example, **kwargs)

    def act(self, form: PastedForm) -> list[ReorganizationEvent]:
        return operations.import_events(
            self.decision, **self.who(), text=form.cleaned_data["table"]
        )

    def get_success_message(self, result: list[ReorganizationEvent]) -> str:
        return ngettext("%(n)s row is added.", "%(n)s rows are added.", len(result)) % {
            "n": len(result)
        }


def checked(rows: Sequence[operations.ParsedRow]) -> dict[str, Any]:
    """Return the parsed rows for the table of verdicts."""
    labels = dict(ReorganizationKind.choices)
    lines = [
        {
            "number": row.number,
            "kind": row.typed[0] if row.error else labels.get(row.kind, "–"),
            "sources": row.typed[1] if row.error else ", ".join(str(unit) for unit in row.sources),
            "results": row.typed[2]
            if row.error
            else ", ".join(
                unit.name if isinstance(unit, operations.NewUnit) else str(unit)
                for unit in row.results
            ),
            "error": row.error,
            "waits": row.waits,
        }
        for row in rows
    ]
    wrong = sum(bool(row.error) for row in rows)
    return {"rows": lines, "wrong": wrong, "right": len(lines) - wrong}

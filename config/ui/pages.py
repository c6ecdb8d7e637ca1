"""The two kinds of page: a list that is narrowed, and an action that is carried out once.

A list::

    class CandidateList(FilteredListView):
        queryset = Candidate.objects.select_related("cell").order_by("sort_key", "pk")
        filterset_class = CandidateFilter
        template_name = "admissions/candidate_list.html"

its template holds `{% partialdef results inline %}…{% endpartialdef %}` inside
`<section id="results">`, with `ui/filter_form.html` above and `ui/pagination.html` within.

An action::

    class BallotCreate(ActionView):
        form_class = BallotForm
        template_name = "admissions/ballot_form.html"   # or ui/action.html

        def load(self, request, number):              # 404 here for what is not theirs
            self.candidate = get_object_or_404(Candidate.objects.visible_to(request.user), …)

        def perform(self, form):                      # ONE operation
            return record_ballot(self.candidate, by=self.request.user, **form.values())

        def get_success_url(self, result):
            return self.candidate.get_absolute_url()

        def get_success_message(self, result):
            return _("The ballot is recorded.")

GET shows the form. POST: not valid, or refused by the operation (`DomainError`) → the same page,
422, sentences at their fields, what was typed kept. Carried out → 303 to the result. The same sent
twice → carried out once, 303 to the first result. Seen in an older state (`get_version`) → 409.
What was carried out is told to the audit.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.core.exceptions import ReauthenticationRequired
from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import resolve
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.generic import ListView, View

from config.accounts import has_fresh_proof
from config.errors import DomainError

from .forms import OnceForm, ProductForm, SecondPersonForm, VersionedForm
from .searching import asked

PAGE_SIZES = (25, 50, 100, 200)
PAGE_PARAMETER = "trang"
SIZE_PARAMETER = "so_dong"


class SafePaginator(Paginator):  # type: ignore[type-arg]
    """Pages whose number may be anything: too high is the last one, nonsense the first."""

    def page(self, number: int | str) -> Page[Any]:
        try:
            wanted = int(number)
        except (TypeError, ValueError):
            wanted = 1
        return super().page(min(max(wanted, 1), self.num_pages))


class FilteredListView(ListView):  # type: ignore[type-arg]
    """A list page: filter form, table, pages. htmx asking for `#results` gets only that partial.

    Subclasses set `queryset`, whose `visible_to` scopes the page, `filterset_class` and
    `template_name`. The template gets `filter`, `page_obj`, `total` and `page_sizes`.
    """

    filterset_class: ClassVar[Any] = None
    paginate_by = 50
    paginator_class = SafePaginator
    page_kwarg = PAGE_PARAMETER

    def scoped(self) -> QuerySet[Any]:
        """Return the rows that this user may see, before the filter."""
        rows: Any = super().get_queryset()
        scoped: QuerySet[Any] = rows.visible_to(self.request.user)
        return scoped

    def get_queryset(self) -> QuerySet[Any]:
        self.filterset = self.filterset_class(
            asked(self.request) or None, self.scoped(), request=self.request
        )
        rows: QuerySet[Any] = self.filterset.qs
        return rows

    def get_paginate_by(self, queryset: Any) -> int:
        wanted = self.request.GET.get(SIZE_PARAMETER, "")
        return int(wanted) if wanted in {str(size) for size in PAGE_SIZES} else self.paginate_by

    def paginate_queryset(self, queryset: Any, page_size: int) -> Any:
        # Django's would answer 404 to a page beyond the end, which a filter makes easily.
        paginator = self.get_paginator(queryset, page_size)
        page = paginator.page(self.request.GET.get(PAGE_PARAMETER, 1))
        return paginator, page, page.object_list, page.has_other_pages()

    def get_template_names(self) -> list[str]:
        htmx = getattr(self.request, "htmx", None)
        if htmx and htmx.target == "results":
            return [f"{self.template_name}#results"]
        return [str(self.template_name)]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        paginator = context.get("paginator")
        return {
            **context,
            "filter": self.filterset,
            "total": paginator.count if paginator else len(context["object_list"]),
            "page_sizes": PAGE_SIZES,
            "page_size": self.get_paginate_by(None),
        }

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        response = super().render_to_response(context, **kwargs)
        response.headers["Vary"] = "HX-Request"
        return response


class SeeOther(HttpResponseRedirect):
    """The result of an action, to be fetched by GET whatever the action's method was."""

    status_code = 303


class Stale(Exception):
    """The record was changed after the page was shown."""


def is_brought_up_again(request: HttpRequest) -> bool:
    """Say whether allauth kept this request from before a proof, and makes it anew after it."""
    match = request.resolver_match
    return match is not None and resolve(request.path_info).func is not match.func


def proof_is_missing(request: HttpRequest) -> bool:
    """Say whether an approval must wait for a proof; never in a demonstration."""
    session: Any = request.session
    return settings.STEP_UP and not session.is_demonstration and not has_fresh_proof(request)


class ActionView(View):
    """A form that is carried out: see the top of this module."""

    form_class: type[ProductForm]
    template_name: str = "ui/action.html"
    title: str | Promise = ""
    submit_label: str | Promise = ""
    initial: Mapping[str, Any] = {}
    told_as: str | Promise = ""
    """What the audit calls it, where the class's `title` or `submit_label` do not; names nobody."""
    told_kind = "write"
    needs_fresh_proof: bool = False
    """An approval: whoever gives it proved lately that it is they. Asked before the form is shown.
    A form that is sent too late is shown again after the proof, to be sent once more; where its
    address has a query, without what was typed."""

    # ---- what a page says of itself

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        """Fetch, scoped by `visible_to`, what the page is about; may answer by itself."""
        return None

    def perform(self, form: Any) -> Any:
        """Call one operation with the form's cleaned values; return the row that records it."""
        raise NotImplementedError

    def get_success_url(self, result: Any) -> str:
        raise NotImplementedError

    def get_success_message(self, result: Any) -> str | Promise:
        return ""

    def get_cancel_url(self) -> str:
        return ""

    def get_initial(self) -> Mapping[str, Any]:
        return self.initial

    def get_form_kwargs(self) -> dict[str, Any]:
        """Return further arguments of the form's constructor."""
        return {}

    def get_version(self) -> str | None:
        """Return what tells the state of the record seen (a version, a stage); None: any state.

        Needs a `VersionedForm`; read again inside the transaction of the action.
        """
        return None

    def get_conflict(self) -> str | Promise:
        """Return who changed the record, when, and to what: shown with the 409."""
        return ""

    def get_told(self, result: Any) -> Any:
        """Return the record that the audit names: what the page is about."""
        return result

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            "title": self.title,
            "submit_label": self.submit_label,
            "cancel_url": self.get_cancel_url(),
            "view": self,
            **kwargs,
        }

    # ---- how it is carried out

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in {"GET", "HEAD", "POST"}:
            answer = self.load(request, **kwargs)
            if answer is not None:
                return answer
            if self.needs_fresh_proof and proof_is_missing(request):
                if request.method != "POST":
                    # What was sent too late before, by whomever, is not brought up again.
                    request.session.pop(STATE_SESSION_KEY, None)
                raise ReauthenticationRequired
            if self.needs_fresh_proof and is_brought_up_again(request):
                return self.answer(self._sent_too_late(request))
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, data: Any = None, files: Any = None) -> ProductForm:
        initial = dict(self.get_initial())
        if issubclass(self.form_class, VersionedForm):
            initial.setdefault("version", self.get_version() or "")
        return self.form_class(data, files, initial=initial, **self.get_form_kwargs())

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(self.get_form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.get_form(request.POST, request.FILES)
        if not form.is_valid():
            return self.answer(form, status=422)
        try:
            url = self._carried_out_once(form)
        except Stale:
            return self.answer(self._seen_anew(form), status=409, conflict=self.get_conflict())
        except DomainError as error:
            form.refuse(error)
            self._tell_refused(error)
            return self.answer(form, status=422)
        return SeeOther(url)

    def answer(self, form: ProductForm, *, status: int = 200, **more: Any) -> HttpResponse:
        """Show the page with `form`."""
        context = self.get_context_data(form=form, is_conflict=status == 409, **more)
        return render(self.request, self.template_name, context, status=status)

    @transaction.atomic
    def _carried_out_once(self, form: ProductForm) -> str:
        # The receipt is written before the action and in its transaction: a second sending waits
        # at the unique key for the first to end, then finds its result; a refusal leaves none.
        receipt = self._receipt(form)
        if receipt is not None and receipt.result_url:
            return str(receipt.result_url)
        version = self.get_version()
        if version is not None and form.cleaned_data.get("version", "") != version:
            raise Stale
        result = self.perform(form)
        url = self.get_success_url(result)
        if receipt is not None:
            receipt.result_url = url
            receipt.save(update_fields=["result_url"])
        self._tell(result, form)
        if message := str(self.get_success_message(result)):
            messages.success(self.request, message)
        return url

    def _tell(self, result: Any, form: ProductForm) -> None:
        """Write the audit's event: in the action's transaction, and as its last statement."""
        kept = type(self)  # on the page itself a title may have somebody's name in it
        said = (self.told_as, kept.title, kept.submit_label)
        words = next((one for one in said if isinstance(one, str | Promise) and one), "")
        is_answer = isinstance(form, SecondPersonForm)
        answered = {"answer": form.cleaned_data["answer"]} if is_answer else {}
        events: Any = apps.get_model("organizations", "AuditEvent")._default_manager
        events.carried_out(
            self.request,
            words=words,
            record=self.get_told(result),
            within=getattr(self, "organization", None),
            kind=self.told_kind,
            payload=answered,
        )

    def _tell_refused(self, error: DomainError) -> None:
        """Write the audit's event of a refusal that answers more than the form asked."""
        if not error.action:
            return
        events: Any = apps.get_model("organizations", "AuditEvent")._default_manager
        within = getattr(self, "organization", None)
        events.note(
            self.request, words=error.told_as, action=error.action, within=within, kind="denied"
        )

    def _receipt(self, form: ProductForm) -> Any:
        if not isinstance(form, OnceForm) or not self.request.user.is_authenticated:
            return None
        receipts: Any = apps.get_model("organizations", "FormReceipt")._default_manager
        receipt, _new = receipts.get_or_create(
            user=self.request.user, key=uuid.uuid5(form.cleaned_data["once"], self._sent())
        )
        return receipt

    def _sent(self) -> str:
        """Return what was sent, and where to: who goes back to a form that was carried out and
        fills it in for somebody else sends the old key with other values, and means them."""
        own = {"once", "csrfmiddlewaretoken"}
        values = sorted((name, found) for name, found in self.request.POST.lists())
        typed = [(name, found) for name, found in values if name not in own]
        return f"{self.request.get_full_path()} {typed}"

    def _sent_too_late(self, request: HttpRequest) -> ProductForm:
        """Return the form as it was sent before the proof, to be looked at and sent once more.

        It is not carried out by itself: whoever proved may not be the one who sent it.
        """
        messages.info(request, _("Look once more at what was filled in, and send it."))
        return self.get_form(request.POST)

    def _seen_anew(self, form: ProductForm) -> ProductForm:
        """Return the form as typed, now knowing the present state: sending again is deliberate."""
        data = self.request.POST.copy()
        data[form.add_prefix("version")] = self.get_version() or ""
        data[form.add_prefix("once")] = str(uuid.uuid4())
        return self.get_form(data, self.request.FILES)

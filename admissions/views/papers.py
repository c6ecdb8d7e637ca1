"""Pages of papers: receiving them, one paper with its scans, and the catalogue."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.generic import View

from admissions import attachments
from admissions.cases import VERIFICATION_FORM, case_of
from admissions.eligibility import union_unsaid
from admissions.forms.papers import PapersForm, ReasonForm, ScanForm
from admissions.models import Scan
from admissions.operations.papers import receive_papers
from admissions.operations.scans import add_scan, gives_a_reason, read_scan
from admissions.selectors import step_url
from admissions.selectors.papers import asked_for, catalogue, paper_page
from admissions.stages import Level, Step
from config import clock
from config.errors import DomainError
from organizations.audit import braked
from organizations.models import AccessEvent, AuditEvent, Role
from organizations.operations.brakes import ReadTooMuch, brake_reading
from organizations.permissions import holds

from .file_action import FileAction, visible_file


class ReceivePapers(FileAction):
    form_class = PapersForm
    template_name = "admissions/papers_form.html"
    step = Step.RECEIVE_PAPER
    title = gettext_lazy("Receive papers")
    submit_label = gettext_lazy("Save the papers")

    def is_open(self) -> bool:
        return super().is_open() and bool(self.case.receivable)

    def get_form_kwargs(self) -> dict[str, Any]:
        asked, other = asked_for(self.case)
        return {"case": self.case, "kinds": asked, "other": other}

    def get_initial(self) -> dict[str, Any]:
        return {"received_on": clock.today()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asks = any(kind.code == VERIFICATION_FORM for kind in self.case.missing_papers)
        return super().get_context_data(
            verifications_url=step_url(self.case, Step.RECEIVE_VERIFICATION) if asks else "",
            is_asked=bool(self.case.open_verifications),
            unsaid="" if self.case.passed(Level.CELL) else union_unsaid(self.case),
            **kwargs,
        )

    def perform(self, form: PapersForm) -> Any:
        return receive_papers(self.file, papers=form.papers(), **self.keywords())

    def get_success_message(self, result: Any) -> str:
        return _("%(number)s papers are in the file.") % {"number": len(result)}


class PaperDetail(View):
    def get(self, request: HttpRequest, public_id: Any, paper: int) -> HttpResponse:
        file = visible_file(request, public_id)
        page = paper_page(file, paper, user=request.user, on=clock.today())  # type: ignore[arg-type]
        if page is None:
            raise Http404
        AccessEvent.objects.note(request, words=gettext_noop("Opened the page"), record=file)
        return render(request, "admissions/paper_detail.html", {"page": page, "file": file})


class ScanCreate(FileAction):
    form_class = ScanForm
    step = Step.RECEIVE_PAPER
    title = gettext_lazy("Add a scan")
    submit_label = gettext_lazy("Keep the scan")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        answer = super().load(request, **kwargs)
        if answer is None:
            papers = self.file.papers.select_related("kind")
            self.paper = get_object_or_404(papers, pk=kwargs["paper"])
        return answer

    def is_open(self) -> bool:
        return True  # the paper of a closed file may be scanned late

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"scans": self.paper.scans.filter(replaced_by__isnull=True)}

    def get_success_url(self, result: Any) -> str:
        return reverse("candidate-paper", args=[self.file.public_id, self.paper.pk])

    def get_cancel_url(self) -> str:
        return self.get_success_url(None)

    def _sent(self) -> str:
        # Another file chosen on the same page is another scan.
        file = self.request.FILES.get("scan")
        return f"{super()._sent()} {_digest(file) if file else ''}"

    def perform(self, form: ScanForm) -> Any:
        file = form.cleaned_data["scan"]
        if file.size > attachments.PDF_BYTES:
            # Not read into memory at all.
            raise DomainError(fields={"scan": _("The file is too large.")})
        file.seek(0)
        return add_scan(
            self.file,
            paper=self.paper,
            content=file.read(),
            name=file.name,
            replaces=form.cleaned_data.get("replaces"),
            **self.keywords(),
        )

    def get_success_message(self, result: Any) -> str:
        return _("The scan is kept.")


def _digest(file: Any) -> str:
    found = hashlib.sha256()
    for chunk in file.chunks():
        found.update(chunk)
    return found.hexdigest()


class ScanOpen(View):
    """The page that asks why a scan is opened, and gives it out: as a file to save, never shown."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.file = visible_file(request, kwargs["public_id"])
        scans = Scan.objects.select_related("paper__kind").filter(paper__candidate=self.file)
        self.scan = get_object_or_404(scans, paper=kwargs["paper"], pk=kwargs["scan"])

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.answer(ReasonForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self.answer(form, status=422)
        user: Any = request.user
        today = clock.today()
        try:
            with transaction.atomic():
                brake_reading(user, cell=self.file.cell_id, on=today)
                read_scan(self.scan, by=user, on=today, reason=form.cleaned_data["reason"])
                AuditEvent.objects.carried_out(
                    request, words=gettext_noop("Open a scan"), record=self.file, kind="read"
                )
        except ReadTooMuch as brake:
            return braked(request, brake, record=self.file, back_url=self.paper_url())
        except DomainError as error:
            form.refuse(error)
            return self.answer(form, status=422)
        except PermissionDenied:
            raise Http404 from None
        return given_out(self.scan)

    def paper_url(self) -> str:
        return reverse("candidate-paper", args=[self.file.public_id, self.scan.paper_id])

    def answer(self, form: ReasonForm, *, status: int = 200) -> HttpResponse:
        on = clock.today()
        context = {
            "title": _("Open a scan"),
            "submit_label": _("Open the scan"),
            "cancel_url": self.paper_url(),
            "form": form,
            "file": self.file,
            "scan": self.scan,
            "case": case_of(self.file, on=on),
            "asks_why": gives_a_reason(self.file, by=self.request.user, on=on),  # type: ignore[arg-type]
        }
        return render(self.request, "admissions/scan_open.html", context, status=status)


def given_out(scan: Scan) -> HttpResponse:
    """Return the content of `scan` as a file to save, that no browser opens in the product."""
    try:
        content = attachments.kept(scan.sha256)
    except (FileNotFoundError, ValueError):
        raise Http404 from None
    answer = HttpResponse(content, content_type=scan.content_type)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(scan.name)}"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "no-store, private"
    return answer


class PaperCatalogue(View):
    """The forms by rule set: read by whoever works with files; only migrations write them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        today = clock.today()
        if not holds(request.user, *Role.sees_names(), Role.ADMINISTRATOR, on=today):
            raise Http404
        page = catalogue(request.GET.get("quy-dinh", ""), on=today)
        if page is None:
            raise Http404
        return render(request, "admissions/paper_catalogue.html", {"page": page})

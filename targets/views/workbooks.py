"""The grid of targets as an Excel file: taken away, and brought back filled in."""

from urllib.parse import quote, urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config import clock, workbooks
from config.errors import DomainError
from config.ui.pages import ActionView
from organizations.models import User
from targets import permissions, sheets, workbook
from targets.operations.cycles import current_cycle
from targets.operations.drafts import save_drafts
from targets.views.targets import address, organization_asked
from targets.workbook_forms import GridChangesForm, GridFileForm

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def grid_export(request, year):
    today = clock.today()
    organization = organization_asked(request, year)
    reads = permissions.reads_drafts_of(request.user, organization, on=today)
    cycle = current_cycle(organization, year=year) if reads else None
    rows = sheets.grid(organization, year=year, on=today, cycle=cycle)
    if not rows:
        raise Http404
    who = request.user.full_name or request.user.username
    content = workbook.write(organization, rows, year=year, who=who, at=clock.now())
    answer = HttpResponse(content, content_type=XLSX)
    name = quote(f"giao-chi-tieu-{year}-{organization.slug}.xlsx")
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


class GridImport(ActionView):
    """A file is chosen, what it changes is looked at, then all of it is saved as drafts or none."""

    template_name = "targets/grid_import.html"
    title = _("Import the table from Excel")
    submit_label = _("Look at what changes")

    @property
    def form_class(self):
        return GridChangesForm if "write" in self.request.POST else GridFileForm

    def load(self, request, year):
        self.year = year
        self.today = clock.today()
        self.organization = organization_asked(request, year)
        if not sheets.assigns_beneath(request.user, self.organization, on=self.today):
            raise PermissionDenied
        self.cycle = current_cycle(self.organization, year=year)

    def rows(self):
        return sheets.grid(self.organization, year=self.year, on=self.today, cycle=self.cycle)

    def post(self, request, *args, **kwargs):
        if "write" in request.POST:
            return super().post(request, *args, **kwargs)
        form = self.get_form(request.POST, request.FILES)
        if not form.is_valid():
            return self.answer(form, status=422)
        try:
            read = self.read(form.cleaned_data["file"])
        except DomainError as refused:
            form.refuse(refused)
            return self.answer(form, status=422)
        return self.answer(form, status=422 if read.wrong else 200, read=read)

    def read(self, file):
        self.refuse_closed()
        if file.size > workbooks.BYTES:
            # Not read into memory at all.
            raise DomainError(fields={"file": gettext("The file is too large: at most 5 MB.")})
        return workbook.read(
            file.read(),
            name=file.name,
            organization=self.organization,
            year=self.year,
            rows=self.rows(),
        )

    def refuse_closed(self):
        if self.cycle is None:
            raise DomainError(
                gettext("No assignment of %(year)s is under way: open one on the grid first.")
                % {"year": self.year}
            )

    def perform(self, form):
        self.refuse_closed()
        asked = form.cleaned_data
        read = workbook.read_again(asked["marks"], rows=self.rows())
        refuse_overtaken(read, seen=asked["seen"] if asked["leave"] else "")
        try:
            return save_drafts(
                self.cycle,
                by=self.request.user,
                on=self.today,
                numbers={one.row.key: one.number for one in read.taken},
                versions={one.row.key: one.mark.version for one in read.taken},
            )
        except DomainError as refused:
            # At cells that this page does not have: each with the name of its unit.
            raise DomainError(" ".join(self.told(refused))) from refused

    def told(self, refused):
        names = {f"target-{row.key}": row.organization.short_name for row in self.rows()}
        if refused.sentence:
            yield refused.sentence
        for argument, sentence in refused.fields.items():
            yield f"{names.get(argument, '')}: {sentence}" if argument in names else sentence

    def get_success_url(self, result):
        return address("target-grid", self.year, self.organization)

    def get_success_message(self, result):
        return ngettext(
            "%(n)s number is saved as a draft.", "%(n)s numbers are saved as drafts.", len(result)
        ) % {"n": len(result)}

    def get_cancel_url(self):
        return self.get_success_url(None)

    def get_context_data(self, form, read=None, **kwargs):
        if read is None and getattr(form, "cleaned_data", {}).get("marks"):
            # Refused: what stands in the cells now is looked at again.
            read = workbook.read_again(form.cleaned_data["marks"], rows=self.rows())
        if read and not read.wrong and read.taken:
            kwargs["changes"] = form if "marks" in form.fields else GridChangesForm()
            kwargs["changes"]["leave"].label = leaving(len(read.overtaken))
        return super().get_context_data(
            form=form,
            read=read,
            overtaken=with_savers(read.overtaken) if read else [],
            organization=self.organization,
            year=self.year,
            is_open=self.cycle is not None and self.cycle.is_open,
            query="?" + urlencode({"dv": self.organization.slug}),
            **kwargs,
        )


def leaving(n):
    return ngettext(
        "Leave the %(n)s changed cell as it is, and save the others",
        "Leave the %(n)s changed cells as they are, and save the others",
        n,
    ) % {"n": n}


def with_savers(changes):
    """Return [(change, who saved what stands in its cell now, None where nobody drafted it)]."""
    drafts = [one.row.draft for one in changes]
    users = User.objects.in_bulk({draft.saved_by_id for draft in drafts if draft})
    return [
        (one, users[draft.saved_by_id] if draft else None)
        for one, draft in zip(changes, drafts, strict=True)
    ]


def refuse_overtaken(read, *, seen):
    """Refuse to take in `read` where cells were changed since that are not among those `seen` to
    be left as they are."""
    if not read.is_whole:
        raise DomainError(
            gettext("A unit of the file stands beneath no more: export the table anew.")
        )
    if not read.taken:
        raise DomainError(gettext("No number is left to save: export the table anew."))
    if read.overtaken and seen != read.seen:
        sentence = gettext(
            "Cells were changed after the file was exported; see which, then tick this, or export"
            " the table anew."
        )
        raise DomainError(fields={"leave": sentence})

"""The page that reconciles: given by the superior, given out, in reserve, over-given."""

from urllib.parse import urlencode

from django import forms
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config import clock
from config.ui import charts
from config.ui.forms import DateField, ProductForm
from config.ui.templatetags.ui import number
from targets.reconciliation import reconciliation
from targets.views.targets import organization_asked

SEVERAL = 12
"""So many days with decisions are linked at once."""


class DayForm(ProductForm):
    dv = forms.CharField(widget=forms.HiddenInput, required=False)
    ngay = DateField(label=_("By the decisions of"))

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_ngay(self):
        day = self.cleaned_data["ngay"]
        if day > self.today:
            raise forms.ValidationError(_("The day lies in the future."))
        return day


@require_safe
def target_reconciliation(request, year):
    today = clock.today()
    organization = organization_asked(request, year)
    asked = {"dv": organization.slug, "ngay": request.GET.get("ngay") or today.strftime("%d/%m/%Y")}
    form = DayForm(asked, today=today)
    is_right = form.is_valid()
    on = (form.cleaned_data.get("ngay") if is_right else None) or today
    found = reconciliation(organization, year=year, on=on)
    if not found.nodes and on == today:
        raise Http404
    return render(
        request,
        "targets/reconciliation.html",
        {
            "organization": organization,
            "year": year,
            "found": found,
            "rows": [(node, _bar(node)) for node in found.nodes],
            "form": form,
            "days": [
                (day, "?" + urlencode({"dv": organization.slug, "ngay": f"{day:%d/%m/%Y}"}))
                for day in found.days[:SEVERAL]
            ],
            "today": today,
            "query": "?" + urlencode({"dv": organization.slug}),
            "on_query": "" if on == today else "&" + urlencode({"ngay": f"{on:%d/%m/%Y}"}),
        },
        status=200 if is_right else 422,
    )


def _bar(node):
    """Draw what is given out against the own target; nothing without one."""
    given = node.given
    if not given.low:
        return charts.NOTHING
    words = gettext("%(name)s: %(given)s of %(aim)s given out") % {
        "name": node.organization.short_name,
        "given": number(given.given_low),
        "aim": given.aim,
    }
    # Within a range of its own nothing is missing and nothing too much: the line stands at its end.
    low, line = given.given_low, given.low
    if given.reserve:
        low = given.given_high
    elif given.over:
        line = given.high
    else:
        low = line
    return charts.bullet(low, line, label=words, behind=node.differs)

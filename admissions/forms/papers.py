"""Forms of papers: which have come in, and their scans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from admissions.cases import Case
from admissions.models import PaperKind, Scan
from admissions.selectors.papers import kind_name
from config.errors import DomainError
from config.ui.forms import DateField, LineField, OnceForm, ProductForm

TODAY_HINT = _("Day/month/year, for example 05/06/2021.")


class PapersForm(OnceForm):
    """One page for the papers that are asked for and not in: the date of each that has come in.

    Of the helpers' comments one row for each helper. `other` are papers that no step asks for.
    """

    quiet_optional = True

    def __init__(
        self,
        *args: Any,
        case: Case,
        kinds: Sequence[PaperKind],
        other: Sequence[PaperKind],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.other = {str(kind.pk): kind for kind in other}
        self.asked: list[tuple[str, PaperKind, str]] = []
        for kind in kinds:
            if kind.maker == PaperKind.Maker.HELPER and case.silent_helpers:
                self.asked += [
                    (f"{kind.pk}-{one.mentor_id}", kind, one.mentor.full_name)
                    for one in case.silent_helpers
                ]
            else:
                self.asked.append((str(kind.pk), kind, ""))
        for row, kind, signer in self.asked:
            label = f"{kind_name(kind)} · {kind.code}"
            self.fields[f"dated_on-{row}"] = DateField(
                label=f"{label} · {signer}" if signer else label, required=False
            )
        if self.other:
            choices = [
                (key, f"{kind_name(kind)} · {kind.code}") for key, kind in self.other.items()
            ]
            self.fields["other"] = forms.ChoiceField(
                label=_("Another paper to be kept with the file"),
                choices=[("", "–"), *choices],
                required=False,
            )
            self.fields["other_on"] = DateField(label=_("Dated"), required=False)
        self.fields["received_on"] = DateField(label=_("Received on"), help_text=TODAY_HINT)

    def rows(self) -> list[tuple[PaperKind, forms.BoundField]]:
        """Return each paper asked for with its field, for the table."""
        return [(kind, self[f"dated_on-{row}"]) for row, kind, _signer in self.asked]

    def others(self) -> list[forms.BoundField]:
        """Return the fields of a paper that no step asks for."""
        return [self["other"], self["other_on"]] if self.other else []

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        names = [f"dated_on-{row}" for row, _kind, _signer in self.asked]
        chosen, day = found.get("other"), found.get("other_on")
        if chosen and not day and "other_on" not in self.errors:
            self.add_error("other_on", _("Enter the day."))
        elif day and not chosen:
            self.add_error("other", _("Choose which paper it is."))
        any_date = any(found.get(name) or name in self.errors for name in [*names, "other_on"])
        if not any_date and not chosen:
            first = names[0] if names else "other"
            self.add_error(first, _("Enter the date of at least one paper."))
        return found

    def papers(self) -> list[dict[str, Any]]:
        """Return what `receive_papers` takes: the papers whose date was entered."""
        received_on = self.cleaned_data["received_on"]
        found = [
            {
                "kind": kind,
                "dated_on": dated_on,
                "received_on": received_on,
                "signer": signer,
                "row": row,
            }
            for row, kind, signer in self.asked
            if (dated_on := self.cleaned_data.get(f"dated_on-{row}"))
        ]
        if kind := self.other.get(self.cleaned_data.get("other", "")):
            day = self.cleaned_data["other_on"]
            found.append(
                {"kind": kind, "dated_on": day, "received_on": received_on, "row": "other"}
            )
        return found

    def refuse(self, error: DomainError) -> None:
        papers = self.papers()
        fields = {}
        for argument, sentence in error.fields.items():
            name, _dash, row = argument.partition("-")
            if name != "received_on" and papers:
                row = row or papers[0]["row"]
                found = "other_on" if row == "other" else f"dated_on-{row}"
                fields[found] = sentence
            else:
                fields[name] = sentence
        super().refuse(DomainError(error.sentence, fields=fields))


class ScanField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Scan) -> str:
        return f"{obj.name} · {obj.entered_at:%d/%m/%Y}"


class ScanForm(OnceForm):
    scan = forms.FileField(
        label=_("Scan"),
        help_text=_("PDF up to 20 MB, JPEG or PNG up to 10 MB. No papers marked secret."),
        error_messages={
            "required": _("Choose a file."),
            "invalid": _("Choose a file."),
            "missing": _("Choose a file."),
            "empty": _("The file is empty."),
        },
        max_length=None,
    )
    replaces = ScanField(label=_("In the place of"), queryset=Scan.objects.none(), required=False)

    def __init__(self, *args: Any, scans: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["replaces"].queryset = scans  # type: ignore[attr-defined]
        if not scans:
            del self.fields["replaces"]


class ReasonForm(ProductForm):
    """Why a scan is opened, where that is asked."""

    reason = LineField(
        label=_("Reason"),
        max_length=300,
        required=False,
        help_text=_("Who opened a scan, when and why can be read by the committee."),
    )

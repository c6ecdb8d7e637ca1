"""Forms of reorganisation decisions: the decision, its events, who goes where, the pasted table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.ui.forms import DateField, LineField, NameField, NoteField, OnceForm, VersionedForm
from organizations import selectors
from organizations.forms import OrganizationField, SuggestedInput, choices, chosen_of
from organizations.models import EventUnit, Organization, ReorganizationKind
from organizations.models.organization import OrganizationQuerySet
from organizations.operations.reorganizations import NewUnit
from organizations.sheets.reorganizations import FEW_PARTS, AssignSheet

LINES = 6
"""So many organisations are entered one by one; more are pasted as a table."""
MOST_PARTS = 20
MOST_LETTERS = 300


class DecisionForm(VersionedForm, OnceForm):
    """The head of a decision."""

    organization = OrganizationField(
        label=_("Deciding organisation"),
        help_text=_("All units of the decision stand beneath it. Write a part of its name."),
    )
    number = LineField(
        label=_("Decision number"),
        max_length=40,
        help_text=_("As written on it, for example 131-QĐ/ĐU"),
        error_messages={"required": _("Enter the decision's number.")},
    )
    signed_on = DateField(label=_("Signed on"))
    signer = NameField(label=_("Signed by"), error_messages={"required": _("Enter who signed it.")})
    effective_on = DateField(
        label=_("In force from"),
        help_text=_("The first day of the new structure; it may be past, today or to come."),
    )
    note = LineField(label=_("Note"), max_length=300, required=False)

    def __init__(
        self, *args: Any, scope: OrganizationQuerySet | None, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if scope is None:  # the decision is there: whose it is stays
            del self.fields["organization"]
            return
        found = self.fields["organization"]
        assert isinstance(found, OrganizationField)
        found.offer(scope, on=today)


class ReasonForm(VersionedForm, OnceForm):
    """Why a decision is cancelled."""

    reason = NoteField(
        label=_("Reason"),
        max_length=300,
        error_messages={"required": _("Enter why it is cancelled.")},
    )


class AnswerForm(VersionedForm, OnceForm):
    """Nothing to fill in: the button is the answer."""


# ---------------------------------------------------------------- organisations of one list


class UnitInput(SuggestedInput):
    """A line of text that is suggested from the page's one list of organisations, `units`."""

    template_name = "organizations/unit_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = "units"
        return context


class UnitField(OrganizationField):
    """One organisation; the page holds the suggestions once, for all such fields."""

    widget = UnitInput

    def suggest(self, organizations: OrganizationQuerySet) -> None:
        """Leave the suggestions to the page."""


class SeveralInput(UnitInput):
    """A line for each organisation, all of one name; two empty ones remain to be filled in."""

    template_name = "organizations/several_input.html"

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> list[str]:
        found: list[str] = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        lines = [line for line in found if str(line).strip()]
        return [data.get(chosen_of(name, at)) or line for at, line in enumerate(lines, 1)]

    def format_value(self, value: Any) -> Any:
        return value

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, None, attrs)
        typed = [str(one) for one in (value or []) if str(one).strip()]
        blanks = max(LINES - len(typed), 2)
        context["widget"]["lines"] = [*typed, *[""] * blanks]
        context["widget"]["is_wrong"] = "aria-invalid" in context["widget"]["attrs"]
        return context


class SeveralUnitsField(UnitField):
    """Several organisations, each written as one is; empty lines count for nothing."""

    widget = SeveralInput

    def __init__(self, *, at_least: int = 1, at_most: int = 200, **kwargs: Any) -> None:
        self.at_least, self.at_most = at_least, at_most
        kwargs.setdefault("template_name", "organizations/several_field.html")
        super().__init__(**kwargs)
        self.required = False

    def to_python(self, value: Any) -> Any:
        return value

    def clean(self, value: Any) -> Any:
        lines = [str(line) for line in (value or []) if str(line).strip()]
        if len(lines) < self.at_least:
            raise ValidationError(self._too_few(), "required")
        if len(lines) > self.at_most:
            raise ValidationError(
                gettext("At most %(n)s at once.") % {"n": self.at_most}, "several"
            )
        self.widget.matches = ()
        found: list[Organization] = []
        wrong: list[str] = []
        for number, line in enumerate(lines, 1):
            try:
                one = self.one(line[:MOST_LETTERS], number=number)
            except ValidationError as refused:
                wrong += [f"{number}. {sentence}" for sentence in refused.messages]
                continue
            if one in found:
                wrong.append(gettext("%(row)s. It is named twice.") % {"row": number})
            elif one is not None:
                found.append(one)
        if wrong:
            raise ValidationError(wrong)
        return found

    def _too_few(self) -> str:
        if self.at_least > 1:
            return gettext("Name at least two organisations.")
        return str(self.error_messages["required"])

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


class PartsField(NoteField):
    """New organisations, a line for each: its name and, after a semicolon, its short name.

    Cleaned to [(name, short name)].
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=4000, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        found: list[tuple[str, str]] = []
        name_field, short_field = (
            NameField(max_length=160),
            NameField(max_length=60, required=False),
        )
        wrong: list[str] = []
        for number, line in enumerate([one for one in text.split("\n") if one.strip()], 1):
            name, _semicolon, short = line.partition(";")
            try:
                pair = name_field.clean(name), short_field.clean(short)
            except ValidationError as refused:
                wrong += [f"{number}. {sentence}" for sentence in refused.messages]
                continue
            if pair[0] in [one for one, _short in found]:
                wrong.append(gettext("%(row)s. It is named twice.") % {"row": number})
            found.append(pair)
        if len(found) > MOST_PARTS:
            wrong.append(gettext("At most %(n)s at once.") % {"n": MOST_PARTS})
        if wrong:
            raise ValidationError(wrong)
        return found


# ---------------------------------------------------------------- one event


class KindForm(forms.Form):
    """Which kind of event is added; sent by GET."""

    loai = forms.ChoiceField(choices=ReorganizationKind.choices)


class EventForm(VersionedForm, OnceForm):
    """One event: subclasses ask for what their kind needs, and give `sources` and `results`."""

    arguments: ClassVar[dict[str, str]] = {}

    def __init__(
        self,
        *args: Any,
        scope: OrganizationQuerySet,
        on: date,
        founded: Sequence[tuple[EventUnit, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.scope, self.on = scope, on
        self.founded = {f"+{unit.pk}": unit for unit, _name in founded}
        for one in self.fields.values():
            if isinstance(one, OrganizationField):
                one.offer(scope, on=on)
        if "kind" in self.fields:
            choices(self, "kind", selectors.kinds())
        if "parts_kind" in self.fields:
            choices(self, "parts_kind", selectors.kinds())
        self._offer_founded(founded)

    def _offer_founded(self, founded: Sequence[tuple[EventUnit, str]]) -> None:
        """Let a new unit stand beneath one that an earlier row founds."""
        if "under_new" not in self.fields:
            return
        if not founded:
            del self.fields["under_new"]
            return
        field = self.fields["under_new"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("None")), *[(f"+{unit.pk}", name) for unit, name in founded]]

    def suggestions(self) -> list[str]:
        """Return how each is written, for the page's one list."""
        field = OrganizationField()
        field.offer(self.scope, on=self.on)
        return list(field.widget.suggestions)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("under") and cleaned.get("under_new"):
            self.add_error("under_new", _("Choose one superior, not two."))
        return cleaned

    def superior(self) -> Organization | EventUnit | None:
        chosen = self.cleaned_data.get("under_new")
        return self.founded[chosen] if chosen else self.cleaned_data.get("under")

    def new_unit(self) -> NewUnit:
        return NewUnit(
            name=self.cleaned_data["name"],
            short_name=self.cleaned_data["short_name"],
            kind=self.cleaned_data["kind"],
            under=self.superior(),
        )

    def new_parts(self, *, kind: str) -> list[NewUnit]:
        return [
            NewUnit(
                name=name, short_name=short, kind=self.cleaned_data[kind], under=self.superior()
            )
            for name, short in self.cleaned_data["parts"] or []
        ]

    def sources(self) -> list[Organization]:
        raise NotImplementedError

    def results(self) -> list[Organization | NewUnit]:
        raise NotImplementedError


def _name() -> NameField:
    return NameField(
        label=_("Name of the new organisation"),
        max_length=160,
        error_messages={"required": _("Enter the organisation's name.")},
    )


def _short_name() -> NameField:
    return NameField(
        label=_("Short name"),
        max_length=60,
        required=False,
        help_text=_("For narrow columns; the name itself where this is empty."),
    )


def _under(empty: Any) -> UnitField:
    return UnitField(label=_("Beneath"), required=False, help_text=empty)


def _under_new() -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Or beneath a new one of this decision"), required=False)


def _sources(label: Any, **more: Any) -> SeveralUnitsField:
    hint = _("One in each line: a part of the name is enough, with or without diacritics.")
    return SeveralUnitsField(label=label, help_text=hint, **more)


def _parts(**more: Any) -> PartsField:
    return PartsField(
        label=_("New organisations"),
        help_text=_(
            "One in each line. A short name may follow a semicolon:"
            " Chi bộ Khai thác 1; PX Khai thác 1"
        ),
        **more,
    )


class FoundForm(EventForm):
    name, short_name = _name(), _short_name()
    kind = forms.ChoiceField(label=_("Kind"))
    under = _under(_("A part of the superior's name. Empty: the deciding organisation."))
    under_new = _under_new()

    def sources(self) -> list[Organization]:
        return []

    def results(self) -> list[Organization | NewUnit]:
        return [self.new_unit()]


class MergeForm(EventForm):
    merged = _sources(_("Organisations that end"))
    into = UnitField(label=_("Merged into"), help_text=_("It stays, with its name and its place."))
    arguments: ClassVar[dict[str, str]] = {"sources": "merged", "results": "into"}

    def sources(self) -> list[Organization]:
        return list(self.cleaned_data["merged"])

    def results(self) -> list[Organization | NewUnit]:
        return [self.cleaned_data["into"]]


class ConsolidateForm(EventForm):
    united = _sources(_("Organisations that end"), at_least=2)
    name, short_name = _name(), _short_name()
    kind = forms.ChoiceField(label=_("Kind"))
    under = _under(_("A part of the superior's name. Empty: the superior of the first one."))
    under_new = _under_new()
    arguments: ClassVar[dict[str, str]] = {"sources": "united", "results": "name"}

    def sources(self) -> list[Organization]:
        return list(self.cleaned_data["united"])

    def results(self) -> list[Organization | NewUnit]:
        return [self.new_unit()]


class SplitForm(EventForm):
    whole = UnitField(label=_("Organisation that is split"))
    stays = forms.BooleanField(
        label=_("It stays itself as one of the parts, with its name and its past"), required=False
    )
    parts = _parts(error_messages={"required": _("Write at least one new organisation.")})
    kind = forms.ChoiceField(label=_("Kind of the new organisations"))
    under = _under(_("A part of the superior's name. Empty: the superior of the first one."))
    under_new = _under_new()
    arguments: ClassVar[dict[str, str]] = {"sources": "whole", "results": "parts"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        parts = cleaned.get("parts")
        if parts and len(parts) + bool(cleaned.get("stays")) < 2:
            self.add_error("parts", _("A split leads to at least two organisations."))
        return cleaned

    def sources(self) -> list[Organization]:
        return [self.cleaned_data["whole"]]

    def results(self) -> list[Organization | NewUnit]:
        kept = [self.cleaned_data["whole"]] if self.cleaned_data["stays"] else []
        return [*kept, *self.new_parts(kind="kind")]


class MoveForm(EventForm):
    moved = _sources(_("Organisations that move"))
    superior_unit = UnitField(label=_("New superior"))
    arguments: ClassVar[dict[str, str]] = {"sources": "moved", "results": "superior_unit"}

    def sources(self) -> list[Organization]:
        return list(self.cleaned_data["moved"])

    def results(self) -> list[Organization | NewUnit]:
        return [self.cleaned_data["superior_unit"]]


class ConvertForm(EventForm):
    converted = UnitField(label=_("Organisation that is converted"))
    kind = forms.ChoiceField(label=_("New kind"))
    name = NameField(
        label=_("New name"),
        max_length=160,
        required=False,
        help_text=_("Empty: it keeps its name."),
    )
    short_name = _short_name()
    parts = _parts(required=False)
    parts_kind = forms.ChoiceField(label=_("Kind of the new organisations"), required=False)
    arguments: ClassVar[dict[str, str]] = {"sources": "converted", "results": "kind"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parts"].help_text = _(
            "A cell with members that becomes a committee needs cells beneath it, to which they are"
            " assigned. One in each line; a short name may follow a semicolon."
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("parts") and not cleaned.get("parts_kind"):
            self.add_error("parts_kind", _("Choose one."))
        return cleaned

    def sources(self) -> list[Organization]:
        return [self.cleaned_data["converted"]]

    def results(self) -> list[Organization | NewUnit]:
        itself = NewUnit(
            name=self.cleaned_data["name"],
            short_name=self.cleaned_data["short_name"],
            kind=self.cleaned_data["kind"],
        )
        return [itself, *self.new_parts(kind="parts_kind")]


class EndForm(EventForm):
    """Dissolving and disbanding."""

    ended = _sources(_("Organisations that end"))
    receivers = _sources(_("Where its people go"), at_least=0)
    arguments: ClassVar[dict[str, str]] = {"sources": "ended", "results": "receivers"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["receivers"].help_text = _(
            "A cell for its people; of several, each person is assigned to one. A committee takes"
            " the units beneath it. Empty where it has nobody."
        )

    def sources(self) -> list[Organization]:
        return list(self.cleaned_data["ended"])

    def results(self) -> list[Organization | NewUnit]:
        return list(self.cleaned_data["receivers"])


FORMS: dict[str, type[EventForm]] = {
    "found": FoundForm,
    "merge": MergeForm,
    "consolidate": ConsolidateForm,
    "split": SplitForm,
    "move": MoveForm,
    "convert": ConvertForm,
    "dissolve": EndForm,
    "disband": EndForm,
}


class ChoicesForm(VersionedForm, OnceForm):
    """What the apps above ask of an event; the fields are theirs: {label: {name: field}}."""

    def __init__(
        self, *args: Any, asked: Mapping[str, Mapping[str, forms.Field]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asked = asked
        for label, fields in asked.items():
            for name, one in fields.items():
                self.fields[f"{label}-{name}"] = one

    def of(self, label: str) -> dict[str, Any]:
        """Return what was entered for the app `label`: {its field: value}."""
        return {name: self.cleaned_data[f"{label}-{name}"] for name in self.asked[label]}


# ---------------------------------------------------------------- people, and a pasted table


class AssignForm(VersionedForm, OnceForm):
    """Where each of the people and units shown goes, and where all who are left go.

    Fields: `p<person id>`, `u<organisation id>`, `rest`; each a result's id or empty.
    """

    def __init__(self, *args: Any, sheet: AssignSheet, rows: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sheet = sheet
        self.rows = list(rows)
        offered = [(str(home.pk), sheet.names[home.pk]) for home in sheet.homes]
        self.allowed = {key for key, _name in offered}
        for row in self.rows:
            self._ask(f"p{row.person_id}", offered, row.unit, row.full_name)
        for row in sheet.units:
            self._ask(f"u{row.organization}", offered, row.unit, row.name)
        self._ask("rest", offered, None, _("All who are not assigned yet go to"))

    def _ask(self, name: str, offered: list[tuple[str, str]], now: int | None, label: Any) -> None:
        is_few = len(offered) <= FEW_PARTS and name != "rest"
        self.fields[name] = forms.ChoiceField(
            label=label,
            choices=offered if is_few else [("", _("Choose…")), *offered],
            required=False,
            initial=str(now or ""),
            widget=forms.RadioSelect if is_few else forms.Select,
            error_messages={"invalid_choice": _("It is no part of this decision.")},
        )

    def people(self) -> dict[int, int]:
        """Return {person id: result id} for those whose place differs from what it was."""
        found = {
            row.person_id: int(self.cleaned_data[f"p{row.person_id}"])
            for row in self.rows
            if self.cleaned_data.get(f"p{row.person_id}")
        }
        changed = {
            row.person_id: found[row.person_id]
            for row in self.rows
            if row.person_id in found and found[row.person_id] != row.unit
        }
        rest = self.cleaned_data.get("rest")
        if rest and "all" in self.data:
            waiting = [row.person_id for row in self.sheet.waiting if row.person_id not in found]
            changed |= dict.fromkeys(waiting, int(rest))
        return changed

    def units(self) -> dict[int, int]:
        """Return {organisation id: result id} of all the units beneath that are assigned."""
        return {
            row.organization: int(chosen)
            for row in self.sheet.units
            if (chosen := self.cleaned_data.get(f"u{row.organization}"))
        }


class PastedForm(VersionedForm, OnceForm):
    """A table pasted from a sheet: a row for each event."""

    table = forms.CharField(
        label=_("Rows"),
        max_length=200_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "mono"}),
        error_messages={"required": _("Paste at least one row.")},
    )
    arguments: ClassVar[dict[str, str]] = {"text": "table"}

"""Forms of the first start, of the administrator's pages and of the member register."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from config.ui.forms import (
    DateField,
    LineField,
    NameField,
    NoteField,
    OnceForm,
    WholeNumberField,
)
from organizations import selectors
from organizations.models import (
    Competence,
    DeclaredRelative,
    Designation,
    Membership,
    Organization,
    Placement,
    Role,
)
from organizations.models.organization import OrganizationQuerySet
from organizations.models.person import Sex

YEARS_BACK = 5
"""How far back the first working year may lie: a term."""
SUGGESTIONS = 300
"""So many organisations are offered while typing; the others are found by their name."""
MATCHES = 20
"""So many are shown to choose from where what was written fits several."""


@dataclass(frozen=True)
class Matches:
    """The organisations that the line `number` of a field fits, as they can be written."""

    number: int
    typed: str
    texts: list[str]


class SuggestedInput(forms.TextInput):
    """A line of text with suggestions from the page itself: no script, any number of choices.

    Where it fitted several, these are offered beneath it, and the one that is chosen counts.
    """

    template_name = "organizations/suggested_input.html"
    suggestions: tuple[str, ...] = ()
    matches: tuple[Matches, ...] = ()

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> Any:
        return data.get(chosen_of(name, 1)) or super().value_from_datadict(data, files, name)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        list_id = f"{context['widget']['attrs'].get('id', name)}_list"
        context["widget"]["attrs"]["list"] = list_id
        context["widget"]["list_id"] = list_id
        context["widget"]["suggestions"] = self.suggestions
        context["widget"]["matches"] = [(chosen_of(name, one.number), one) for one in self.matches]
        return context


def chosen_of(name: str, number: int) -> str:
    """Return the name of what is chosen among the matches of line `number` of field `name`."""
    return f"{name}.{number}"


class OrganizationField(forms.CharField):
    """An organisation of `scope`, written by its name or a part of it, or chosen from suggestions.

    A suggestion ends with its address in brackets, so that two of one name are told apart. What
    fits several is refused, and these are offered beneath it.
    """

    widget = SuggestedInput
    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Write the organisation's name, or choose it from the list."),
        "unknown": _("No organisation here is called “%(value)s”."),
        "several": _("%(count)s organisations fit “%(value)s”: choose one beneath it."),
        "many": _(
            "%(count)s organisations fit “%(value)s”: choose one beneath it, or write more of"
            " the name."
        ),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 300)
        super().__init__(**kwargs)
        self.widget.attrs["autocomplete"] = "off"
        self.scope: OrganizationQuerySet = Organization.objects.none()
        self.on = date.max
        self.near: Organization | None = None

    def offer(
        self, scope: OrganizationQuerySet, *, on: date, near: Organization | None = None
    ) -> None:
        """Let the field choose from `scope`, by the names of day `on`; siblings of `near` first."""
        self.scope, self.on, self.near = scope, on, near
        self.suggest(scope)

    def suggest(self, organizations: OrganizationQuerySet) -> None:
        rows = self.ordered(organizations)[:SUGGESTIONS]
        self.widget.suggestions = tuple(texts(rows, on=self.on))

    def ordered(self, organizations: OrganizationQuerySet) -> Any:
        """Return `organizations`, called: siblings of `near`, then committees, then cells."""
        rows: Any = organizations.called(on=self.on)
        if self.near is None:
            return rows.order_by("is_cell", "name_order", "pk")
        placed = Placement.objects.filter(period__contains=self.on)
        beside = placed.filter(
            organization=OuterRef("pk"),
            parent__in=placed.filter(organization=self.near).values("parent"),
        )
        return rows.annotate(is_beside=Exists(beside)).order_by(
            "-is_beside", "is_cell", "name_order", "pk"
        )

    def clean(self, value: Any) -> Organization | None:
        self.widget.matches = ()
        return self.one(str(super().clean(value) or ""))

    def one(self, line: str, *, number: int = 1) -> Organization | None:
        """Return the organisation that `line` means; None for an empty one.

        Raises ValidationError where it fits none or several, which are then offered.
        """
        text = " ".join(line.replace("\0", "").split())
        if not text:
            return None
        if bracketed := re.search(r"\[([-\w]+)\]$", text):
            found = self.scope.filter(slug=bracketed[1])
        else:
            found = selectors.found_by_name(self.scope, text, on=self.on)
        rows: list[Organization] = list(self.ordered(found)[: SUGGESTIONS + 1])
        same = [row for row in rows if selectors.is_called(row, text)]
        if len(rows) == 1 or len(same) == 1:
            return (same or rows)[0]
        shown = text if len(text) <= 60 else text[:59] + "…"
        if not rows:
            raise ValidationError(self.error_messages["unknown"], "unknown", {"value": shown})
        rows = [*same, *[row for row in rows if row not in same]][:MATCHES]
        count = found.count()
        offered = Matches(number, shown, texts(rows, on=self.on))
        self.widget.matches = (*self.widget.matches, offered)
        code = "several" if count <= MATCHES else "many"
        raise ValidationError(self.error_messages[code], code, {"value": shown, "count": count})


def written(organization: Organization, superior: Designation | None = None) -> str:
    """Return how a suggestion writes `organization`, so that the field finds that one again."""
    above = f" — {superior.short_name}" if superior else ""
    return f"{organization}{above} [{organization.slug}]"


def texts(rows: Iterable[Organization], *, on: date) -> list[str]:
    """Return each of `rows` as it can be written, with its superior; three queries."""
    named = selectors.with_names(rows, on=on)
    return [written(organization, superior) for organization, _name, superior in named]


class NewPasswordField(forms.CharField):
    """A password chosen now; whether it is strong enough is the operation's matter."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(strip=False, max_length=128, widget=widget, **kwargs)


class ChosenPasswordForm(OnceForm):
    """A password of one's own, typed twice."""

    password = NewPasswordField(
        label=_("Password"),
        help_text=_("At least 12 characters; no common word, no unit's name, not digits alone."),
        error_messages={"required": _("Enter a password.")},
    )
    password_again = NewPasswordField(
        label=_("The password once more"),
        error_messages={"required": _("Enter the password once more.")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        once, again = cleaned.get("password"), cleaned.get("password_again")
        if once and again and once != again:
            self.add_error("password_again", _("The two passwords differ."))
        return cleaned

    def values(self) -> dict[str, Any]:
        found = super().values()
        del found["password_again"]
        return found


class StartCodeForm(ChosenPasswordForm):
    """Name and start code, and the password that its owner chooses."""

    username = LineField(
        label=_("Sign-in name"),
        max_length=150,
        error_messages={"required": _("Enter a sign-in name.")},
    )
    code = LineField(
        label=_("Start code"),
        max_length=40,
        help_text=_("From your administrator, for example: ABCD-EFGH-2345-6789"),
        error_messages={"required": _("Enter the start code.")},
    )
    field_order = ["username", "code"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        without_help = {"autocapitalize": "none", "spellcheck": "false"}
        self.fields["username"].widget.attrs.update(autocomplete="username", **without_help)
        self.fields["code"].widget.attrs.update(
            autocomplete="one-time-code", autocapitalize="characters", spellcheck="false"
        )


class AccountForm(OnceForm):
    """A new account; what it may do comes from its roles, its password from its owner."""

    full_name = NameField(
        label=_("Full name"), error_messages={"required": _("Enter the full name.")}
    )
    username = LineField(
        label=_("Sign-in name"),
        max_length=150,
        help_text=_("Letters without diacritics and digits, no blanks, for example: bithu.kt1"),
        error_messages={"required": _("Enter a sign-in name.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.update(
            autocomplete="off", autocapitalize="none", spellcheck="false"
        )


class FirstStartForm(ChosenPasswordForm, AccountForm):
    """What an empty database needs: an organisation, an administrator, the year work begins in."""

    organization_name = NameField(
        label=_("Name of the organisation"),
        max_length=160,
        help_text=_("The highest committee that works here, written in full."),
        error_messages={"required": _("Enter the organisation's name.")},
    )
    short_name = NameField(
        label=_("Short name"),
        max_length=60,
        error_messages={"required": _("Enter the short name.")},
    )
    kind = forms.ChoiceField(label=_("Kind"))
    year = WholeNumberField(
        label=_("Working year"),
        help_text=_("The first year whose targets and admissions are kept here."),
    )
    field_order = ["organization_name", "short_name", "kind", "year"]

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        choices(self, "kind", selectors.kinds(cells=False))
        self.fields["full_name"].label = _("Administrator's full name")
        username = self.fields["username"]
        username.widget.attrs["autocomplete"] = "username"
        username.help_text = _(
            "Letters without diacritics and digits, no blanks, for example: quantri"
        )

    def clean_year(self) -> int:
        year: int = self.cleaned_data["year"]
        first, last = self.today.year - YEARS_BACK, self.today.year
        if not first <= year <= last:
            raise ValidationError(
                _("The year must be between %(first)s and %(last)s."),
                params={"first": first, "last": last},
            )
        return year


class OrganizationForm(OnceForm):
    """A new organisation beneath another."""

    name = NameField(
        label=_("Name"),
        max_length=160,
        error_messages={"required": _("Enter the organisation's name.")},
    )
    short_name = NameField(
        label=_("Short name"),
        max_length=60,
        required=False,
        help_text=_("For narrow columns; the name itself where this is empty."),
    )
    kind = forms.ChoiceField(label=_("Kind"))
    under = OrganizationField(
        label=_("Beneath"), help_text=_("Write a part of the superior committee's name.")
    )
    on = DateField(
        label=_("From day"), help_text=_("The first day it exists, for example 01/01/2025.")
    )
    decision_number = LineField(label=_("Decision number"), max_length=40, required=False)

    def __init__(self, *args: Any, scope: OrganizationQuerySet, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices(self, "kind", selectors.kinds())
        field(self, "under").offer(scope.exclude(pk__in=scope.cells(on=today)), on=today)


class CompetenceForm(OnceForm):
    """Who decides admissions: a dated grant."""

    kind = forms.ChoiceField(
        label=_("How it came by the competence"),
        choices=Competence.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    decision_number = LineField(label=_("Decision number"), max_length=40)
    on = DateField(label=_("From day"))
    members_entitled = WholeNumberField(
        label=_("Members of the deciding body"),
        min_value=1,
        max_value=500,
        help_text=_("People in the body that votes; its votes are counted against this number."),
    )


class AppointmentForm(OnceForm):
    """A role for an account, for an organisation and all beneath it."""

    to = OrganizationField(
        label=_("Organisation"),
        help_text=_("The role reaches it and all beneath it. Write a part of its name."),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    title = LineField(
        label=_("Title"),
        max_length=80,
        required=False,
        help_text=_("As shown beside the name, for example: Secretary of the cell"),
    )
    since = DateField(label=_("From day"))
    last_on = DateField(
        label=_("Last day"), required=False, help_text=_("Empty: until further notice.")
    )
    arguments: ClassVar[dict[str, str]] = {"until": "last_on"}

    def __init__(self, *args: Any, scope: OrganizationQuerySet, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field(self, "to").offer(scope, on=today)


class ConfirmForm(OnceForm):
    """Nothing to fill in: the button is the answer."""


class WhoseForm(OnceForm):
    """Which member an account is of: the one who has its name and this date of birth."""

    born_on = DateField(
        label=_("Date of birth"),
        error_messages={"required": _("Enter the date of birth.")},
        help_text=_(
            "As their record here has it, for example 05/06/1985: by it and the name the account"
            " is linked to the record, once and for all."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["born_on"].widget.attrs["autocomplete"] = "off"


class RoleConfirmForm(WhoseForm):
    """Whose account it is that a role is confirmed for, while the account has no person."""

    is_unrecorded = forms.BooleanField(label=_("Is not recorded here as a member"), required=False)
    quiet_optional = True

    def __init__(self, *args: Any, is_known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_known:
            del self.fields["born_on"], self.fields["is_unrecorded"]
        else:
            self.fields["born_on"].required = False  # or the tick


class ReasonForm(OnceForm):
    """Why it is done; the row that records it keeps the sentence."""

    reason = NoteField(label=_("Reason"), max_length=500)


class DeclineForm(OnceForm):
    """Why a proposed role is declined."""

    reason = LineField(
        label=_("Reason"),
        max_length=300,
        error_messages={"required": _("Say why it is declined.")},
    )


class RelativeForm(OnceForm):
    """How somebody is related to the one who declares it."""

    kind = forms.ChoiceField(
        label=_("Relationship"),
        choices=DeclaredRelative.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )


class MemberForm(OnceForm):
    """A member whom the cell already had before this system."""

    cell = OrganizationField(label=_("Cell"))
    full_name = NameField(
        label=_("Full name"), error_messages={"required": _("Enter the full name.")}
    )
    born_on = DateField(
        label=_("Date of birth"),
        help_text=_("For example 05/06/1985"),
        error_messages={"required": _("Enter the date of birth.")},
    )
    sex = forms.ChoiceField(
        label=_("Sex"),
        choices=Sex.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    status = forms.ChoiceField(
        label=_("Status"),
        choices=Membership.Status.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    since = DateField(
        label=_("In this standing since"),
        help_text=_("Probationary: the day of the ceremony. Official: the day of recognition."),
    )
    occupation = LineField(label=_("Occupation"), max_length=120, required=False)
    citizen_id = LineField(
        label=_("Citizen's number"),
        max_length=20,
        required=False,
        help_text=_("12 digits, or 9 of the old card. Only its last four are kept to be read."),
    )
    another = forms.BooleanField(
        label=_("This is another person"), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, scope: OrganizationQuerySet, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field(self, "cell").offer(scope, on=today)
        self.fields["citizen_id"].widget.attrs.update(inputmode="numeric", autocomplete="off")
        self.initial.setdefault("another", "")

    def ask_whether_another(self) -> None:
        """Show the box that says that it is not the person who is known."""
        self.fields["another"].widget = forms.CheckboxInput()


def choices(form: forms.Form, name: str, offered: list[tuple[str, str]]) -> None:
    """Let `form`'s field `name` choose one of `offered`, nothing being chosen beforehand."""
    chosen = form.fields[name]
    if not isinstance(chosen, forms.ChoiceField):
        raise TypeError(f"{name} chooses nothing")
    chosen.choices = [("", _("Choose…")), *offered]
    chosen.error_messages["required"] = _("Choose one.")


def field(form: forms.Form, name: str) -> OrganizationField:
    """Return `form`'s field `name`, which chooses an organisation."""
    found = form.fields[name]
    if not isinstance(found, OrganizationField):
        raise TypeError(f"{name} is no organisation")
    return found

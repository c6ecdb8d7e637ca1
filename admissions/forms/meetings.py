"""Forms of whole meetings: who was there once, then one row for each candidate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.models import AwarenessClass, Elector
from admissions.operations.meetings import Helping, Listing, Proposal, Result, Vote
from admissions.selectors.meetings import CommitteePack, Pack, VoteRow
from admissions.stages import Level, Purpose
from config.errors import DomainError
from config.ui.forms import DateField, LineField, OnceForm, WholeNumberField
from organizations.models import Person

from .files import TODAY_HINT

Standing = Elector.Standing


class NumbersField(LineField):
    """Numbers of a list, as one types them: "3, 17 20"; cleaned to a list of whole numbers."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def clean(self, value: Any) -> list[int]:
        text = super().clean(value)
        parts = [one for one in re.split(r"[\s,;.]+", text) if one]
        if wrong := [one for one in parts if not re.fullmatch(r"[0-9]{1,4}", one)]:
            raise forms.ValidationError(
                _("“%(value)s” is no number of the list. Write numbers apart, e.g. 3 17.")
                % {"value": wrong[0][:40]}
            )
        return [int(one) for one in dict.fromkeys(parts)]


class ResultsForm(OnceForm):
    """The fields of one row for each vote; what stays empty was not considered."""

    quiet_optional = True
    votes: Sequence[VoteRow]

    def add_rows(self, votes: Sequence[VoteRow]) -> None:
        self.votes = votes
        for row in votes:
            name = row.file.person.full_name
            self.fields[f"in_favour-{row.key}"] = WholeNumberField(
                label=_("In favour: %(person)s") % {"person": name}, max_value=9999, required=False
            )
            self.fields[f"against-{row.key}"] = WholeNumberField(
                label=_("Against: %(person)s") % {"person": name}, max_value=9999, required=False
            )
            self.fields[f"reasons-{row.key}"] = LineField(
                label=_("Reasons of the votes against"), max_length=500, required=False
            )
            self.fields[f"number-{row.key}"] = LineField(
                label=_("Resolution number"), max_length=40, required=False
            )
            for part in ("reasons", "number"):
                self.fields[f"{part}-{row.key}"].about = name  # type: ignore[attr-defined]
            for part in ("in_favour", "against"):
                field = self.fields[f"{part}-{row.key}"]
                # Empty is zero against; as narrow as a number is.
                field.widget.attrs.update(
                    {
                        "class": "n",
                        "autocomplete": "off",
                        "maxlength": 5,
                        "aria-label": field.label,
                    }
                )

    def rows(self, votes: Sequence[VoteRow] | None = None) -> list[dict[str, Any]]:
        """Return each row with its fields, for the table."""
        return [
            {
                "row": row,
                "in_favour": self[f"in_favour-{row.key}"],
                "against": self[f"against-{row.key}"],
                "reasons": self[f"reasons-{row.key}"],
                "number": self[f"number-{row.key}"],
                "told": [self[f"{part}-{row.key}"] for part in ("in_favour", "against")],
                "is_open": any(
                    self[f"{part}-{row.key}"].errors or self[f"{part}-{row.key}"].value()
                    for part in ("reasons", "number")
                ),
            }
            for row in (self.votes if votes is None else votes)
        ]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for row in self.votes:
            in_favour = f"in_favour-{row.key}"
            others = (found.get(f"{part}-{row.key}") for part in ("against", "reasons", "number"))
            if found.get(in_favour) is None and in_favour not in self.errors and any(others):
                self.add_error(in_favour, _("Enter the votes in favour, or 0."))
        return found

    def vote_results(self) -> list[Vote]:
        """Return the votes for which votes in favour were typed."""
        typed = self.cleaned_data
        return [
            Vote(
                candidate=row.file,
                in_favour=in_favour,
                against=typed.get(f"against-{row.key}") or 0,
                purpose=row.purpose,
                resolution_number=typed.get(f"number-{row.key}", ""),
                reasons=typed.get(f"reasons-{row.key}", ""),
            )
            for row in self.votes
            if (in_favour := typed.get(f"in_favour-{row.key}")) is not None
        ]

    def refuse(self, error: DomainError) -> None:
        fields: dict[str, str] = {}
        for argument, sentence in error.fields.items():
            name = self._at(argument)
            fields[name] = f"{fields[name]} {sentence}" if name in fields else sentence
        super().refuse(DomainError(error.sentence, fields=fields))

    def _at(self, argument: str) -> str:
        """Return the field where what an operation says of `argument` belongs."""
        if argument in self.fields:
            return argument
        part, dash, row = argument.partition("-")
        if part == "resolution_number" and f"number-{row}" in self.fields:
            return f"number-{row}"
        return f"in_favour-{row}" if dash else part


class MeetingForm(ResultsForm):
    """A meeting of a cell: the day, who was away by numbers of the list, results, other matters."""

    arguments = {"standings": "absent"}

    held_on = DateField(label=gettext_lazy("Day of the meeting"), help_text=TODAY_HINT)
    present = WholeNumberField(
        label=gettext_lazy("Official members present"), max_value=9999, required=False
    )
    absent = NumbersField(label=gettext_lazy("Absent"), required=False)
    exempt = NumbersField(label=gettext_lazy("Exempt and absent"), required=False)
    suspended = NumbersField(
        label=gettext_lazy("Suspended, prosecuted or detained"), required=False
    )
    absence_reasons = LineField(
        label=gettext_lazy("Reasons of absence"), max_length=300, required=False
    )
    chair = LineField(label=gettext_lazy("Chair"), max_length=120, required=False)
    secretary = LineField(
        label=gettext_lazy("Secretary of the meeting"), max_length=120, required=False
    )
    roll = forms.CharField(widget=forms.HiddenInput, required=False)
    """The list as it was shown: what the numbers mean, whatever day is typed."""

    def __init__(self, *args: Any, pack: Pack, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pack = pack
        self.initial.setdefault("roll", " ".join(str(one.person_id) for one in pack.members))
        self.fields["present"].help_text = _("Empty: all of those entitled but those named absent.")
        self.add_rows([*pack.votes, *pack.deletions])
        for file in pack.listings:
            self.fields[f"list-{file.pk}"] = forms.BooleanField(
                label=file.person.full_name, required=False
            )
        for file in pack.helpings:
            self.fields[f"helper-{file.pk}"] = forms.ChoiceField(
                label=file.person.full_name,
                required=False,
                choices=[("", _("Nobody chosen"))]
                + [(str(one.person_id), one.name) for one in pack.members if one.is_official],
            )
        for file in pack.proposals if pack.schools else []:
            self.fields[f"class-{file.pk}"] = forms.ChoiceField(
                label=file.person.full_name,
                required=False,
                choices=[("", _("Not proposed"))]
                + [(str(one.pk), str(one)) for one in pack.schools],
            )

    def matters(self) -> dict[str, list[forms.BoundField]]:
        """Return the fields of the other matters: {kind: fields}."""
        return {
            kind: [self[name] for name in self.fields if name.startswith(f"{kind}-")]
            for kind in ("list", "helper", "class")
        }

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        people = self._roll(found.get("roll", ""))
        named: dict[int, str] = {}
        for name, standing in (
            ("absent", Standing.ABSENT),
            ("exempt", Standing.EXEMPT),
            ("suspended", Standing.SUSPENDED),
        ):
            for number in found.get(name) or []:
                if number < 1 or number > len(people):
                    self.add_error(
                        name, _("There is no number %(number)s on the list.") % {"number": number}
                    )
                elif people[number - 1] in named:
                    self.add_error(
                        name, _("Number %(number)s is named twice.") % {"number": number}
                    )
                else:
                    named[people[number - 1]] = standing
        self.standings = named
        return found

    def _roll(self, text: str) -> list[int]:
        ids = [int(one) for one in text.split() if re.fullmatch(r"[0-9]{1,9}", one)]
        return ids or [one.person_id for one in self.pack.members]

    def results(self) -> list[Result]:
        """Return everything that was entered, as the operation takes it."""
        typed = self.cleaned_data
        found: list[Result] = [
            Listing(file) for file in self.pack.listings if typed.get(f"list-{file.pk}")
        ]
        chosen = {file: typed.get(f"helper-{file.pk}") for file in self.pack.helpings}
        people = Person.objects.in_bulk([int(one) for one in chosen.values() if one])
        found += [Helping(file, people[int(one)]) for file, one in chosen.items() if one]
        schools: dict[str, AwarenessClass] = {str(one.pk): one for one in self.pack.schools}
        for file in self.pack.proposals:
            school = schools.get(typed.get(f"class-{file.pk}", ""))
            if school:
                found.append(Proposal(file, school))
        return [*found, *self.vote_results()]

    def _at(self, argument: str) -> str:
        row = argument.partition("-")[2]
        kind = row.partition("-")[0]
        if row and kind in {"list", "helper", "class"}:
            return row
        return super()._at(argument)


class CommitteeMeetingForm(ResultsForm):
    """A meeting of a committee: the day, the members, the results."""

    held_on = DateField(label=gettext_lazy("Day of the meeting"), help_text=TODAY_HINT)
    entitled = WholeNumberField(label=gettext_lazy("Entitled to vote"), max_value=999)
    present = WholeNumberField(label=gettext_lazy("Present"), max_value=999)
    chair = LineField(label=gettext_lazy("Chair"), max_length=120, required=False)
    secretary = LineField(
        label=gettext_lazy("Secretary of the meeting"), max_length=120, required=False
    )

    def __init__(self, *args: Any, pack: CommitteePack, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["entitled"].help_text = (
            _("A delegated committee votes with all its members counted.")
            if pack.is_delegated
            else _("All members of the committee in office.")
        )
        self.initial.setdefault("entitled", pack.entitled)
        self.add_rows(pack.votes)


class FurtherVoteForm(OnceForm):
    """The competent committee lets a body vote again after its failures."""

    what = forms.ChoiceField(label=gettext_lazy("Vote"), widget=forms.RadioSelect)
    allowed_on = DateField(label=gettext_lazy("Allowed on"), help_text=TODAY_HINT)
    reason = LineField(label=gettext_lazy("Reason"), max_length=300)

    def __init__(self, *args: Any, stuck: Sequence[tuple[Level, Purpose]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"].choices = [
            (f"{level.value}-{purpose.value}", f"{level.label} · {purpose.label}")
            for level, purpose in stuck
        ]
        if len(stuck) == 1:
            self.initial.setdefault("what", f"{stuck[0][0].value}-{stuck[0][1].value}")

    def values(self) -> dict[str, Any]:
        found = super().values()
        level, _dash, purpose = found.pop("what").partition("-")
        return {**found, "level": level, "purpose": purpose}

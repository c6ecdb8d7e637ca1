"""What no regulation at hand answers: a value of ours for each question, confirmed by two people.

Source of the questions: domain.md, appendix B and the remarks of certainty L in its section 2. A
question that code can follow either way is a `Question` with choices or a number, kept as rows of
`Setting`; one that the product answers in one way alone is a `Reading`, listed beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from admissions.models import Setting
from config.clock import HERE

Words = str | Promise

MENTORING_MONTHS = "mentoring_months"
SPOUSE_INTRODUCER = "spouse_introducer"
AGE_READING = "age_reading"


@dataclass(frozen=True)
class Question:
    """A question with a value: one of `choices` ({value: words}), or a number to `most`.

    `read_where` says in which step the value is read.
    """

    name: str
    asks: Words
    default: str
    effect: Words
    read_where: Words
    choices: Mapping[str, Words] | None = None
    most: int = 0

    def refusal(self, value: str) -> Words | None:
        """Return why `value` is no answer to this question, or None."""
        if self.choices is not None:
            return None if value in self.choices else _("Choose one of the answers.")
        if value.isdecimal() and value.isascii() and int(value) <= self.most:
            return None
        return _("Enter a whole number of months, from 0 to %(most)s.") % {"most": self.most}

    def in_words(self, value: str) -> Words:
        """Return `value` as a page says it."""
        return self.choices.get(value, value) if self.choices is not None else value


@dataclass(frozen=True)
class Reading:
    """A question that the product answers in one way: what it does."""

    asks: Words
    answer: Words


QUESTIONS: dict[str, Question] = {
    one.name: one
    for one in (
        Question(
            name=MENTORING_MONTHS,
            asks=_("How long must a person have been helped before the cell considers?"),
            default="0",
            most=36,
            effect=_(
                "Months from the first helper to the cell's meeting; fewer refuse the vote."
                " No central text was found that sets a least time: 0 asks for none."
            ),
            read_where=_("Resolution of the cell (step 12)"),
        ),
        Question(
            name=SPOUSE_INTRODUCER,
            asks=_("May a spouse or relative introduce the candidate?"),
            default="warn",
            choices={"warn": _("Yes, with a warning"), "refuse": _("No, the vote is refused")},
            effect=_(
                "No rule was found either way; relatives are only barred from verifying. An"
                " introducer counts as a relative when named so in a verification of the file."
            ),
            read_where=_("Introducers of the file; resolution of the cell (step 12)"),
        ),
        Question(
            name=AGE_READING,
            asks=_("How is the age reckoned on the day the cell considers?"),
            default="month",
            choices={
                "month": _("Youngest by the day, oldest to the end of the month"),
                "exact": _("Both by the exact day"),
                "month_number": _("Both by the number of the month"),
            },
            effect=_(
                "“Reckoned by month” is open to reading. Where readings differ for a person, the"
                " file warns."
            ),
            read_where=_("Permission and resolution of the cell (steps 5, 12)"),
        ),
    )
}

READINGS = (
    Reading(
        _("Full texts of QĐ 20-QĐ/TW and QĐ 208-QĐ/TW (2026), HD 01-HD/TW 2026 and HD 40-HD/BTCTW"),
        _(
            "Were not read. What is not known is taken over from 294-QĐ/TW and marked; two people"
            " change a parameter on the page of the rules."
        ),
    ),
    Reading(
        _("What the forms 17-KNĐ to 20-KNĐ are"),
        _("They are not printed and not asked for; the catalogue ends with 16-KNĐ."),
    ),
    Reading(
        _("Which day puts an admission into the figures of a year"),
        _("The day of the ceremony."),
    ),
    Reading(
        _("Which unit is credited with somebody who moved"),
        _("The cell that holds the ceremony, and those above it on that day."),
    ),
    Reading(
        _("Whether a target is reckoned anew when the number of members is corrected"),
        _("It is not: a target keeps the number it was reckoned with, and the page says so."),
    ),
    Reading(
        _("What a working day is"),
        _(
            "Monday to Friday without public holidays, with a table of days off and days worked in"
            " exchange that the top unit keeps."
        ),
    ),
    Reading(
        _("Whether the probation can be extended after a breach"),
        _("A parameter of the rules, 0 months: local practice that contradicts its exact end."),
    ),
    Reading(
        _("Must the cell vote again when the decision of recognition is overdue?"),
        _(
            "No: the decision is told to be late, and official membership begins at the end of the"
            " probation all the same. Hà Nội's text asks for a new vote; no central text was found."
        ),
    ),
    Reading(
        _("How long papers of unsuccessful candidates are kept"),
        _("Nothing is deleted: a closed file stays as it is, and reading it is logged."),
    ),
    Reading(
        _("Whether data of members are on the list of State secrets"),
        _("They are kept as if they were not: inside the unit's network, read only by scope."),
    ),
    Reading(
        _("Whether the national member database can be written to by a program"),
        _("No interface is known: lists are exported for entering them there by hand."),
    ),
    Reading(
        _("What became of the Party organisation of Than Quảng Ninh after 2025"),
        _("Nothing is assumed: reorganisations are recorded when decided."),
    ),
)


def values(*, on: date) -> dict[str, str]:
    """Return {name: value} of every question as it held on day `on`; one query."""
    return values_by(approved().values_list("name", "value", "approved_at"), on=on)


def approved() -> QuerySet[Setting]:
    """Return the rows that two people agreed to, the latest last."""
    return Setting.objects.filter(approved_at__isnull=False).order_by("approved_at", "pk")


def values_by(rows: Iterable[tuple[str, str, datetime | None]], *, on: date) -> dict[str, str]:
    """Return {name: value} of every question on day `on`, after `rows` of `approved`.

    Without a row, the default.
    """
    ends = datetime.combine(on + timedelta(days=1), time(), tzinfo=HERE)
    found = {name: question.default for name, question in QUESTIONS.items()}
    for name, value, at in rows:
        if name in found and at is not None and at < ends:
            found[name] = value
    return found


def value(name: str, on: date) -> str:
    """Return the value of the question `name` as it held on day `on`.

    Raises KeyError for a question that is not in the register.
    """
    return values(on=on)[name]


def number(name: str, on: date) -> int:
    """Return the value of a question that is a number."""
    return int(value(name, on))

"""Pages of the rules: versions, their comparison, changes, decreed days, what is to be confirmed.

Everybody who holds a role reads them: they name nobody but who changed what.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from admissions.forms.rule_sets import DayOffForm, RuleChangeForm, SettingForm
from admissions.models import RuleChange, RuleSet
from admissions.open_questions import QUESTIONS, READINGS
from admissions.operations.rule_sets import (
    answer_rule_change,
    answer_setting,
    ask_rule_change,
    ask_setting,
    decree_day,
    in_force,
    waiting_setting,
    withdraw_rule_change,
    withdraw_setting,
)
from admissions.parameters import PARAMETERS, Words
from admissions.permissions import keeps_rules
from admissions.rules import public_holidays
from admissions.selectors.rule_sets import (
    Row,
    answers,
    change_of,
    changes,
    comparison,
    decreed_days,
    versions,
)
from config import clock
from config.errors import DomainError
from config.ui.acting import acting
from config.ui.forms import OnceForm, SecondPersonForm
from config.ui.pages import ActionView
from organizations.permissions import is_one_human, same_human

CHOSEN = "ban"
"""Which versions a page compares: /quy-dinh/so-sanh/?ban=4&ban=6."""


def _readers_only(request: HttpRequest) -> None:
    # Everybody with a role; the political centre has its classes alone.
    current = acting(request).current
    if current is None or current.role == "centre":
        raise Http404


@require_safe
def rule_set_list(request: HttpRequest) -> HttpResponse:
    _readers_only(request)
    today = clock.today()
    found = versions()
    context = {
        "versions": found,
        "in_force": next((one for one in found if today in one.period), None),
        "changes": changes(),
        "keeps": keeps_rules(request.user, on=today),
        "today": today,
    }
    return render(request, "admissions/rule_set_list.html", context)


@require_safe
def rule_set_compare(request: HttpRequest) -> HttpResponse:
    """The chosen versions side by side; none chosen: that in force and the one before it."""
    _readers_only(request)
    today = clock.today()
    found = versions()
    asked = set(request.GET.getlist(CHOSEN))
    chosen = [one for one in found if str(one.pk) in asked]
    if not chosen:
        begun = [one for one in found if one.period.lower <= today]
        chosen = begun[:2] if len(begun) > 1 else found[-2:]
    groups = comparison(chosen[::-1])
    context = {
        "versions": found,
        "chosen": chosen[::-1],
        "groups": groups,
        "heading": _comparison_told(chosen[::-1], groups),
        "keeps": keeps_rules(request.user, on=today),
    }
    return render(request, "admissions/rule_set_compare.html", context)


def _comparison_told(chosen: list[RuleSet], groups: list[tuple[Words, list[Row]]]) -> str:
    """Return what the comparison found, in a sentence."""
    codes = [one.code for one in chosen]
    if len(codes) < 2:
        return _("The parameters of %(code)s") % {"code": "".join(codes)}
    differing = sum(row.differs for _title, rows in groups for row in rows)
    words = {
        "differing": differing,
        "all": sum(len(rows) for _title, rows in groups),
        "codes": ", ".join(codes[:-1]),
        "last": codes[-1],
    }
    if not differing:
        return _("%(codes)s and %(last)s have the same parameters") % words
    return (
        ngettext(
            "%(codes)s and %(last)s differ in %(differing)s of %(all)s parameters",
            "%(codes)s and %(last)s differ in %(differing)s of %(all)s parameters",
            differing,
        )
        % words
    )


def _refuse_own(is_own: bool) -> None:
    if is_own:
        raise DomainError(_("You asked for this: a second person answers."))


class RuleAction(ActionView):
    """An act of those who keep the rules; others get 404."""

    template_name = "admissions/rule_action.html"

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        self.today = clock.today()
        if not keeps_rules(request.user, on=self.today):
            raise Http404
        return None

    def who(self) -> dict[str, Any]:
        return {"by": self.request.user, "on": self.today}

    def get_success_url(self, result: Any) -> str:
        return reverse("rule-set-list")

    def get_cancel_url(self) -> str:
        return self.get_success_url(None)


class RuleChangeAsk(RuleAction):
    form_class = RuleChangeForm
    submit_label = gettext_lazy("Ask for the change")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        super().load(request)
        self.rules = get_object_or_404(RuleSet, pk=kwargs["rules"])
        if (parameter := PARAMETERS.get(kwargs["parameter"])) is None:
            raise Http404
        self.parameter = parameter
        return None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"parameter": self.parameter, "present": self.parameter.text(self.rules)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Change a parameter of %(rules)s") % {"rules": self.rules.code}
        return super().get_context_data(
            **{**kwargs, "title": title, "facts": self.parameter.label, "asks": "parameter"}
        )

    def perform(self, form: RuleChangeForm) -> Any:
        return ask_rule_change(self.rules, self.parameter, **self.who(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The change is asked for; another person of the top unit answers.")


class RuleChangeAnswer(RuleAction):
    form_class = SecondPersonForm
    title = gettext_lazy("Answer to a change of the rules")
    needs_fresh_proof = True
    submit_label = gettext_lazy("Save the answer")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        super().load(request)
        self.change = get_object_or_404(
            RuleChange.objects.select_related("rules", "entered_by"), pk=kwargs["change"]
        )
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            facts=self.change.rules.code,
            change=change_of(self.change),
            is_own=is_one_human(self.request.user, self.change.entered_by),
            is_answered=not self.change.is_waiting,
            withdraw_url=reverse("rule-change-withdraw", args=[self.change.pk]),
            **kwargs,
        )

    def perform(self, form: SecondPersonForm) -> Any:
        _refuse_own(is_one_human(self.request.user, self.change.entered_by))
        approves = form.cleaned_data["answer"] == "approve"
        return answer_rule_change(self.change, **self.who(), approves=approves)

    def get_success_message(self, result: Any) -> str:
        if result[0].approved_at is not None:
            return _("The parameter is changed.")
        return _("The change is refused.")


class RuleChangeWithdraw(RuleAction):
    form_class = OnceForm
    title = gettext_lazy("Take back a change of the rules")
    submit_label = gettext_lazy("Take the change back")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        super().load(request)
        self.change = get_object_or_404(
            RuleChange.objects.select_related("rules", "entered_by"),
            pk=kwargs["change"],
            entered_by__in=same_human(request.user),
        )
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            facts=self.change.rules.code,
            change=change_of(self.change),
            is_answered=not self.change.is_waiting,
            **kwargs,
        )

    def perform(self, form: OnceForm) -> Any:
        return withdraw_rule_change(self.change, **self.who())

    def get_success_message(self, result: Any) -> str:
        return _("The change is taken back.")


@require_safe
def day_off_list(request: HttpRequest) -> HttpResponse:
    _readers_only(request)
    year = _year_of(request.GET.get("nam", ""))
    context = {
        "days": decreed_days(),
        "year": year,
        "holidays": public_holidays(year),
        "keeps": keeps_rules(request.user, on=clock.today()),
    }
    return render(request, "admissions/day_off_list.html", context)


def _year_of(typed: str) -> int:
    """Return the year asked for, this one where none such is: a calendar is known for these."""
    year = int(typed) if typed.isascii() and typed.isdigit() and len(typed) == 4 else 0
    return year if 2000 <= year <= 2100 else clock.today().year


class DayOffNew(RuleAction):
    form_class = DayOffForm
    title = gettext_lazy("Enter a decreed day")
    submit_label = gettext_lazy("Save the day")

    def get_success_url(self, result: Any) -> str:
        return reverse("day-off-list")

    def perform(self, form: DayOffForm) -> Any:
        return decree_day(**self.who(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The day is saved. Terms that run over it were reckoned anew.")


@require_safe
def open_question_list(request: HttpRequest) -> HttpResponse:
    _readers_only(request)
    today = clock.today()
    context = {
        "answers": answers(on=today),
        "readings": READINGS,
        "keeps": keeps_rules(request.user, on=today),
    }
    return render(request, "admissions/open_question_list.html", context)


class QuestionAction(RuleAction):
    """An act about one open question."""

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        super().load(request)
        if (question := QUESTIONS.get(kwargs["question"])) is None:
            raise Http404
        self.question = question
        return None

    def get_success_url(self, result: Any) -> str:
        return reverse("open-question-list")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"facts": self.question.asks, **kwargs})


class OpenQuestionAsk(QuestionAction):
    form_class = SettingForm
    title = gettext_lazy("Answer an open question")
    submit_label = gettext_lazy("Ask for the change")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"question": self.question, "present": in_force(self.question, on=self.today)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(asks="setting", question=self.question, **kwargs)

    def perform(self, form: SettingForm) -> Any:
        return ask_setting(self.question, **self.who(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The change is asked for; another person of the top unit answers.")


class OpenQuestionAnswer(QuestionAction):
    form_class = SecondPersonForm
    title = gettext_lazy("Answer to a change of a setting")
    needs_fresh_proof = True
    submit_label = gettext_lazy("Save the answer")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        super().load(request, **kwargs)
        self.setting = waiting_setting(self.question, on=self.today)
        # A form sent twice must find its first result.
        if self.setting is None and request.method != "POST":
            raise Http404
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        setting = self.setting
        return super().get_context_data(
            setting=setting,
            setting_value=self.question.in_words(setting.value) if setting else "",
            present=self.question.in_words(in_force(self.question, on=self.today)),
            is_own=setting is not None and is_one_human(self.request.user, setting.entered_by),
            is_answered=setting is None,
            withdraw_url=reverse("open-question-withdraw", args=[self.question.name]),
            **kwargs,
        )

    def perform(self, form: SecondPersonForm) -> Any:
        if self.setting is None:
            raise Http404
        _refuse_own(is_one_human(self.request.user, self.setting.entered_by))
        approves = form.cleaned_data["answer"] == "approve"
        return answer_setting(self.setting, **self.who(), approves=approves)

    def get_success_message(self, result: Any) -> str:
        if result.approved_at is not None:
            return _("The setting is changed.")
        return _("The change is refused.")


class OpenQuestionWithdraw(QuestionAction):
    form_class = OnceForm
    title = gettext_lazy("Take back a change of a setting")
    submit_label = gettext_lazy("Take the change back")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        super().load(request, **kwargs)
        self.setting = waiting_setting(self.question, on=self.today)
        is_own = self.setting is not None and is_one_human(request.user, self.setting.entered_by)
        # A form sent twice must find its first result.
        if not is_own and request.method != "POST":
            raise Http404
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        setting = self.setting
        return super().get_context_data(
            setting=setting,
            setting_value=self.question.in_words(setting.value) if setting else "",
            present=self.question.in_words(in_force(self.question, on=self.today)),
            is_answered=setting is None,
            **kwargs,
        )

    def perform(self, form: OnceForm) -> Any:
        if self.setting is None or not is_one_human(self.request.user, self.setting.entered_by):
            raise Http404
        return withdraw_setting(self.setting, **self.who())

    def get_success_message(self, result: Any) -> str:
        return _("The change is taken back.")

"""How a form is drawn, and where a refusal is put."""

import re
import uuid

from django import forms
from django.template import Context, Template
from django.utils import translation

from config.errors import DomainError
from config.ui.forms import DateField, NameField, OnceForm, ProductForm, WholeNumberField


class BallotForm(OnceForm):
    arguments = {"held_on": "day"}

    day = DateField(label="Day of the meeting", help_text="For example 05/06/2025")
    agree = WholeNumberField(label="For", max_value=500)
    name = NameField(label="Name", required=False)
    sex = forms.ChoiceField(
        label="Sex", choices=[("m", "Male"), ("f", "Female")], widget=forms.RadioSelect
    )
    read_out = forms.BooleanField(label="Read out", required=False)


RIGHT = {"day": "5/6/25", "agree": "18", "sex": "f"}


def drawn(form):
    with translation.override("en"):
        return Template('{% include "ui/form.html" %}').render(Context({"form": form}))


def element(html, pattern):
    (found,) = re.findall(pattern, html)
    return found


def test_a_field_has_its_label_and_its_hint_before_the_input():
    html = drawn(BallotForm())
    assert re.search(
        r'<label for="id_day">Day of the meeting</label>\s*'
        r'<span class="hint" id="id_day_helptext">For example 05/06/2025</span>\s*'
        r"<input",
        html,
    )


def test_an_input_has_the_look_and_a_keyboard_of_digits_but_no_browser_rules():
    tag = element(drawn(BallotForm()), r'<input[^>]*name="day"[^>]*>')
    assert 'class="inp w-date"' in tag
    assert 'inputmode="numeric"' in tag
    assert "required" not in tag
    assert 'type="text"' in tag


def test_only_optional_fields_are_marked():
    html = drawn(BallotForm())
    assert re.findall(r'>(\w+) <span class="opt">\(optional\)', html) == ["Name"]


def test_a_refusal_is_told_above_and_at_its_field_in_the_same_words():
    html = drawn(BallotForm({**RIGHT, "day": "31/02/2025"}))

    sentence = "There is no day 31/02/2025. Write it as day/month/year."
    assert f'<a href="#id_day">Day of the meeting: {sentence}</a>' in html
    assert f'<span class="vh">Error: </span>{sentence}</span>' in html
    tag = element(html, r'<input[^>]*name="day"[^>]*>')
    assert 'aria-invalid="true"' in tag
    assert 'aria-describedby="id_day_helptext id_day_error"' in tag
    assert 'value="31/02/2025"' in tag


def test_the_summary_is_announced_and_takes_the_focus():
    html = drawn(BallotForm({}))
    assert '<div class="note late" role="alert" tabindex="-1" autofocus>' in html
    assert "Not saved yet: 3 things to correct" in html


def test_the_summary_links_to_the_first_choice_of_several():
    html = drawn(BallotForm({**RIGHT, "sex": ""}))
    assert '<a href="#id_sex_0">' in html
    assert 'id="id_sex_0"' in html


def test_the_summary_says_whose_row_a_field_is_of():
    form = BallotForm({**RIGHT, "agree": "x"})
    form.fields["agree"].about = "Lê Văn An"
    assert '<a href="#id_agree">Lê Văn An, For: “x” is not a whole number.' in drawn(form)


def test_a_form_that_was_not_sent_has_no_summary():
    assert "alert" not in drawn(BallotForm())


def test_what_was_typed_is_escaped_when_it_is_shown_again():
    html = drawn(BallotForm({**RIGHT, "name": "<b>An</b>", "day": '"><script>'}))
    assert "<script>" not in html
    assert "<b>An" not in html


def test_choices_are_a_fieldset_with_a_legend():
    html = drawn(BallotForm())
    assert re.search(r'<fieldset class="fld"[^>]*>\s*<legend>Sex</legend>', html)
    assert re.findall(r"<span>(Male|Female)</span></label>", html) == ["Male", "Female"]


def test_the_values_for_an_operation_are_named_as_it_names_them_and_no_more():
    form = BallotForm({**RIGHT, "once": str(uuid.uuid4())})
    assert form.is_valid(), form.errors
    assert sorted(form.values()) == ["agree", "held_on", "name", "read_out", "sex"]


def test_a_domain_refusal_goes_to_the_field_of_its_argument():
    form = BallotForm(RIGHT)
    assert form.is_valid()

    form.refuse(DomainError(fields={"held_on": "Too late.", "agree": "Too many."}))

    assert form.errors == {"day": ["Too late."], "agree": ["Too many."]}


def test_a_domain_refusal_without_a_field_is_not_lost():
    form = BallotForm(RIGHT)
    assert form.is_valid()

    form.refuse(DomainError("Refused.", fields={"elsewhere": "No such field.", "once": "Hidden."}))

    assert form.errors == {"__all__": ["No such field.", "Hidden.", "Refused."]}


def test_each_form_has_a_key_of_its_own_and_keeps_it_when_shown_again():
    one, other = (element(drawn(BallotForm()), r'name="once" value="([^"]*)"') for _ in "12")
    assert one != other
    again = drawn(BallotForm({**RIGHT, "day": "", "once": one}))
    assert element(again, r'name="once" value="([^"]*)"') == one


def test_a_key_of_nonsense_is_replaced():
    form = BallotForm({**RIGHT, "once": "x' OR 1=1"})
    assert form.is_valid()
    assert isinstance(form.cleaned_data["once"], uuid.UUID)


def test_forms_of_other_packages_have_the_look_too():
    class Theirs(forms.Form):
        login = forms.CharField(widget=forms.TextInput(attrs={"placeholder": "Login"}))

    tag = element(str(Theirs()["login"]), r"<input[^>]*>")
    assert 'class="inp"' in tag
    assert "placeholder" not in tag


def test_a_form_without_words_of_its_own_still_says_that_it_failed():
    form = ProductForm({})
    assert form.is_valid()
    with translation.override("en"):
        form.refuse(DomainError())
    assert form.errors == {"__all__": ["This could not be saved."]}

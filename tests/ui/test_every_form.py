"""What every field of every form answers to what nobody types by hand."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import django_filters
import pytest
from allauth.account.forms import LoginForm
from django import forms
from django.urls import get_resolver
from django.utils import translation

from config.ui.forms import ProductForm

HIDDEN = "Trong ô có ký tự ẩn. Hãy gõ lại thay vì dán."


def below(form: type) -> Iterator[type]:
    for one in form.__subclasses__():
        yield one
        yield from below(one)


def fields() -> Iterator[tuple[str, forms.Field]]:
    assert get_resolver().url_patterns  # every page, and so every form, is loaded
    declared: list[Any] = [LoginForm, *below(ProductForm)]
    for form in declared:
        for name, field in form.base_fields.items():
            yield f"{form.__module__}.{form.__name__}.{name}", deepcopy(field)
    for filters in below(django_filters.FilterSet):
        for name, narrowing in getattr(filters, "base_filters", {}).items():
            # Its field is kept where it is first read: on a copy, so that no page meets it.
            yield f"{filters.__module__}.{filters.__name__}.{name}", deepcopy(narrowing).field


def answers(typed: str, language: str) -> dict[str, list[str]]:
    """Return {field: its sentences} of those that refuse `typed`."""
    found = {}
    with translation.override(language):
        for name, field in fields():
            try:
                field.clean(typed)
            except forms.ValidationError as refusal:
                found[name] = [str(sentence) for sentence in refusal.messages]
    return found


@pytest.mark.thorough
@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["An\x00Bình", "1\x002", "9" * 20, "-" + "9" * 20, "9" * 400])
def test_every_field_refuses_nonsense_in_vietnamese(typed: str) -> None:
    vietnamese, english = answers(typed, "vi"), answers(typed, "en")

    assert len(vietnamese) > 50
    for name, sentences in vietnamese.items():
        assert not set(sentences) & set(english[name]), name
        assert "e+" not in " ".join(sentences), name


def test_a_null_character_is_told_in_the_same_words_everywhere() -> None:
    told = {sentence for found in answers("An\x00", "vi").values() for sentence in found}

    assert HIDDEN in told
    assert not any("ký tự" in sentence for sentence in told - {HIDDEN})


@pytest.mark.thorough
@pytest.mark.django_db
def test_a_number_too_long_is_told_the_largest_that_is_taken() -> None:
    numbers = {
        name: found
        for name, found in answers("9" * 20, "vi").items()
        if any("số nguyên" in sentence for sentence in found)
    }

    assert numbers == {}

"""Which passwords are refused besides the usual ones: those made of words that anybody would try.

A password is as long as it is without them: with what anybody here would guess taken away (the
product, the Party, the units of this installation), some letters of one's own must be left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    NumericPasswordValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from config.names import search_key

BANNED = (
    *("dangcongsanvietnam", "dangcongsan", "congsan", "vietnam", "dangvien", "dangbo", "danguy"),
    *("chibo", "bithu", "canbo", "quantri", "ketnap", "matkhau", "password", "admin", "doanthe"),
    *("thanhnien", "quangninh", "hanoi", "hochiminh", "bacho", "qwerty", "abcdef", "abc"),
)
LETTERS_OF_ONES_OWN = 5


class OneSentence:
    """Refuses by what the form said before."""

    def get_help_text(self) -> str:
        raise NotImplementedError

    def get_error_message(self) -> str:
        return self.get_help_text()


class Length(OneSentence, MinimumLengthValidator):
    """Refuse a short password; in the product's own words, as those below."""

    def get_help_text(self) -> str:
        return _("At least %(number)s characters.") % {"number": self.min_length}


class UnlikeTheAccount(OneSentence, UserAttributeSimilarityValidator):
    """Refuse a password much like the names of the account."""

    def get_help_text(self) -> str:
        return _("Not much like the sign-in name or one's own name.")


class Uncommon(OneSentence, CommonPasswordValidator):
    """Refuse one of the twenty thousand passwords that are tried first anywhere."""

    def get_help_text(self) -> str:
        return _("None of the passwords that many people use.")


class NotDigitsAlone(OneSentence, NumericPasswordValidator):
    """Refuse a number."""

    def get_help_text(self) -> str:
        return _("Not digits alone.")


class BannedWords:
    """Refuse a password that has little besides banned words and names of units."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        left = _letters(password)
        for word in sorted({*BANNED, *_names_of_units()}, key=len, reverse=True):
            left = left.replace(word, " ")
        if len(left.replace(" ", "")) < LETTERS_OF_ONES_OWN:
            raise ValidationError(self.get_help_text(), code="password_of_banned_words")

    def get_help_text(self) -> str:
        return _("Not made of the names of units, or of words that anybody here would try first.")


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", search_key(text))


def _names_of_units() -> Iterator[str]:
    # By its name: this ground floor may not import the app above it.
    designations: Any = apps.get_model("organizations", "Designation")._default_manager
    for names in designations.values_list("name", "short_name"):
        # Shorter ones are parts of too many words.
        yield from (word for word in map(_letters, names) if len(word) >= 4)

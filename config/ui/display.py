"""How somebody wants the pages: size of text, light or dark, keys, language. Cookies, no script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

SIZE, THEME, KEYS_USED = "size", "theme", "keys"
A_YEAR = 365 * 24 * 3600
SIZES = {"": _("Normal text"), "l": _("Large text"), "xl": _("Very large text")}
THEMES = {"": _("Light background"), "dark": _("Dark background")}
KEYS = {"": _("Single-key shortcuts on"), "off": _("Single-key shortcuts off")}


@dataclass(frozen=True)
class Display:
    """What the cookies say; anything unknown counts as not said."""

    size: str = ""
    theme: str = ""
    keys: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Display:
        """Return the choices that the browser of `request` has kept."""
        said = request.COOKIES
        return cls(
            _known(said.get(cookie_of(SIZE), ""), SIZES),
            _known(said.get(cookie_of(THEME), ""), THEMES),
            _known(said.get(cookie_of(KEYS_USED), ""), KEYS),
        )


def cookie_of(name: str) -> str:
    """Return what the cookie of one choice is called; over HTTPS, bound to this host alone."""
    return f"{settings.COOKIE_PREFIX}{name}"


def _known(value: str, choices: Mapping[str, object]) -> str:
    return value if value in choices else ""


def language_of(request: HttpRequest) -> str:
    """Return the language chosen by cookie, or the product's own.

    The browser's own list of languages isn't asked: many Vietnamese PCs run an English browser.
    """
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE

"""The catalogue of indicators in words: what each counts, out of what, and how it is aimed at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from targets.models import Indicator, Target

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Form = Target.Form

COUNTS = (Form.NUMBER, Form.RANGE)


@dataclass(frozen=True)
class Entry:
    """What an indicator counts, `of` what if it is a share, and the forms that its target takes.

    Without forms it is a result: told about targets of others, never aimed at by itself.
    """

    counts: str | StrPromise
    of: str | StrPromise = ""
    forms: tuple[Form, ...] = ()


CATALOGUE: dict[str, Entry] = {
    "KN01": Entry(_("members admitted, by the day of the ceremony"), "", (*COUNTS, Form.PERCENT)),
    "KN02": Entry(_("members admitted"), _("members at the start of the year")),
    "KN03": Entry(_("members admitted"), _("the target assigned")),
    "KN04": Entry(_("members admitted, less the target assigned")),
    "KN05": Entry(_("members expected to be admitted in the whole year")),
    "KN06": Entry(
        _("units directly beneath that admitted at least one"),
        _("all units directly beneath"),
        (*COUNTS, Form.FLOOR, Form.SHARE),
    ),
    "KN07": Entry(
        _("units whose declaration that no source is left was accepted"),
        _("all units directly beneath"),
    ),
    "KN08": Entry(_("cells that admitted nobody for years"), _("all cells")),
    "KN09": Entry(_("members admitted, of each group"), _("members admitted")),
    "KN10": Entry(
        _("members admitted who were aged 30 or under"), _("members admitted"), (Form.SHARE,)
    ),
    "KN11": Entry(
        _("heads of villages and residential groups who are members"),
        _("all heads of villages and residential groups"),
        (*COUNTS, Form.SHARE),
    ),
    "KN12": Entry(_("new Party organisations in private and collective firms"), "", COUNTS),
    "KN13": Entry(_("villages without a member or without a cell"), "", COUNTS),
    "KN14": Entry(
        _("village cells with a committee"), _("all village cells"), (*COUNTS, Form.SHARE)
    ),
    "KN15": Entry(_("open files, by step")),
    "KN16": Entry(_("members recognised as official; names of members on probation deleted")),
    "KN17": Entry(_("members removed from the Party")),
    "KN18": Entry(
        _("organisations and members graded good or better"), _("all that were graded"),
        (Form.SHARE,),
    ),
}  # fmt: skip


def forms_of(code: str) -> tuple[Form, ...]:
    """Return the forms of target that the indicator `code` takes."""
    entry = CATALOGUE.get(code)
    return entry.forms if entry else ()


def called(indicator: Indicator) -> str:
    """Return the name of an indicator in the reader's language."""
    return indicator.name_en if get_language() == "en" else indicator.name

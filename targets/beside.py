"""The companions of attainment as they are read: each with its value, and the list behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.ui.templatetags.ui import day, number, percent

from .quality import Companions, Share


@dataclass(frozen=True)
class Beside:
    """One companion as it is read: what it is, its value, of what it was reckoned, its records.

    The value is empty where there are too few records to tell it.
    """

    label: str
    value: str
    detail: str
    url: str = ""


@dataclass(frozen=True)
class Quality:
    """All that is shown beside one attainment, in its order."""

    companions: list[Beside]
    is_part: bool = False
    """The others stand beside another target for the same people."""

    @property
    def of_the_target(self) -> Quality:
        """Return what depends on the number aimed at: the open files for each remaining place."""
        return Quality(self.companions[:1], is_part=True)

    @property
    def beside(self) -> list[Beside]:
        """Return the companions that can be told."""
        return [one for one in self.companions if one.value]

    @property
    def too_few(self) -> list[str]:
        """Return what is not told, for there are too few records."""
        return [one.label for one in self.companions if not one.value]


@dataclass(frozen=True)
class Pages:
    """Where the records of one organisation's year are listed, `asked` for in some look."""

    slug: str
    year: int
    asked: Sequence[tuple[str, str]] = ()

    @property
    def admitted(self) -> str:
        """Return where the people admitted in the year are listed."""
        where = reverse("figure-records", args=[self.year, self.slug])
        return _with(where, ("chi-so", "admitted"), *self.asked)

    @property
    def files(self) -> str:
        return _with(reverse("organization-files", args=[self.slug]), *self._of_year)

    @property
    def units(self) -> str:
        return _with(reverse("organization-units", args=[self.slug]), *self._of_year)

    @property
    def _of_year(self) -> list[tuple[str, str]]:
        return [("nam", str(self.year)), *self.asked]


def quality(found: Companions, *, admitted: int, pages: Pages) -> Quality:
    """Return `found` in words; the lists behind them are at `pages`."""
    people = pages.admitted if admitted else ""
    told = [
        Beside(
            _("Sources per remaining place"),
            _decimal(found.sources_per_place),
            _places(found),
            pages.files if found.files else "",
        ),
        Beside(
            _("Time of being helped, median"),
            "" if found.months is None else _("%(n)s months") % {"n": _decimal(found.months)},
            _("%(n)s admitted in the year who were helped") % {"n": number(found.helped)},
            people,
        ),
        Beside(
            _("Files returned"),
            _share(found.returned),
            _("%(some)s of %(all)s that went above the cell")
            % {"some": number(found.returned.part), "all": number(found.returned.whole)},
        ),
        Beside(
            _("Admitted in the last round"),
            _share(found.last_round) if found.is_last_round_due else _("not yet"),
            _("from %(day)s on") % {"day": day(found.last_round_on)},
            people if found.is_last_round_due else "",
        ),
        Beside(
            _("Names deleted on probation"),
            _share(found.deleted),
            _("%(some)s of %(all)s admitted this year and last")
            % {"some": number(found.deleted.part), "all": number(found.deleted.whole)},
        ),
    ]
    if found.units:
        units = ngettext(
            "of %(n)s unit directly beneath", "of %(n)s units directly beneath", found.units
        )
        zero = number(found.units_at_zero)
        of_all = units % {"n": number(found.units)}
        told.append(Beside(_("Units at zero"), zero, of_all, pages.units))
    return Quality(told)


def _places(found: Companions) -> str:
    if found.missing is None:
        return _("no target was assigned")
    return _("%(files)s open files, %(missing)s people still missing") % {
        "files": number(found.files),
        "missing": number(found.missing),
    }


def _with(where: str, *asked: tuple[str, str]) -> str:
    return where + (f"?{urlencode(asked)}" if asked else "")


def _decimal(value: Decimal | None) -> str:
    return "–" if value is None else number(value, 1)


def _share(share: Share) -> str:
    return "" if share.is_too_few else percent(share.percent, 1)

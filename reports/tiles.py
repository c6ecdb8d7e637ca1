"""The attainment tile: a number of admissions, never without what tells of their quality."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.ui.templatetags.ui import day, number, percent
from targets.quality import Companions, Share, companions
from targets.sheets import aim

from .selectors.standing import Look, Standing

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


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
class AttainmentTile:
    """What was reached of a target, with its companions: there is no tile without them."""

    standing: Standing
    companions: Companions
    look: Look
    bullet: SafeString | str = ""
    words: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.companions, Companions):
            raise TypeError("An attainment tile needs its companions of quality.")

    @property
    def aim(self) -> str:
        """Return the target in words; nothing without one."""
        return aim(self.standing.low, self.standing.high) if self.standing.low else ""

    @property
    def records_url(self) -> str:
        """Return where the people behind the number are listed."""
        return self._page("figure-records", "chi-so", "admitted", year=True)

    @property
    def beside(self) -> list[Beside]:
        """Return the companions that can be told, in their order, each with the list behind it
        where there is one."""
        return [one for one in self._all() if one.value]

    @property
    def too_few(self) -> list[str]:
        """Return what is not told, for there are too few records."""
        return [one.label for one in self._all() if not one.value]

    def _all(self) -> list[Beside]:
        one = self.companions
        admitted = self.records_url if self.standing.admitted else ""
        found = [
            Beside(
                _("Sources per remaining place"),
                _decimal(one.sources_per_place),
                self._places(),
                self._page("organization-files") if one.files else "",
            ),
            Beside(
                _("Time of being helped, median"),
                "" if one.months is None else _("%(n)s months") % {"n": _decimal(one.months)},
                _("%(n)s admitted in the year who were helped") % {"n": number(one.helped)},
                admitted,
            ),
            Beside(
                _("Files returned"),
                _share(one.returned),
                _("%(some)s of %(all)s that went above the cell")
                % {"some": number(one.returned.part), "all": number(one.returned.whole)},
            ),
            Beside(
                _("Admitted in the last round"),
                _share(one.last_round) if one.is_last_round_due else _("not yet"),
                _("from %(day)s on") % {"day": day(one.last_round_on)},
                admitted if one.is_last_round_due else "",
            ),
            Beside(
                _("Names deleted on probation"),
                _share(one.deleted),
                _("%(some)s of %(all)s admitted this year and last")
                % {"some": number(one.deleted.part), "all": number(one.deleted.whole)},
            ),
        ]
        if one.units:
            told = ngettext(
                "of %(n)s unit directly beneath", "of %(n)s units directly beneath", one.units
            )
            found.append(
                Beside(
                    _("Units at zero"),
                    number(one.units_at_zero),
                    told % {"n": number(one.units)},
                    self._page("organization-units"),
                )
            )
        return found

    def _places(self) -> str:
        one = self.companions
        if one.missing is None:
            return _("no target was assigned")
        return _("%(files)s open files, %(missing)s people still missing") % {
            "files": number(one.files),
            "missing": number(one.missing),
        }

    def _page(self, name: str, *measure: str, year: bool = False) -> str:
        look = self.look
        asked: list[Any] = [measure] if measure else []
        if not year:
            asked.append(("nam", look.year))
        if look.lens == "now":
            asked.append(("cach", "now"))
        if look.recount_on is not None:
            asked.append(("den", look.on.isoformat()))
        slug = self.standing.organization.slug
        where = reverse(name, args=[look.year, slug] if year else [slug])
        return where + (f"?{urlencode(asked)}" if asked else "")


def _decimal(value: Decimal | None) -> str:
    return "–" if value is None else number(value, 1)


def _share(share: Share) -> str:
    return "" if share.is_too_few else percent(share.percent, 1)


def tile_of(
    standing: Standing, look: Look, *, bullet: SafeString | str = "", words: str = ""
) -> AttainmentTile:
    """Return the tile of `standing`, its companions counted as `look` has it."""
    found = companions(
        standing.organization,
        standing.row,
        year=look.year,
        lens=look.lens,
        on=look.on,
        tree_on=look.placed_on,
    )
    return AttainmentTile(standing, found, look, bullet=bullet, words=words)

"""The attainment tile: a number of admissions, never without what tells of their quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse

from targets.beside import Pages, Quality, quality
from targets.foretold import Foretold
from targets.quality import Companions, companions
from targets.sheets import aim

from .headlines import tile_forecast
from .selectors.standing import Look, Standing

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@dataclass(frozen=True)
class AttainmentTile:
    """What was reached of a target, with its companions: there is no tile without them."""

    standing: Standing
    companions: Companions
    look: Look
    bullet: SafeString | str = ""
    words: str = ""
    foretold: Foretold | None = None

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
        return self._pages.admitted

    @property
    def forecast(self) -> str:
        """Return the forecast of the year in words; nothing where none is asked for."""
        return tile_forecast(self.foretold, self.standing.low)

    @property
    def forecast_url(self) -> str:
        """Return where the forecast is told, with what it rests on."""
        page = reverse("forecast", args=[self.look.year, self.standing.organization.slug])
        return page + (f"?{urlencode(self._asked)}" if self._asked else "")

    @property
    def quality(self) -> Quality:
        """Return the companions as they are read."""
        return quality(self.companions, admitted=self.standing.admitted or 0, pages=self._pages)

    @property
    def _pages(self) -> Pages:
        return Pages(self.standing.organization.slug, self.look.year, self._asked)

    @property
    def _asked(self) -> list[tuple[str, str]]:
        asked = []
        if self.look.lens == "now":
            asked.append(("cach", "now"))
        if self.look.recount_on is not None:
            asked.append(("den", self.look.on.isoformat()))
        return asked


def tile_of(
    standing: Standing,
    look: Look,
    *,
    bullet: SafeString | str = "",
    words: str = "",
    foretold: Foretold | None = None,
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
    return AttainmentTile(standing, found, look, bullet=bullet, words=words, foretold=foretold)

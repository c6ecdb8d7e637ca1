"""Cut Noto Sans to what Vietnamese and Latin text needs: two files, 32 KB, weights 400 to 700.

`python -m config.ui.fonts` (set-up runs it) writes `static/fonts/`, which is not committed; it does
nothing when the files are there and were cut from this wheel by these numbers. The ranges are the
`unicode-range`s of `static/app.css`: a browser fetches a file only for characters in its range.
"""

from __future__ import annotations

import hashlib
import logging
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent.parent / "static" / "fonts"
LIMIT = 35 * 1024  # bytes, both files together
WEIGHTS = (400, 700)
RANGES = {
    "noto-sans-vi.woff2": "0102-0103,0110-0111,0128-0129,0168-0169,01A0-01A1,01AF-01B0,0300-0301,"
    "0303-0304,0308-0309,0323,0329,1EA0-1EF9,20AB",
    "noto-sans-latin.woff2": "0020-007E,00A0-00FF,0131,2010,2013-2014,2018-201A,201C-201E,"
    "2020-2022,2026,2030,2032-2033,2039-203A,2044,20AC,2122,2191,2193,2212,2215",
}
FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl", "calt", "liga"]


def codepoints(ranges: str) -> list[int]:
    """Return the characters of a list of hexadecimal ranges.

    >>> codepoints("0041-0043,20AB")
    [65, 66, 67, 8363]
    """
    found: list[int] = []
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        found.extend(range(int(first, 16), int(last or first, 16) + 1))
    return found


def build(folder: Path = FOLDER) -> bool:
    """Write both files to `folder` and return True; False where they were up to date.

    Raises RuntimeError where they outgrow the limit of the page's weight.
    """
    mark = folder / "made-from.txt"
    recipe = repr((version("fontpkg-noto-sans"), version("fonttools"), WEIGHTS, RANGES, FEATURES))
    digest = hashlib.sha256(recipe.encode()).hexdigest()
    names = [folder / name for name in RANGES]
    if all(path.exists() for path in names) and mark.exists() and mark.read_text() == digest:
        return False
    # Loading fontTools takes a good part of a second: not on the way of a start that needs nothing.
    from fontTools import subset  # noqa: PLC0415
    from fontTools.ttLib import TTFont  # noqa: PLC0415
    from fontTools.varLib import instancer  # noqa: PLC0415

    for name in ("fontTools.subset", "fontTools.varLib", "fontTools.ttLib"):
        logging.getLogger(name).setLevel(logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    source = files("fontpkg_noto_sans") / "files" / "NotoSans[wdth,wght].ttf"
    for name, ranges in RANGES.items():
        options = subset.Options(
            flavor="woff2",
            layout_features=FEATURES,
            hinting=False,
            name_IDs=[0, 1, 2, 13, 14],
        )
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=codepoints(ranges))
        with as_file(source) as path:
            font = TTFont(path, lazy=True)
            subsetter.subset(font)
        instancer.instantiateVariableFont(font, {"wght": (*WEIGHTS,), "wdth": 100}, inplace=True)
        font.flavor = "woff2"
        half_written = folder / f".{name}"
        font.save(half_written)
        half_written.replace(folder / name)
    size = sum(path.stat().st_size for path in names)
    if size > LIMIT:
        raise RuntimeError(f"the fonts came to {size} bytes, over {LIMIT}")
    licence = files("fontpkg_noto_sans") / "LICENSE"
    (folder / "OFL.txt").write_bytes(licence.read_bytes())
    mark.write_text(digest)
    return True


if __name__ == "__main__":
    build()

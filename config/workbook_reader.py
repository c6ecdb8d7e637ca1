"""Reads one workbook in a process of its own: bytes in, JSON out. Run by `workbooks`, imports none
of this project. A file made to exhaust the machine ends this process and nothing else.
"""

import io
import json
import re
import resource
import sys
import zipfile

MEMORY = 512 * 1024 * 1024
SECONDS = 20
FORMULA = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*>\s*<f\b')


def column(letters: str) -> int:
    """Return the place of a column from 0.

    >>> column("A"), column("AB")
    (0, 27)
    """
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def formulas(content: bytes) -> list[tuple[int, int]]:
    """Return the cells (row, column; from 0) of the first sheet that hold a formula."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = "xl/worksheets/sheet1.xml"
        xml = archive.read(name) if name in archive.namelist() else b""
    return [(int(row) - 1, column(name.decode())) for name, row in FORMULA.findall(xml)]


def plain(value: object) -> object:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return {"day": str(value)}


def main() -> None:
    rows, columns = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    from python_calamine import CalamineWorkbook  # noqa: PLC0415 - within the limits

    content = sys.stdin.buffer.read()
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    found: dict[str, object] = {"rows": [], "formulas": [], "height": sheet.total_height}
    if sheet.total_height <= rows and sheet.total_width <= columns:
        cells = sheet.to_python(skip_empty_area=False)
        found["rows"] = [[plain(value) for value in row] for row in cells]
        found["formulas"] = formulas(content)
    else:
        found["too_large"] = True
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

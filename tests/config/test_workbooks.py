"""What a workbook may not hold, told from its bytes alone."""

import io
import stat
import zipfile

from config import workbooks


def packed(*more: zipfile.ZipInfo) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for part in more:
            archive.writestr(part, "/etc/passwd")
    return made.getvalue()


def test_a_link_inside_a_workbook_is_refused() -> None:
    link, plain = (zipfile.ZipInfo("xl/sharedStrings.xml") for _time in range(2))
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    plain.external_attr = (stat.S_IFREG | 0o644) << 16

    assert workbooks.refusal(packed(plain), name="a.xlsx") == ""
    assert workbooks.refusal(packed(link), name="a.xlsx") != ""

"""How Than Quảng Ninh followed up its organisations in the spring of 2021: all of it generated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from .plan import Confirmation, Event, FollowUp, FollowUpDone

DAYS = {
    3: (date(2021, 4, 1), date(2021, 4, 2), date(2021, 4, 5)),
    4: (date(2021, 5, 4), date(2021, 5, 5), date(2021, 5, 6)),
}
"""The days on which each month was confirmed, by the organisations in turn."""

SILENT = {4: ("xay-lap", "cap-cuu-mo")}
"""Who has not confirmed which month."""

PAPERS = "Quần chúng đã học lớp nhận thức; các chi bộ đang hoàn thiện hồ sơ."
CLASSES = "Lớp bồi dưỡng nhận thức về Đảng mở muộn, đến tháng 5 mới có giấy chứng nhận."
SOURCES = "Nguồn còn ít; chi đoàn đang giới thiệu thêm đoàn viên ưu tú."
SHORTFALLS = {
    "cao-son": "Hồ sơ chờ thẩm tra lý lịch ở quê, huyện ủy nơi đó chưa trả lời.",
    "coc-sau": "Ba phân xưởng giãn ca, các chi bộ dời lịch xét sang quý II.",
    **dict.fromkeys(("duong-huy", "ha-lam", "uong-bi", "cua-ong"), PAPERS),
    **dict.fromkeys(("thong-nhat", "ha-tu", "da-bac", "cap-cuu-mo"), CLASSES),
    **dict.fromkeys(("tuyen-hon-gai", "kho-van-hon-gai", "moi-truong", "xay-lap"), SOURCES),
    **dict.fromkeys(("thiet-bi-dien", "van-tai"), SOURCES),
}
"""Why organisations lay behind the plan at the end of a month: two have reasons of their own."""


def followed_up(units: Sequence[str]) -> list[Event]:
    """Return what `units` confirmed month by month, and whom their superior sent after them."""
    confirmed = [
        Confirmation(days[place % len(days)], unit, month, SHORTFALLS.get(unit, ""))
        for month, days in DAYS.items()
        for place, unit in enumerate(units)
        if unit not in SILENT.get(month, ())
    ]
    return [
        *confirmed,
        FollowUp(
            date(2021, 4, 12), "coc-sau", "Cùng Đảng ủy Công ty rà soát lịch xét của các chi bộ.",
            "canbo2", due_on=date(2021, 5, 10),
        ),
        FollowUpDone(
            date(2021, 5, 7), "coc-sau", "Đảng ủy Công ty đã chốt lịch xét của các chi bộ: tháng 6."
        ),
        FollowUp(
            date(2021, 5, 13), "cao-son", "Làm việc với huyện ủy về hồ sơ chờ thẩm tra.",
            "lanhdao", due_on=date(2021, 6, 15),
        ),
        FollowUp(
            date(2021, 5, 14), "xay-lap", "Đôn đốc xác nhận số liệu tháng 4, rà soát nguồn.",
            "canbo2", due_on=date(2021, 5, 25),
        ),
    ]  # fmt: skip

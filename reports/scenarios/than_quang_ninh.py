"""Than Quảng Ninh on 28/5/2021 and on 2/11/2019 (press articles 000 and 001).

Published: the figures named in `PUBLISHED_*`. Everything else is generated, so that the totals
agree: which companies there are, their cells, their people, targets and dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import count
from random import Random

from admissions.stages import Stage

from .following import followed_up
from .making import COLUMNS, Maker, Work, share_out, slug_of
from .people import Population
from .plan import (
    AdmissionRound,
    Change,
    Class,
    Forecast,
    Number,
    Opening,
    PercentTarget,
    Plan,
    Reorganize,
    Shares,
    TopTarget,
    Unit,
)

TOP = "than-quang-ninh"
PROVINCE = "Tỉnh ủy Quảng Ninh"
SINCE = date(2000, 1, 1)

PIT, OPEN_PIT, YARD, OTHER = "hầm lò", "lộ thiên", "sàng tuyển, kho vận", "dịch vụ"
SECTORS = {
    PIT: "Khai thác than hầm lò",
    OPEN_PIT: "Khai thác than lộ thiên",
    YARD: "Sàng tuyển, kho vận",
    OTHER: "Cơ khí, xây dựng, dịch vụ",
}


@dataclass(frozen=True)
class Company:
    """A committee or cell directly beneath the top; numbers are those of 2021."""

    name: str
    slug: str
    work: str
    cells: int
    members: int
    target: int
    admitted: int
    before: int
    """Admissions of 2020."""
    open_files: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    """Sources, certified, in preparation, before the cell, before committees."""


COMPANIES = (
    Company("Than Hòn Gai", "hon-gai", PIT, 36, 953, 45, 27, 45, (2, 1, 1, 1, 1)),
    Company("Than Khe Chàm", "khe-cham", PIT, 39, 724, 38, 18, 37),
    Company("Than Vàng Danh", "vang-danh", PIT, 41, 1022, 53, 16, 54, (2, 1, 1, 1, 1)),
    Company("Than Mạo Khê", "mao-khe", PIT, 44, 1058, 54, 13, 55, (2, 1, 1, 1, 1)),
    Company("Than Uông Bí", "uong-bi", PIT, 38, 945, 48, 10, 49, (2, 1, 1, 1, 1)),
    Company("Than Nam Mẫu", "nam-mau", PIT, 33, 816, 42, 12, 44, (2, 1, 1, 1, 1)),
    Company("Than Dương Huy", "duong-huy", PIT, 31, 746, 38, 3, 33, (1, 1, 0, 0, 0)),
    Company("Than Thống Nhất", "thong-nhat", PIT, 28, 659, 33, 4, 30, (1, 1, 0, 0, 0)),
    Company("Than Quang Hanh", "quang-hanh", PIT, 29, 688, 36, 9, 36, (1, 0, 1, 0, 0)),
    Company("Than Hạ Long", "ha-long", PIT, 27, 602, 30, 7, 30, (1, 0, 0, 0, 1)),
    Company("Than Mông Dương", "mong-duong", PIT, 34, 850, 44, 8, 43, (1, 0, 0, 1, 0)),
    Company("Than Hà Lầm", "ha-lam", PIT, 30, 706, 36, 10, 37, (1, 1, 0, 0, 0)),
    Company("Than Núi Béo", "nui-beo", PIT, 26, 592, 30, 7, 29, (1, 0, 1, 0, 0)),
    Company("Than Cọc Sáu", "coc-sau", OPEN_PIT, 32, 696, 34, 1, 26, (1, 0, 0, 0, 0)),
    Company("Than Đèo Nai", "deo-nai", OPEN_PIT, 31, 672, 32, 4, 32, (1, 0, 0, 0, 0)),
    Company("Than Cao Sơn", "cao-son", OPEN_PIT, 37, 878, 44, 6, 44, (1, 1, 0, 0, 0)),
    Company("Than Hà Tu", "ha-tu", OPEN_PIT, 27, 580, 28, 3, 28, (1, 0, 0, 0, 1)),
    Company("Than Tây Nam Đá Mài", "da-mai", OPEN_PIT, 18, 372, 18, 2, 18, (1, 0, 1, 0, 0)),
    Company("Tuyển than Cửa Ông", "cua-ong", YARD, 42, 915, 45, 6, 41, (1, 0, 1, 0, 0)),
    Company("Tuyển than Hòn Gai", "tuyen-hon-gai", YARD, 21, 440, 20, 2, 20, (1, 0, 1, 0, 0)),
    Company("Kho vận Đá Bạc", "da-bac", YARD, 17, 326, 15, 1, 12, (1, 0, 0, 0, 0)),
    Company("Kho vận Cẩm Phả", "kho-van-cam-pha", YARD, 16, 302, 14, 2, 14, (1, 0, 0, 0, 0)),
    Company("Kho vận Hòn Gai", "kho-van-hon-gai", YARD, 14, 248, 11, 1, 11),
    Company("Xây lắp mỏ", "xay-lap", OTHER, 16, 290, 14, 0, 9, (1, 0, 0, 0, 0)),
    Company("Xây dựng hầm lò 2", "ham-lo-2", OTHER, 18, 352, 17, 2, 17, (1, 1, 0, 0, 0)),
    Company("Môi trường", "moi-truong", OTHER, 15, 268, 13, 1, 12, (1, 0, 0, 0, 0)),
    Company("Chế tạo máy", "che-tao-may", OTHER, 19, 352, 17, 2, 17, (1, 1, 0, 0, 0)),
    Company("Công nghiệp Ô tô", "cong-nghiep-o-to", OTHER, 11, 180, 8, 1, 8),
    Company("Cơ khí Mạo Khê", "co-khi-mao-khe", OTHER, 10, 154, 7, 1, 7),
    Company("Cơ khí Hòn Gai", "co-khi-hon-gai", OTHER, 9, 140, 6, 0, 3),
    Company("Thiết bị điện", "thiet-bi-dien", OTHER, 10, 166, 8, 1, 8, (1, 0, 0, 0, 0)),
    Company("Vận tải – Đưa đón thợ mỏ", "van-tai", OTHER, 14, 238, 11, 1, 11),
    Company("Cấp cứu mỏ", "cap-cuu-mo", OTHER, 8, 142, 8, 0, 8, (1, 0, 1, 0, 0)),
    Company("Cao đẳng Than – Khoáng sản", "cao-dang", OTHER, 22, 414, 24, 3, 25,
            (2, 1, 1, 0, 0)),
    Company("Bệnh viện Than – Khoáng sản", "benh-vien", OTHER, 9, 170, 9, 1, 9, (1, 0, 0, 0, 0)),
    Company("Giám định Quacontrol", "giam-dinh", OTHER, 8, 124, 5, 0, 2),
    Company("Địa chất mỏ", "dia-chat", OTHER, 9, 134, 6, 0, 2),
    Company("Tin học – Công nghệ", "tin-hoc", OTHER, 0, 29, 4, 0, 2, (1, 0, 1, 0, 0)),
    Company("Đầu tư – Thương mại", "dau-tu", OTHER, 0, 28, 3, 0, 1),
    Company("Cơ quan Đảng ủy", "co-quan", OTHER, 0, 29, 2, 0, 1, (1, 0, 0, 0, 0)),
)  # fmt: skip

MINING, DRIVING, MACHINES = "Khai thác", "Đào lò", "Cơ điện – Vận tải"
SERVICE, OFFICES = "Đời sống – Phục vụ", "Phòng ban"


@dataclass(frozen=True)
class Cell:
    """A cell of Khe Chàm in 2021."""

    name: str
    group: str
    members: int
    target: int
    admitted: int
    before: tuple[int, int, int]
    """Admissions of 2018, 2019 and 2020."""
    open_files: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)


KHE_CHAM = (
    Cell("Phân xưởng Khai thác 1", MINING, 28, 2, 1, (2, 2, 2), (2, 1, 1, 0, 0)),
    Cell("Phân xưởng Khai thác 2", MINING, 30, 2, 1, (2, 2, 2)),
    Cell("Phân xưởng Khai thác 3", MINING, 27, 2, 0, (1, 2, 1), (2, 1, 0, 0, 0)),
    Cell("Phân xưởng Khai thác 4", MINING, 27, 1, 1, (2, 1, 2), (1, 1, 0, 0, 1)),
    Cell("Phân xưởng Khai thác 5", MINING, 25, 1, 1, (2, 2, 2), (1, 0, 0, 1, 0)),
    Cell("Phân xưởng Khai thác 6", MINING, 24, 2, 1, (1, 1, 1), (1, 1, 0, 0, 1)),
    Cell("Phân xưởng Khai thác 7", MINING, 23, 1, 0, (1, 2, 1), (1, 0, 1, 0, 0)),
    Cell("Phân xưởng Cơ giới hóa", MINING, 31, 3, 2, (2, 2, 3), (1, 1, 1, 1, 0)),
    Cell("Phân xưởng Đào lò 1", DRIVING, 23, 2, 1, (1, 1, 1), (1, 1, 0, 0, 0)),
    Cell("Phân xưởng Đào lò 2", DRIVING, 22, 1, 1, (1, 1, 1), (1, 0, 0, 0, 0)),
    Cell("Phân xưởng Đào lò 3", DRIVING, 22, 1, 0, (1, 1, 0), (1, 0, 1, 0, 0)),
    Cell("Phân xưởng Đào lò 4", DRIVING, 21, 1, 0, (1, 1, 1), (1, 0, 0, 0, 0)),
    Cell("Phân xưởng Đào lò 5", DRIVING, 20, 1, 1, (1, 1, 2), (1, 1, 0, 0, 0)),
    Cell("Phân xưởng Cơ điện lò 1", MACHINES, 25, 2, 1, (2, 1, 2), (0, 1, 1, 0, 1)),
    Cell("Phân xưởng Cơ điện lò 2", MACHINES, 23, 1, 1, (1, 1, 1), (1, 0, 0, 0, 0)),
    Cell("Phân xưởng Vận tải lò 1", MACHINES, 26, 2, 1, (1, 2, 2), (1, 1, 0, 1, 0)),
    Cell("Phân xưởng Vận tải lò 2", MACHINES, 24, 1, 1, (2, 1, 1), (0, 1, 0, 0, 1)),
    Cell("Phân xưởng Vận tải giếng", MACHINES, 21, 1, 0, (1, 1, 1), (1, 0, 0, 0, 0)),
    Cell("Phân xưởng Thông gió – Đo khí", MACHINES, 22, 2, 1, (1, 1, 1), (0, 1, 1, 0, 0)),
    Cell("Phân xưởng Cơ khí sửa chữa", MACHINES, 20, 1, 0, (1, 1, 1), (0, 0, 1, 0, 0)),
    Cell("Phân xưởng Ô tô", MACHINES, 18, 0, 0, (1, 0, 0)),
    Cell("Phân xưởng Sàng tuyển", MACHINES, 19, 1, 1, (1, 1, 1), (1, 0, 0, 0, 0)),
    Cell("Phân xưởng Phục vụ", SERVICE, 17, 0, 0, (0, 0, 0)),
    Cell("Phân xưởng Đời sống", SERVICE, 16, 1, 0, (1, 1, 1), (1, 0, 0, 0, 0)),
    Cell("Phân xưởng Môi trường – Xây dựng", SERVICE, 15, 0, 0, (1, 0, 0), (1, 0, 0, 0, 0)),
    Cell("Trạm Y tế", SERVICE, 7, 0, 0, (0, 0, 1)),
    Cell("Phòng Kỹ thuật công nghệ", OFFICES, 17, 1, 1, (1, 1, 1), (0, 0, 1, 0, 0)),
    Cell("Phòng Kỹ thuật cơ điện", OFFICES, 15, 1, 0, (1, 1, 1), (1, 0, 0, 1, 0)),
    Cell("Phòng An toàn", OFFICES, 16, 1, 0, (0, 1, 1), (0, 1, 0, 0, 0)),
    Cell("Phòng Điều khiển sản xuất", OFFICES, 14, 0, 0, (1, 1, 0), (1, 0, 0, 0, 0)),
    Cell("Phòng Trắc địa – Địa chất", OFFICES, 12, 1, 1, (0, 1, 1)),
    Cell("Phòng Kế hoạch", OFFICES, 10, 0, 0, (0, 0, 1)),
    Cell("Phòng Kế toán", OFFICES, 9, 0, 0, (0, 1, 0), (1, 0, 0, 0, 0)),
    Cell("Phòng Vật tư", OFFICES, 8, 0, 0, (0, 0, 0)),
    Cell("Phòng Tổ chức lao động", OFFICES, 8, 1, 0, (0, 0, 1), (0, 0, 1, 0, 0)),
    Cell("Phòng Đầu tư – Môi trường", OFFICES, 7, 0, 0, (0, 0, 0)),
    Cell("Phòng Thanh tra – Bảo vệ", OFFICES, 12, 1, 0, (0, 1, 0), (0, 1, 0, 0, 0)),
    Cell("Văn phòng", OFFICES, 11, 0, 0, (1, 1, 0), (1, 0, 0, 0, 0)),
    Cell("Phòng Tiêu thụ", OFFICES, 9, 0, 0, (1, 0, 0), (0, 1, 0, 0, 0)),
)

OFFICE_NAMES = (
    "Phòng Kỹ thuật", "Phòng An toàn", "Phòng Kế hoạch – Đầu tư", "Phòng Kế toán – Tài chính",
    "Phòng Tổ chức lao động", "Văn phòng", "Phòng Cơ điện", "Phòng Vật tư",
    "Phòng Điều khiển sản xuất", "Phòng Thanh tra – Bảo vệ", "Phòng Trắc địa – Địa chất",
)  # fmt: skip
WORKSHOPS = {
    PIT: ((MINING, "Phân xưởng Khai thác"), (DRIVING, "Phân xưởng Đào lò"),
          (MACHINES, "Phân xưởng Cơ điện lò"), (MINING, "Phân xưởng Khai thác"),
          (MACHINES, "Phân xưởng Vận tải lò"), (DRIVING, "Phân xưởng Đào lò"),
          (SERVICE, "Phân xưởng Đời sống")),
    OPEN_PIT: ((MINING, "Công trường Khai thác"), (MACHINES, "Phân xưởng Vận tải"),
               (MINING, "Công trường Xúc"), (MACHINES, "Phân xưởng Cơ điện"),
               (MINING, "Công trường Khoan nổ"), (SERVICE, "Phân xưởng Phục vụ")),
    YARD: (("Sàng tuyển – Bến bãi", "Phân xưởng Tuyển"), (MACHINES, "Phân xưởng Vận tải"),
           ("Sàng tuyển – Bến bãi", "Phân xưởng Kho bến"), (MACHINES, "Phân xưởng Cơ điện"),
           (SERVICE, "Phân xưởng Phục vụ")),
    OTHER: (("Sản xuất", "Phân xưởng"), ("Sản xuất", "Đội"), (SERVICE, "Tổ phục vụ")),
}  # fmt: skip

MINERS = ("Thợ lò", "Thợ lò", "Thợ lò", "Thợ cơ điện lò", "Phó quản đốc", "Kỹ sư khai thác")
WORKS = {
    MINING: Work(MINERS, ("worker",), women_percent=2),
    DRIVING: Work(("Thợ lò", "Thợ lò", "Thợ chống lò", "Kỹ sư xây dựng mỏ"), ("worker",), 1),
    MACHINES: Work(("Thợ cơ điện", "Thợ vận hành", "Lái xe", "Kỹ sư cơ điện"), ("worker",), 14),
    "Sàng tuyển – Bến bãi": Work(("Công nhân sàng tuyển", "Công nhân bốc rót"), ("worker",), 40),
    "Sản xuất": Work(("Công nhân cơ khí", "Thợ hàn", "Công nhân xây dựng"), ("worker",), 15),
    SERVICE: Work(("Nhân viên phục vụ", "Nhân viên cấp dưỡng", "Y sĩ"), (), 65),
    OFFICES: Work(("Kỹ sư", "Kế toán viên", "Chuyên viên", "Cử nhân kinh tế"),
                  ("intellectual",), 45),
}  # fmt: skip

PEOPLE = {"Kinh": 91, "Tày": 4, "Dao": 3, "Sán Dìu": 2}

BITHU_CELL = "khe-cham-phan-xuong-khai-thac-2"
BITHU2_CELL = "khe-cham-phan-xuong-khai-thac-3"


def than_quang_ninh_2021() -> Plan:
    """Return the default scenario: 28/5/2021, 185 admitted so far of a target of 950."""
    plan = Plan(
        name="than-quang-ninh-2021",
        title="Than Quảng Ninh, 28/5/2021",
        seed=20210528,
        day=date(2021, 5, 28),
        year=2021,
        top=TOP,
        since=SINCE,
        years=(2018, 2019, 2020, 2021),
        rounds=[
            AdmissionRound(date(2021, 2, 3), "Đợt 3/2", 8),
            AdmissionRound(date(2021, 3, 26), "Lớp đảng viên 90 năm ngày thành lập Đoàn", 6),
            AdmissionRound(date(2021, 5, 19), "Đợt 19/5", 10),
            AdmissionRound(date(2021, 9, 2), "Đợt 2/9", 36),
            AdmissionRound(date(2021, 11, 12), "Đợt 12/11", 40),
        ],
    )
    maker = Maker(plan, _population(plan))
    members = {company.slug: company.members for company in COMPANIES}
    _found(maker, members=members)
    works = _works(plan)
    before = _admitted_before(
        maker,
        by_year={
            2018: [round(company.before * 1.02) for company in COMPANIES],
            2019: [round(company.before * 1.04) for company in COMPANIES],
            2020: [company.before for company in COMPANIES],
        },
    )
    for cell, slug in zip(KHE_CHAM, _khe_cham_cells(plan), strict=True):
        before[slug] = dict(zip((2018, 2019, 2020), cell.before, strict=True))
    maker.settle(works=works, admitted_before=before)
    _accounts(maker)

    for company in COMPANIES:
        if company.slug == "khe-cham":
            continue
        maker.admit_beneath(company.slug, company.admitted, works=works)
        maker.wait_beneath(company.slug, company.open_files, works=works)
    _files_of_khe_cham(maker, works)
    _files_of_bithu(maker, works[BITHU_CELL])
    _targets_of_2021(maker)
    plan.others += followed_up([company.slug for company in COMPANIES])
    plan.others.append(
        Reorganize(
            date(2021, 5, 25),
            "khe-cham",
            "41-QĐ/ĐU",
            signed_on=date(2021, 5, 24),
            effective_on=date(2021, 7, 1),
            changes=(
                Change(
                    "merge", ("khe-cham-phong-dau-tu-moi-truong",), ("khe-cham-phong-ke-hoach",)
                ),
            ),
            note="Công ty nhập Phòng Đầu tư – Môi trường vào Phòng Kế hoạch.",
        )
    )
    _classes(plan)
    maker.centre(TOP)
    return plan


def than_quang_ninh_2019() -> Plan:
    """Return 2/11/2019: 27 of 53 in Hòn Gai, 4,057 admitted since the term began."""
    plan = Plan(
        name="than-quang-ninh-2019",
        title="Than Quảng Ninh, 2/11/2019",
        seed=20191102,
        day=date(2019, 11, 2),
        year=2019,
        top=TOP,
        since=SINCE,
        years=(2015, 2016, 2017, 2018, 2019),
        rounds=[
            AdmissionRound(date(2019, 2, 3), "Đợt 3/2", 8),
            AdmissionRound(date(2019, 5, 19), "Đợt 19/5", 16),
            AdmissionRound(date(2019, 9, 2), "Đợt 2/9", 36),
            AdmissionRound(date(2019, 11, 12), "Đợt 12/11", 40),
        ],
    )
    maker = Maker(plan, _population(plan))
    fixed = {"hon-gai": 953}
    others = [company for company in COMPANIES if company.slug not in fixed]
    shares = share_out(OPENING_2019 - 953, [company.members for company in others], least=24)
    members = fixed | {company.slug: share for company, share in zip(others, shares, strict=True)}
    _found(maker, members=members)
    works = _works(plan)
    # Of the 4,057 since the term began, the years before bring all but this year's.
    by_year = {}
    for year, total in ADMITTED_BEFORE_2019.items():
        rest = share_out(total - HON_GAI_BEFORE_2019[year], [company.before for company in others])
        shared = iter(rest)
        by_year[year] = [
            HON_GAI_BEFORE_2019[year] if company.slug == "hon-gai" else next(shared)
            for company in COMPANIES
        ]
    maker.settle(works=works, admitted_before=_admitted_before(maker, by_year=by_year))
    _accounts(maker)

    so_far = share_out(ADMITTED_2019 - 27, [company.before for company in others])
    for company, admitted in zip(others, so_far, strict=True):
        maker.admit_beneath(company.slug, admitted, works=works)
    maker.admit_beneath("hon-gai", 27, works=works)
    maker.wait_beneath("hon-gai", (4, 3, 3, 4, 8), works=works)
    for company in others[:12]:
        maker.wait_beneath(company.slug, (1, 0, 1, 0, 1), works=works)
    _targets_of_2019(maker)
    maker.centre(TOP)
    return plan


OPENING_2019 = 16_720
"""Not published. At most 16,727, since the forecast of 920 is to be 5.5 % of it."""
ADMITTED_BEFORE_2019 = {2015: 903, 2016: 911, 2017: 905, 2018: 902}
ADMITTED_2019 = 4_057 - sum(ADMITTED_BEFORE_2019.values())
HON_GAI_BEFORE_2019 = {2015: 46, 2016: 48, 2017: 45, 2018: 50}


def _population(plan: Plan) -> Population:
    return Population(Random(plan.seed), ethnicities=PEOPLE, women_percent=20)


def _found(maker: Maker, *, members: dict[str, int]) -> None:
    """Add the organisations: the top, 40 beneath it, their cells."""
    plan = maker.plan
    plan.units.append(
        Unit(TOP, "Đảng bộ Than Quảng Ninh", "Than Quảng Ninh", "superior", None, committee=13)
    )
    plan.authorities[TOP] = 13
    for company in COMPANIES:
        is_cell = not company.cells
        plan.units.append(
            Unit(
                company.slug,
                f"Chi bộ {company.name}" if is_cell else f"Đảng bộ Công ty {company.name}",
                company.name,
                "grassroots-cell" if is_cell else "grassroots",
                TOP,
                group=SECTORS[company.work],
                sector=SECTORS[company.work],
                members=members[company.slug] if is_cell else 0,
                committee=0 if is_cell else 9 + 2 * (company.cells > 14) + 4 * (company.cells > 24),
            )
        )
        if company.slug == "khe-cham":
            weights = [cell.members for cell in KHE_CHAM]
            names = [(cell.group, cell.name) for cell in KHE_CHAM]
            shares = share_out(members["khe-cham"], weights)
        elif not is_cell:
            names = _cell_names(company)
            weights = [maker.random.randint(10, 30) for _ in names]
            shares = share_out(members[company.slug], weights, least=8)
        else:
            continue
        for (group, name), share in zip(names, shares, strict=True):
            plan.units.append(
                Unit(
                    f"{company.slug}-{slug_of(name)}",
                    f"Chi bộ {name}",
                    name.replace("Phân xưởng", "PX").replace("Phòng", "P."),
                    "cell",
                    company.slug,
                    group=group,
                    members=share,
                )
            )


def _cell_names(company: Company) -> list[tuple[str, str]]:
    """Return (group, name) of the cells: a third of them offices, workshops numbered."""
    offices = min(max(company.cells // 3, 2), len(OFFICE_NAMES))
    kinds = WORKSHOPS[company.work]
    numbers = {name: count(1) for _group, name in kinds}
    names = []
    for index in range(company.cells - offices):
        group, name = kinds[index % len(kinds)]
        names.append((group, f"{name} {next(numbers[name])}"))
    order = [group for group, _name in kinds]
    names.sort(key=lambda pair: order.index(pair[0]))
    return [*names, *((OFFICES, name) for name in OFFICE_NAMES[:offices])]


def _works(plan: Plan) -> dict[str, Work]:
    return {cell.slug: WORKS.get(cell.group, WORKS[OFFICES]) for cell in plan.cells_of(plan.top)}


def _khe_cham_cells(plan: Plan) -> list[str]:
    return [unit.slug for unit in plan.beneath("khe-cham")]


def _admitted_before(maker: Maker, *, by_year: dict[int, list[int]]) -> dict[str, dict[int, int]]:
    """Spread {year: admissions of each company} over the cells."""
    before: dict[str, dict[int, int]] = {}
    for index, company in enumerate(COMPANIES):
        totals = {year: numbers[index] for year, numbers in by_year.items()}
        before |= maker.spread(company.slug, totals)
    return before


def _accounts(maker: Maker) -> None:
    """Add the sign-ins of the demonstration, and a clerk for every company's books."""
    bithu, bithu2 = (BITHU_CELL, BITHU2_CELL)
    if maker.plan.year == 2019:
        bithu, bithu2 = "hon-gai-phan-xuong-khai-thac-1", "hon-gai-phan-xuong-khai-thac-2"
    company = "khe-cham" if maker.plan.year == 2021 else "hon-gai"
    office = f"{company}-van-phong"
    plan = maker.plan
    shown = {"is_shown": True}
    maker.account("quantri", (TOP, "administrator", "Quản trị hệ thống"), is_shown=True)
    maker.account("bithu", (bithu, "secretary", "Bí thư chi bộ"), member_of=bithu, **shown)
    maker.account("bithu2", (bithu2, "secretary", "Bí thư chi bộ"), member_of=bithu2, **shown)
    maker.account("canbo", (company, "staff", "Cán bộ đảng vụ"), member_of=office, **shown)
    maker.account("canbo2", (TOP, "staff", "Chuyên viên Ban Tổ chức"), member_of="co-quan", **shown)
    maker.account("duyet", (TOP, "approver", "Trưởng Ban Tổ chức"), member_of="co-quan", **shown)
    maker.account(
        "lanhdao", (TOP, "leader", "Phó Bí thư Thường trực"), member_of="co-quan", **shown
    )
    maker.account("giamsat", (TOP, "auditor", "Ủy ban Kiểm tra"), member_of="co-quan", **shown)
    for other in COMPANIES:
        maker.clerk(other.slug, short_name=other.name)
    plan.clerks |= {bithu: "bithu", bithu2: "bithu2"}
    plan.staff |= {company: "canbo", TOP: "canbo2"}
    plan.approvers[TOP] = "duyet"


def _classes(plan: Plan) -> None:
    """One class ends on the scenario's day, one is to come, for people on Khe Chàm's lists."""
    cells = {cell.slug for cell in plan.cells_of("khe-cham")}
    listed = [
        file
        for file in plan.files
        if file.cell in cells and [*file.days][-1] == "put_on_list"
        if file.days["put_on_list"] < date(2021, 5, 19)
    ]
    later = [file.number for file in listed if file.cell == BITHU2_CELL]
    others = [file.number for file in listed if file.cell != BITHU2_CELL]
    sent, later = others[:3], [*later, *others[3:6]]
    centre = "Trung tâm chính trị Đảng ủy Than Quảng Ninh"
    plan.others += [
        Class(
            date(2021, 5, 19), TOP, "Lớp bồi dưỡng nhận thức về Đảng tháng 5/2021", centre,
            starts_on=date(2021, 5, 24), ends_on=date(2021, 5, 28), enrol_by=date(2021, 5, 20),
            places=40, sessions=10, proposed=tuple(sent), accepted=tuple(sent),
        ),
        Class(
            date(2021, 5, 24), TOP, "Lớp bồi dưỡng nhận thức về Đảng tháng 6/2021", centre,
            starts_on=date(2021, 6, 14), ends_on=date(2021, 6, 18), enrol_by=date(2021, 6, 4),
            places=60, sessions=10, proposed=tuple(later), accepted=tuple(later[-2:]),
        ),
    ]  # fmt: skip


def _files_of_khe_cham(maker: Maker, works: dict[str, Work]) -> None:
    turn = count()
    for cell, slug in zip(KHE_CHAM, _khe_cham_cells(maker.plan), strict=True):
        maker.admit(slug, works[slug], count=cell.admitted)
        for stages, total in zip(COLUMNS, cell.open_files, strict=True):
            for _ in range(total):
                maker.wait(slug, works[slug], stage=stages[next(turn) % len(stages)])


def _files_of_bithu(maker: Maker, work: Work) -> None:
    """Give the secretary's cell something at every step: overdue, for the meeting, waiting."""
    cell = BITHU_CELL
    # The decision came on 12/4: the ceremony was due within 30 working days.
    maker.file(cell, work, stage=Stage.DECIDED, on=date(2021, 4, 12))
    maker.file(cell, work, stage=Stage.CELL_RESOLVED, on=date(2021, 5, 6))
    maker.file(cell, work, stage=Stage.READY, on=date(2021, 5, 20))
    maker.file(cell, work, stage=Stage.DOSSIER, on=date(2021, 5, 10), lacks_paper="5-KNĐ")
    # A class of 2016: the certificate soon ends.
    maker.file(
        cell, work, stage=Stage.CERTIFIED, on=date(2021, 3, 12), certified_on=date(2016, 8, 12)
    )
    maker.file(cell, work, stage=Stage.SOURCE, on=date(2021, 5, 17))


SHARING_OUT = ("hon-gai", "vang-danh", "mao-khe")
"""Companies that have passed their targets on to their cells so far, beside Khe Chàm."""


def _targets_of_2021(maker: Maker) -> None:
    plan = maker.plan
    opening = plan.generated_members()
    before: dict[str, int] = {
        unit.slug: members - 100 * members // 5300
        for unit in plan.units
        if unit.parent in {None, TOP}
        for members in [opening[unit.slug]]
    }
    plan.others += [
        Opening(date(2020, 1, 6), 2020, before),
        TopTarget(date(2020, 1, 15), TOP, 2020, "percent", percent="5",
                  decision_number="12-QĐ/TU", issuer=PROVINCE),
        Shares(date(2020, 1, 22), TOP, 2020,
               {company.slug: company.before + 1 for company in COMPANIES}, "31-QĐ/ĐU"),
        Opening(date(2021, 1, 5), 2021, opening),
        TopTarget(date(2021, 1, 14), TOP, 2021, "percent", percent="5",
                  decision_number="15-QĐ/TU", issuer=PROVINCE, responsible="Bí thư Đảng ủy"),
        # 5 % a year is the published aim of the congress; the resolution's number is generated.
        TopTarget(date(2021, 1, 14), TOP, 2021, "percent", percent="5", origin="resolution",
                  decision_number="01-NQ/ĐH", decided_on=date(2020, 7, 28)),
    ]  # fmt: skip
    numbers: dict[str, Number] = {company.slug: company.target for company in COMPANIES}
    numbers["khe-cham"] = (35, 40)
    plan.others.append(Shares(date(2021, 1, 21), TOP, 2021, numbers, "24-QĐ/ĐU"))
    for index, company in enumerate(COMPANIES):
        cells = plan.beneath(company.slug)
        if company.slug == "khe-cham":
            shares = [cell.target for cell in KHE_CHAM]
        elif company.slug in SHARING_OUT:
            shares = share_out(company.target, [cell.members for cell in cells])
        else:
            continue
        plan.others.append(
            Shares(
                date(2021, 2, 1 + index % 5),
                company.slug,
                2021,
                {cell.slug: share for cell, share in zip(cells, shares, strict=True)},
                "08-QĐ/ĐU",
            )
        )


def _targets_of_2019(maker: Maker) -> None:
    plan = maker.plan
    plan.others += [
        TopTarget(date(2015, 12, 15), TOP, 2015, "number", low=4500, high=4500, span="term",
                  until_year=2020, origin="resolution", decision_number="02-NQ/ĐU"),
        Opening(date(2019, 1, 4), 2019, plan.generated_members()),
        TopTarget(date(2019, 1, 14), TOP, 2019, "percent", percent="5.5",
                  decision_number="10-QĐ/TU", issuer=PROVINCE, responsible="Bí thư Đảng ủy"),
        TopTarget(date(2019, 1, 14), TOP, 2019, "percent", percent="5.5", origin="resolution",
                  decision_number="02-NQ/ĐU", decided_on=date(2015, 12, 15)),
        *(
            PercentTarget(date(2019, 1, 21), company.slug, 2019, "5.5", "18-QĐ/ĐU")
            for company in COMPANIES
        ),
        Forecast(date(2019, 10, 28), "hon-gai", 2019, 45, "Đảng ủy Công ty Than Hòn Gai"),
        Forecast(date(2019, 10, 31), TOP, 2019, 920, "Ban Tổ chức Đảng ủy Than Quảng Ninh"),
    ]  # fmt: skip
    cells = plan.beneath("hon-gai")
    shares = share_out(45, [cell.members for cell in cells])
    plan.others.append(
        Shares(
            date(2019, 2, 12),
            "hon-gai",
            2019,
            {cell.slug: share for cell, share in zip(cells, shares, strict=True)},
            "06-QĐ/ĐU",
        )
    )

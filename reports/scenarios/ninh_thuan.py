"""Ninh Thuận province on 31/12/2024 (press article 003).

Published: 853 admitted, 106 % of the target; 22,551 members at the end of the year; 435
grassroots organisations; 173 %, 125 % and 113 % of three committees. The counts behind those
percentages, and everything else, are generated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from .making import Maker, Work, share_out, slug_of
from .people import Population
from .plan import AdmissionRound, Opening, Plan, Shares, TopTarget, Unit

TOP = "ninh-thuan"
OUTSIDE = "Ban Bí thư"
"""Who gives its target."""
SINCE = date(2005, 1, 1)
MEMBERS = 22_551

VILLAGE = Work(("Nông dân", "Giáo viên", "Dân quân", "Cán bộ thôn"), (), 42)
OFFICE = Work(("Chuyên viên", "Giáo viên", "Nhân viên y tế"), ("intellectual",), 52)
PUPILS = Work(("Học sinh", "Sinh viên", "Giáo viên"), ("student",), 58)
FORCES = Work(("Chiến sĩ", "Hạ sĩ quan", "Nhân viên"), ("armed_forces",), 8)


@dataclass(frozen=True)
class District:
    """A committee directly beneath the province, which decides the admissions beneath it."""

    name: str
    slug: str
    kind: str
    cells: int
    """Grassroots cells: schools, agencies, units, firms."""
    members: int
    target: int
    admitted: int
    work: Work


COMMUNES = {
    "phan-rang-thap-cham": (
        "Phường Bảo An", "Phường Đài Sơn", "Phường Đạo Long", "Phường Đô Vinh",
        "Phường Đông Hải", "Phường Kinh Dinh", "Phường Mỹ Bình", "Phường Mỹ Đông",
        "Phường Mỹ Hải", "Phường Phủ Hà", "Phường Phước Mỹ", "Phường Tấn Tài",
        "Phường Thanh Sơn", "Phường Văn Hải", "Xã Thành Hải",
    ),
    "ninh-phuoc": (
        "Thị trấn Phước Dân", "Xã An Hải", "Xã Phước Hải", "Xã Phước Hậu", "Xã Phước Hữu",
        "Xã Phước Sơn", "Xã Phước Thái", "Xã Phước Thuận", "Xã Phước Vinh",
    ),
    "ninh-son": (
        "Thị trấn Tân Sơn", "Xã Hòa Sơn", "Xã Lâm Sơn", "Xã Lương Sơn", "Xã Ma Nới",
        "Xã Mỹ Sơn", "Xã Nhơn Sơn", "Xã Quảng Sơn",
    ),
    "ninh-hai": (
        "Thị trấn Khánh Hải", "Xã Hộ Hải", "Xã Nhơn Hải", "Xã Phương Hải", "Xã Tân Hải",
        "Xã Thanh Hải", "Xã Tri Hải", "Xã Vĩnh Hải", "Xã Xuân Hải",
    ),
    "thuan-nam": (
        "Xã Cà Ná", "Xã Nhị Hà", "Xã Phước Diêm", "Xã Phước Dinh", "Xã Phước Hà",
        "Xã Phước Minh", "Xã Phước Nam", "Xã Phước Ninh",
    ),
    "thuan-bac": (
        "Xã Bắc Phong", "Xã Bắc Sơn", "Xã Công Hải", "Xã Lợi Hải", "Xã Phước Chiến",
        "Xã Phước Kháng",
    ),
    "bac-ai": (
        "Xã Phước Bình", "Xã Phước Chính", "Xã Phước Đại", "Xã Phước Hòa", "Xã Phước Tân",
        "Xã Phước Thắng", "Xã Phước Thành", "Xã Phước Tiến", "Xã Phước Trung",
    ),
}  # fmt: skip

DISTRICTS = (
    District("thành phố Phan Rang – Tháp Chàm", "phan-rang-thap-cham", "district", 63,
             4820, 182, 188, OFFICE),
    District("huyện Ninh Phước", "ninh-phuoc", "district", 43, 3010, 140, 146, VILLAGE),
    District("huyện Ninh Sơn", "ninh-son", "district", 38, 2240, 101, 104, VILLAGE),
    District("huyện Ninh Hải", "ninh-hai", "district", 35, 2180, 75, 85, VILLAGE),
    District("huyện Thuận Nam", "thuan-nam", "district", 28, 1560, 75, 78, VILLAGE),
    District("huyện Thuận Bắc", "thuan-bac", "district", 26, 1390, 62, 66, VILLAGE),
    District("huyện Bác Ái", "bac-ai", "district", 25, 1470, 55, 57, VILLAGE),
    District("Khối các cơ quan và doanh nghiệp tỉnh", "khoi-co-quan", "bloc", 66, 3420, 72, 73,
             OFFICE),
    District("Quân sự tỉnh", "quan-su", "superior", 14, 760, 20, 20, FORCES),
    District("Công an tỉnh", "cong-an", "superior", 19, 1010, 15, 26, FORCES),
    District("Bộ đội Biên phòng tỉnh", "bien-phong", "superior", 12, 620, 8, 10, FORCES),
)  # fmt: skip
# Directly beneath the province as grassroots organisations.
ATTACHED = (("Trường Chính trị tỉnh", 36), ("Trường Cao đẳng nghề", 35))
CELLS_IN_A_COMMUNE = 3
PLACES = ("Trường THPT", "Trường THCS", "Trạm Y tế", "Hợp tác xã", "Ban Chỉ huy", "Trung tâm",
          "Phòng", "Công ty")  # fmt: skip
PEOPLE = {"Kinh": 80, "Chăm": 12, "Raglai": 8}


def ninh_thuan_2024() -> Plan:
    """Return the province at the end of 2024."""
    plan = Plan(
        name="ninh-thuan-2024",
        title="Tỉnh Ninh Thuận, 31/12/2024",
        seed=20241231,
        day=date(2024, 12, 31),
        year=2024,
        top=TOP,
        since=SINCE,
        years=(2021, 2022, 2023, 2024),
        rounds=[
            AdmissionRound(date(2024, 2, 3), "Đợt 3/2", 15),
            AdmissionRound(date(2024, 5, 19), "Đợt 19/5", 30),
            AdmissionRound(date(2024, 9, 2), "Đợt 2/9", 25),
            AdmissionRound(date(2024, 12, 22), "Đợt 22/12", 30),
        ],
    )
    maker = Maker(plan, Population(Random(plan.seed), ethnicities=PEOPLE, women_percent=40))
    plan.units.append(
        Unit(TOP, "Đảng bộ tỉnh Ninh Thuận", "Tỉnh Ninh Thuận", "province", None, committee=15)
    )
    plan.authorities[TOP] = 15
    works: dict[str, Work] = {}
    for district in DISTRICTS:
        _found(maker, district, works)
    for name, members in ATTACHED:
        slug = slug_of(name)
        plan.units.append(
            Unit(slug, f"Chi bộ {name}", name, "grassroots-cell", TOP, members=members)
        )
        works[slug] = PUPILS
    before: dict[str, dict[int, int]] = {}
    for district in DISTRICTS:
        target = district.target
        before |= maker.spread(
            district.slug, {2021: target - 2, 2022: target - 1, 2023: target + 2}
        )
    maker.settle(works=works, admitted_before=before)
    _accounts(maker)
    for district in DISTRICTS:
        maker.admit_beneath(district.slug, district.admitted, works=works)
        maker.wait_beneath(district.slug, (1, 1, 1, 1, 0), works=works)
    _targets(maker)
    maker.centre(TOP)
    return plan


def _found(maker: Maker, district: District, works: dict[str, Work]) -> None:
    plan, random = maker.plan, maker.random
    plan.units.append(
        Unit(district.slug, f"Đảng bộ {district.name}", district.name, district.kind, TOP,
             committee=11)
    )  # fmt: skip
    plan.authorities[district.slug] = 11
    cells: list[tuple[str, str, str, Work]] = []
    is_forces = district.work is FORCES
    for name in COMMUNES.get(district.slug, ()):
        commune = f"{district.slug}-{slug_of(name)}"
        plan.units.append(
            Unit(commune, f"Đảng bộ {name[0].lower()}{name[1:]}", name, "commune", district.slug,
                 group="Xã, phường, thị trấn", committee=15)
        )  # fmt: skip
        cells += [
            (f"{commune}-thon-{village}", f"Thôn {village}", commune, VILLAGE)
            for village in range(1, CELLS_IN_A_COMMUNE + 1)
        ]
    for number in range(district.cells):
        place = "Đơn vị" if is_forces else PLACES[number % len(PLACES)]
        name = f"{place} số {1 + number // (1 if is_forces else len(PLACES))}"
        work = PUPILS if place.startswith("Trường TH") else district.work
        cells.append((f"{district.slug}-{slug_of(name)}", name, district.slug, work))
    weights = [random.randint(10, 20) for _ in cells]
    shares = share_out(district.members, weights, least=10)
    for (slug, name, parent, work), share in zip(cells, shares, strict=True):
        is_village = parent != district.slug
        plan.units.append(
            Unit(slug, f"Chi bộ {name}", name, "cell" if is_village else "grassroots-cell", parent,
                 group="" if is_village else "Chi bộ cơ sở", members=share)
        )  # fmt: skip
        works[slug] = work


BASE = "ninh-hai-thi-tran-khanh-hai"
BITHU_CELL = f"{BASE}-thon-1"


def _accounts(maker: Maker) -> None:
    plan = maker.plan
    sibling = f"{BASE}-thon-2"
    office = slug_of("Trường Chính trị tỉnh")
    maker.account("quantri", (TOP, "administrator", "Quản trị hệ thống"), is_shown=True)
    for username, unit, role, title, member_of in (
        ("bithu", BITHU_CELL, "secretary", "Bí thư chi bộ", BITHU_CELL),
        ("bithu2", sibling, "secretary", "Bí thư chi bộ", sibling),
        ("canbo", BASE, "staff", "Cán bộ đảng vụ", f"{BASE}-thon-3"),
        ("canbo2", TOP, "staff", "Chuyên viên Ban Tổ chức", office),
        ("duyet", TOP, "approver", "Trưởng Ban Tổ chức", office),
        ("lanhdao", TOP, "leader", "Phó Bí thư Thường trực", office),
        ("giamsat", TOP, "auditor", "Ủy ban Kiểm tra", office),
    ):
        maker.account(username, (unit, role, title), member_of=member_of, is_shown=True)
    for district in DISTRICTS:
        committees = [unit.slug for unit in plan.beneath(district.slug) if unit.committee]
        maker.clerk(district.slug, short_name=district.name, also=committees)
        approver = f"duyet-{district.slug}"
        maker.account(approver, (district.slug, "approver", f"Thường trực {district.name}"))
        plan.approvers[district.slug] = approver
    plan.clerks |= {BITHU_CELL: "bithu", sibling: "bithu2"}
    plan.staff |= {BASE: "canbo", TOP: "canbo2"}
    plan.approvers[TOP] = "duyet"


def _targets(maker: Maker) -> None:
    plan = maker.plan
    openings = {district.slug: district.members for district in DISTRICTS}
    targets = {district.slug: district.target for district in DISTRICTS}
    last = {slug: target - 1 for slug, target in targets.items()}
    plan.others += [
        Opening(date(2023, 1, 6), 2023, {
            TOP: MEMBERS - 700,
            **{slug: members - members // 32 for slug, members in openings.items()},
        }),
        TopTarget(date(2023, 1, 14), TOP, 2023, "number", low=790, high=790,
                  decision_number="640-CV/TW", issuer=OUTSIDE),
        Shares(date(2023, 1, 24), TOP, 2023, last, "700-QĐ/TU"),
        Opening(date(2024, 1, 5), 2024, plan.generated_members()),
        TopTarget(date(2024, 1, 12), TOP, 2024, "number", low=805, high=805,
                  decision_number="138-QĐ/TW", issuer=OUTSIDE, responsible="Bí thư Tỉnh ủy"),
        Shares(date(2024, 1, 19), TOP, 2024, targets, "812-QĐ/TU"),
    ]  # fmt: skip
    for district in DISTRICTS:
        units = plan.beneath(district.slug)
        weights = [plan.generated_members()[unit.slug] for unit in units]
        shares = share_out(district.target, weights)
        numbers = {unit.slug: share for unit, share in zip(units, shares, strict=True) if share}
        plan.others.append(Shares(date(2024, 2, 1), district.slug, 2024, numbers, "09-QĐ/ĐU"))

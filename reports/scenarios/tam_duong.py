"""Tam Dương district on 31/12/2023 (press article 004).

Published: 48 grassroots organisations (13 communes and towns, 3 agencies, 32 cells), 185
admitted, village heads 121 of 130 after 110, two new organisations in private firms. The
communes bear their public names; everything else is generated.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from .making import Maker, Work, share_out, slug_of
from .people import Population
from .plan import AdmissionRound, Figure, Opening, Plan, Shares, TopTarget, Unit, Visit

TOP = "tam-duong"
OUTSIDE = "Tỉnh ủy Vĩnh Phúc"
"""Who gives its target."""
SINCE = date(2005, 1, 1)
OPENING = 6_320
"""Not published but as "over 6,300"."""

VILLAGE = Work(("Nông dân", "Trưởng thôn", "Công an viên", "Giáo viên", "Công nhân"), (), 40)
OFFICE = Work(("Chuyên viên", "Giáo viên", "Kế toán", "Nhân viên y tế"), ("intellectual",), 55)
FIRM = Work(("Công nhân", "Kỹ sư", "Quản lý phân xưởng"), ("private_sector", "worker"), 45)

# name, cells, admitted, target
COMMUNES = (
    ("Thị trấn Hợp Hòa", 14, 16, 15), ("Thị trấn Kim Long", 12, 17, 16),
    ("Xã Đạo Tú", 10, 12, 12), ("Xã An Hòa", 9, 10, 10), ("Xã Đồng Tĩnh", 14, 14, 14),
    ("Xã Hoàng Hoa", 9, 10, 10), ("Xã Hoàng Đan", 9, 10, 9), ("Xã Hoàng Lâu", 9, 9, 9),
    ("Xã Duy Phiên", 10, 14, 12), ("Xã Hướng Đạo", 12, 12, 12), ("Xã Thanh Vân", 9, 10, 10),
    ("Xã Hợp Thịnh", 9, 10, 10), ("Xã Vân Hội", 8, 8, 8),
)  # fmt: skip
AGENCIES = (("Công an huyện", 5, 5, 5), ("Quân sự huyện", 4, 6, 5), ("Cơ quan huyện", 8, 6, 6))
# name, admitted, target
CELLS = (
    ("Trường THPT Tam Dương", 2, 2), ("Trường THPT Tam Dương II", 1, 1),
    ("Trường THPT Trần Hưng Đạo", 1, 1), ("Trung tâm Giáo dục nghề nghiệp", 1, 1),
    ("Trung tâm Y tế", 1, 1), ("Bảo hiểm xã hội", 0, 0), ("Kho bạc Nhà nước", 0, 0),
    ("Chi cục Thuế", 0, 0), ("Chi cục Thống kê", 0, 0), ("Tòa án nhân dân", 0, 0),
    ("Viện kiểm sát nhân dân", 0, 0), ("Thi hành án dân sự", 0, 0), ("Ngân hàng Nông nghiệp", 1, 1),
    ("Ngân hàng Chính sách xã hội", 0, 0), ("Bưu điện", 0, 0), ("Viễn thông", 0, 0),
    ("Điện lực", 1, 1), ("Xí nghiệp Thủy lợi", 0, 0), ("Quỹ Tín dụng Hợp Hòa", 0, 0),
    ("Hợp tác xã Rau an toàn", 0, 0), ("Công ty May Tam Dương", 2, 2),
    ("Công ty Gạch ốp lát", 1, 1), ("Công ty Linh kiện Kim Long", 2, 0),
    ("Công ty Bao bì Duy Phiên", 1, 0), ("Công ty Thức ăn chăn nuôi", 1, 1),
    ("Công ty Cơ khí Hợp Thịnh", 0, 0), ("Công ty Vật liệu xây dựng", 0, 0),
    ("Công ty Giống cây trồng", 0, 0), ("Trạm Khuyến nông", 0, 0), ("Trạm Thú y", 0, 0),
    ("Hạt Kiểm lâm", 0, 0), ("Đội Quản lý thị trường", 1, 1),
)  # fmt: skip


def tam_duong_2023() -> Plan:
    """Return the district at the end of 2023."""
    plan = Plan(
        name="tam-duong-2023",
        title="Huyện Tam Dương, 31/12/2023",
        seed=20231230,
        day=date(2023, 12, 31),
        year=2023,
        top=TOP,
        since=SINCE,
        years=(2020, 2021, 2022, 2023),
        rounds=[
            AdmissionRound(date(2023, 2, 3), "Đợt 3/2", 15),
            AdmissionRound(date(2023, 5, 19), "Đợt 19/5", 30),
            AdmissionRound(date(2023, 9, 2), "Đợt 2/9", 25),
            AdmissionRound(date(2023, 12, 22), "Đợt 22/12", 30),
        ],
    )
    random = Random(plan.seed)
    maker = Maker(
        plan, Population(random, ethnicities={"Kinh": 92, "Sán Dìu": 8}, women_percent=42)
    )
    plan.units.append(
        Unit(TOP, "Đảng bộ huyện Tam Dương", "Huyện Tam Dương", "district", None, committee=13)
    )
    plan.authorities[TOP] = 13
    works = {}
    committees = [
        *(("commune", "Xã, thị trấn", VILLAGE, *row) for row in COMMUNES),
        *(("grassroots", "Cơ quan", OFFICE, *row) for row in AGENCIES),
    ]
    opening = dict(
        zip(
            [slug_of(row[3]) for row in committees] + [slug_of(row[0]) for row in CELLS],
            share_out(OPENING, [10 * row[4] for row in committees] + [6] * len(CELLS), least=10),
            strict=True,
        )
    )
    for kind, group, work, name, cells, _admitted, _target in committees:
        slug = slug_of(name)
        bare = name.removeprefix("Xã ").removeprefix("Thị trấn ")
        plan.units.append(
            Unit(slug, f"Đảng bộ {name[0].lower()}{name[1:]}", name, kind, TOP, group=group,
                 committee=15 if kind == "commune" else 9)
        )  # fmt: skip
        shares = share_out(opening[slug], [random.randint(14, 36) for _ in range(cells)], least=9)
        for number, share in enumerate(shares, 1):
            short = f"Thôn {number}" if kind == "commune" else f"Chi bộ {number}"
            cell = f"{slug}-{slug_of(short)}"
            plan.units.append(
                Unit(cell, f"Chi bộ {short} {bare}" if kind == "commune" else short, short,
                     "cell", slug, members=share)
            )  # fmt: skip
            works[cell] = work
    for name, *_rest in CELLS:
        slug = slug_of(name)
        plan.units.append(
            Unit(slug, f"Chi bộ {name}", name, "grassroots-cell", TOP, group="Chi bộ trực thuộc",
                 members=opening[slug])
        )  # fmt: skip
        works[slug] = FIRM if name.startswith("Công ty") else OFFICE

    before: dict[str, dict[int, int]] = {}
    for name, admitted in [*((row[3], row[5]) for row in committees), *(row[:2] for row in CELLS)]:
        totals = {2020: admitted, 2021: max(admitted - 1, 0), 2022: admitted}
        before |= maker.spread(slug_of(name), totals)
    maker.settle(works=works, admitted_before=before)
    _accounts(maker)
    for _kind, _group, _work, name, _cells, admitted, _target in committees:
        maker.admit_beneath(slug_of(name), admitted, works=works)
        maker.wait_beneath(slug_of(name), (1, 1, 0, 1, 0), works=works)
    for name, admitted, _target in CELLS:
        maker.admit_beneath(slug_of(name), admitted, works=works)
    _targets(maker, opening=opening)
    maker.centre(TOP)
    return plan


BASE = slug_of("Xã Duy Phiên")
BITHU_CELL = f"{BASE}-thon-1"


def _accounts(maker: Maker) -> None:
    sibling = f"{BASE}-thon-2"
    office = f"{slug_of('Cơ quan huyện')}-chi-bo-1"
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
    for beneath in maker.plan.beneath(TOP):
        maker.clerk(beneath.slug, short_name=beneath.short_name)
    maker.plan.clerks |= {BITHU_CELL: "bithu", sibling: "bithu2"}
    maker.plan.staff |= {BASE: "canbo", TOP: "canbo2"}
    maker.plan.approvers[TOP] = "duyet"


def _targets(maker: Maker, *, opening: dict[str, int]) -> None:
    plan = maker.plan
    generated = plan.generated_members()
    given = [(name, target) for name, _cells, _admitted, target in (*COMMUNES, *AGENCIES)]
    given += [(name, target) for name, _admitted, target in CELLS]
    numbers = {slug_of(name): target for name, target in given if target}
    evidence = "Báo cáo của Ban Tổ chức Huyện ủy"
    plan.others += [
        Opening(date(2022, 1, 6), 2022, {
            TOP: OPENING - 110,
            **{slug: members - members // 60 for slug, members in opening.items()},
        }),
        TopTarget(date(2022, 1, 14), TOP, 2022, "number", low=175, high=175,
                  decision_number="770-QĐ/TU", issuer=OUTSIDE),
        Shares(date(2022, 1, 24), TOP, 2022, numbers, "1050-QĐ/HU"),
        Opening(date(2023, 1, 5), 2023, generated),
        # The provincial decision and the district's own are published by their numbers.
        TopTarget(date(2023, 1, 12), TOP, 2023, "number", low=180, high=180,
                  decision_number="880-QĐ/TU", issuer=OUTSIDE, responsible="Bí thư Huyện ủy"),
        TopTarget(date(2023, 1, 12), TOP, 2023, "share", percent="90", indicator="KN11",
                  decision_number="880-QĐ/TU", issuer=OUTSIDE, responsible="Bí thư Huyện ủy"),
        TopTarget(date(2023, 1, 12), TOP, 2023, "number", low=2, high=2, indicator="KN12",
                  decision_number="880-QĐ/TU", issuer=OUTSIDE, responsible="Bí thư Huyện ủy"),
        Shares(date(2023, 1, 30), TOP, 2023, numbers, "1188-QĐ/HU"),
        Figure(date(2023, 1, 10), TOP, "KN11", date(2023, 1, 1), 110, 130, evidence),
        Figure(date(2023, 12, 29), TOP, "KN11", date(2023, 12, 29), 121, 130, evidence),
        Figure(date(2023, 12, 29), TOP, "KN12", date(2023, 12, 29), 2, None, evidence),
    ]  # fmt: skip
    plan.others += [
        Visit(
            date(2023, 10, 3) + timedelta(days=2 * place),
            slug_of(name),
            "Tổ công tác của Huyện ủy",
            "Đã rà soát nguồn, thống nhất lịch xét kết nạp cuối năm",
        )
        for place, (name, *_rest) in enumerate(COMMUNES)
    ]

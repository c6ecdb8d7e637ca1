"""The provincial agencies' bloc of Hải Dương on 31/12/2023 (press article 002).

Published: 126 admitted, six more than the target; 27 of 66 organisations without a source; eleven
cells of power stations taken over from as many districts, two schools' committees made one, two
cells raised to committees. Which organisations, how many people and when is generated; so is who
admitted how many.
"""

from __future__ import annotations

from datetime import date
from random import Random

from admissions.stages import Stage

from .making import Maker, Work, share_out, slug_of
from .people import Population
from .plan import (
    AdmissionRound,
    Answer,
    Change,
    Described,
    NoSource,
    Opening,
    Plan,
    Reorganize,
    Shares,
    TopTarget,
    Unit,
)

PROVINCE = "tinh-hai-duong"
"""Above the bloc and the districts, so that cells can go from these to that by its decision."""
TOP = "khoi-co-quan-hai-duong"
OUTSIDE = "Tỉnh ủy Hải Dương"
"""Who gives its target."""
SINCE = date(2005, 1, 1)

OFFICE = Work(("Chuyên viên", "Kế toán viên", "Cán sự", "Văn thư"), (), 52)
SCHOOL = Work(("Giảng viên", "Sinh viên", "Chuyên viên"), ("intellectual",), 60)
CLINIC = Work(("Bác sĩ", "Điều dưỡng", "Dược sĩ", "Kỹ thuật viên"), ("intellectual",), 62)
FIRM = Work(("Công nhân vận hành", "Kỹ sư", "Nhân viên kinh doanh"), ("worker",), 35)

DEPARTMENTS = "Sở, ngành"
PARTY = "Cơ quan Đảng, đoàn thể"
SCHOOLS = "Trường học"
CLINICS = "Bệnh viện"
FIRMS = "Doanh nghiệp"

# name, group, cells (0: itself a cell), members, admitted, target of those with a source
UNITS = (
    ("Sở Nội vụ", DEPARTMENTS, 4, 78, 3, 2), ("Sở Tài chính", DEPARTMENTS, 5, 82, 2, 2),
    ("Sở Kế hoạch và Đầu tư", DEPARTMENTS, 4, 70, 2, 2),
    ("Sở Công Thương", DEPARTMENTS, 4, 74, 2, 2), ("Sở Xây dựng", DEPARTMENTS, 4, 66, 2, 2),
    ("Sở Giao thông vận tải", DEPARTMENTS, 5, 88, 3, 3),
    ("Sở Nông nghiệp và Phát triển nông thôn", DEPARTMENTS, 10, 240, 5, 6),
    ("Sở Tài nguyên và Môi trường", DEPARTMENTS, 6, 122, 3, 4),
    ("Sở Giáo dục và Đào tạo", DEPARTMENTS, 5, 92, 2, 2), ("Sở Y tế", DEPARTMENTS, 8, 190, 4, 5),
    ("Sở Văn hóa, Thể thao và Du lịch", DEPARTMENTS, 6, 130, 3, 3),
    ("Sở Lao động – Thương binh và Xã hội", DEPARTMENTS, 6, 128, 3, 3),
    ("Sở Khoa học và Công nghệ", DEPARTMENTS, 4, 64, 1, 1),
    ("Sở Thông tin và Truyền thông", DEPARTMENTS, 3, 48, 1, 1),
    ("Sở Tư pháp", DEPARTMENTS, 4, 62, 2, 1),
    ("Văn phòng Ủy ban nhân dân tỉnh", PARTY, 5, 86, 2, 2),
    ("Tỉnh đoàn", PARTY, 3, 44, 3, 2), ("Cục Thuế", DEPARTMENTS, 6, 150, 2, 3),
    ("Kho bạc Nhà nước", DEPARTMENTS, 4, 72, 1, 1),
    ("Bảo hiểm xã hội", DEPARTMENTS, 4, 84, 2, 2), ("Tòa án nhân dân", DEPARTMENTS, 4, 60, 1, 1),
    ("Viện kiểm sát nhân dân", DEPARTMENTS, 4, 64, 1, 1),
    ("Ngân hàng Nông nghiệp", FIRMS, 6, 138, 4, 4), ("Ngân hàng Công thương", FIRMS, 4, 92, 3, 3),
    ("Bưu điện tỉnh", FIRMS, 5, 104, 3, 3), ("Viễn thông Hải Dương", FIRMS, 6, 142, 3, 4),
    ("Công ty Điện lực", FIRMS, 18, 402, 9, 10),
    ("Công ty cổ phần Kinh doanh nước sạch", FIRMS, 14, 268, 23, 12),
    ("Công ty Xổ số kiến thiết", FIRMS, 3, 46, 1, 1),
    ("Trường Đại học Hải Dương", SCHOOLS, 8, 160, 6, 6),
    ("Trường Cao đẳng Y tế", SCHOOLS, 7, 134, 4, 4),
    ("Trường Cao đẳng nghề", SCHOOLS, 6, 118, 3, 3),
    ("Trường Chính trị", SCHOOLS, 3, 52, 1, 1),
    ("Bệnh viện Đa khoa tỉnh", CLINICS, 14, 330, 8, 8), ("Bệnh viện Nhi", CLINICS, 5, 98, 3, 3),
    ("Bệnh viện Phụ sản", CLINICS, 5, 92, 2, 2),
    ("Bệnh viện Y học cổ truyền", CLINICS, 4, 76, 1, 2),
    ("Bệnh viện Phổi", CLINICS, 4, 66, 1, 1),
    ("Bệnh viện Phục hồi chức năng", CLINICS, 3, 58, 1, 1),
    # without a source
    ("Văn phòng Tỉnh ủy", PARTY, 4, 72, 0, 0), ("Ban Tổ chức Tỉnh ủy", PARTY, 0, 28, 0, 0),
    ("Ban Tuyên giáo Tỉnh ủy", PARTY, 0, 24, 0, 0), ("Ban Dân vận Tỉnh ủy", PARTY, 0, 18, 0, 0),
    ("Ban Nội chính Tỉnh ủy", PARTY, 0, 18, 0, 0),
    ("Cơ quan Ủy ban Kiểm tra Tỉnh ủy", PARTY, 0, 29, 0, 0), ("Thanh tra tỉnh", PARTY, 0, 29, 0, 0),
    ("Cơ quan Mặt trận Tổ quốc", PARTY, 0, 20, 0, 0), ("Liên đoàn Lao động", PARTY, 0, 26, 0, 0),
    ("Hội Liên hiệp Phụ nữ", PARTY, 0, 21, 0, 0), ("Hội Nông dân", PARTY, 0, 23, 0, 0),
    ("Hội Cựu chiến binh", PARTY, 0, 14, 0, 0), ("Liên minh Hợp tác xã", PARTY, 0, 14, 0, 0),
    ("Liên hiệp các Hội Khoa học và Kỹ thuật", PARTY, 0, 12, 0, 0),
    ("Hội Chữ thập đỏ", PARTY, 0, 12, 0, 0), ("Hội Văn học nghệ thuật", PARTY, 0, 13, 0, 0),
    ("Hội Nhà báo", PARTY, 0, 10, 0, 0), ("Hội Người mù", PARTY, 0, 10, 0, 0),
    ("Liên hiệp các tổ chức hữu nghị", PARTY, 0, 10, 0, 0),
    ("Văn phòng Hội đồng nhân dân tỉnh", PARTY, 0, 28, 0, 0),
    ("Cục Thống kê", DEPARTMENTS, 0, 29, 0, 0),
    ("Cục Thi hành án dân sự", DEPARTMENTS, 0, 29, 0, 0),
    ("Ban Quản lý các khu công nghiệp", DEPARTMENTS, 0, 28, 0, 0),
    ("Ngân hàng Nhà nước", FIRMS, 0, 29, 0, 0), ("Ngân hàng Chính sách xã hội", FIRMS, 0, 27, 0, 0),
    ("Quỹ Đầu tư phát triển", FIRMS, 0, 16, 0, 0),
    ("Nhà xuất bản và In", FIRMS, 0, 14, 0, 0),
    # until it went into the university's committee
    ("Trường Cao đẳng Hải Dương", SCHOOLS, 4, 76, 0, 2),
)  # fmt: skip
COLLEGE, UNIVERSITY = slug_of("Trường Cao đẳng Hải Dương"), slug_of("Trường Đại học Hải Dương")
DISTRICTS = (
    ("thành phố Chí Linh", 13), ("thị xã Kinh Môn", 11), ("huyện Bình Giang", 9),
    ("huyện Cẩm Giàng", 10), ("huyện Gia Lộc", 8), ("huyện Kim Thành", 9), ("huyện Nam Sách", 8),
    ("huyện Ninh Giang", 9), ("huyện Thanh Hà", 8), ("huyện Thanh Miện", 7), ("huyện Tứ Kỳ", 10),
)  # fmt: skip
"""Public names of the districts, and generated members of the power station's cell in each."""
POWER = slug_of("Công ty Điện lực")
HOSPITAL = slug_of("Bệnh viện Đa khoa tỉnh")
RAISED = (f"{HOSPITAL}-chi-bo-1", f"{POWER}-chi-bo-1")
"""Two cells of many members, apart from each other: generated, as the article names none."""
WORK_OF = {SCHOOLS: SCHOOL, CLINICS: CLINIC, FIRMS: FIRM}
GROUNDS = (
    "Toàn bộ cán bộ, nhân viên đã là đảng viên",
    "Nhiều năm không tuyển mới, người còn lại đã quá tuổi",
    "Người còn lại không có nguyện vọng vào Đảng",
)


def hai_duong_2023() -> Plan:
    """Return the bloc at the end of 2023: 126 of 120, 27 of 66 without a source."""
    plan = Plan(
        name="hai-duong-2023",
        title="Khối các cơ quan tỉnh Hải Dương, 31/12/2023",
        seed=20231231,
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
    people = Population(random, ethnicities={"Kinh": 99, "Tày": 1}, women_percent=48)
    maker = Maker(plan, people, without_files=frozenset(RAISED))
    plan.units += [
        Unit(PROVINCE, "Đảng bộ tỉnh Hải Dương", "Tỉnh ủy Hải Dương", "province", None),
        Unit(TOP, "Đảng bộ Khối các cơ quan tỉnh Hải Dương", "Khối các cơ quan tỉnh", "bloc",
             PROVINCE, committee=11),
    ]  # fmt: skip
    plan.authorities[TOP] = 11
    works = {}
    for name, group, cells, members, _admitted, _target in UNITS:
        slug = slug_of(name)
        plan.units.append(
            Unit(
                slug,
                f"{'Đảng bộ' if cells else 'Chi bộ'} {name}",
                name[:60],
                "grassroots" if cells else "grassroots-cell",
                TOP,
                group=group,
                sector=group,
                members=0 if cells else members,
                committee=9 if cells < 10 else 15,
            )
        )
        works[slug] = WORK_OF.get(group, OFFICE)
        weights = [random.randint(10, 24) for _ in range(cells)]
        for number, share in enumerate(share_out(members, weights, least=8) if cells else [], 1):
            cell = f"{slug}-chi-bo-{number}"
            plan.units.append(
                Unit(cell, f"Chi bộ {number}", f"Chi bộ {number}", "cell", slug, members=share)
            )
            works[cell] = works[slug]
    for name, members in DISTRICTS:
        district = slug_of(f"Đảng bộ {name}")
        place = name.split(" ", 1)[1] if name.startswith("huyện") else name.split(" ", 2)[2]
        station = slug_of(f"Điện lực {place}")
        plan.units += [
            Unit(district, f"Đảng bộ {name}", name[:1].upper() + name[1:], "district", PROVINCE),
            Unit(station, f"Chi bộ Điện lực {place}", f"Điện lực {place}", "cell", district,
                 members=members),
        ]  # fmt: skip
        works[station] = FIRM
    before: dict[str, dict[int, int]] = {}
    for name, _group, _cells, _members, admitted, target in UNITS:
        if target:
            totals = {2020: target, 2021: max(target - 1, 0), 2022: max(admitted - 2, 0)}
            before |= maker.spread(slug_of(name), totals)
    maker.settle(works=works, admitted_before=before)
    _accounts(maker)
    for name, _group, _cells, members, admitted, target in UNITS:
        maker.admit_beneath(slug_of(name), admitted, works=works)
        if target and slug_of(name) != COLLEGE:
            columns = (1, 1, 0, 1, 0) if members > 120 else (1, 0, 0, 0, 0)
            maker.wait_beneath(slug_of(name), columns, works=works)
    for stage in (Stage.READY, Stage.DOSSIER, Stage.CELL_RESOLVED):
        maker.wait(BITHU_CELL, works[BITHU_CELL], stage=stage)
    _targets(maker)
    _reorganize(plan)
    maker.centre(TOP)
    return plan


BASE = slug_of("Công ty cổ phần Kinh doanh nước sạch")
BITHU_CELL = f"{BASE}-chi-bo-1"


def _accounts(maker: Maker) -> None:
    sibling = f"{BASE}-chi-bo-2"
    office = slug_of("Văn phòng Tỉnh ủy") + "-chi-bo-1"
    maker.account("quantri", (PROVINCE, "administrator", "Quản trị hệ thống"), is_shown=True)
    for username, unit, role, title, member_of in (
        ("bithu", BITHU_CELL, "secretary", "Bí thư chi bộ", BITHU_CELL),
        ("bithu2", sibling, "secretary", "Bí thư chi bộ", sibling),
        ("canbo", BASE, "staff", "Cán bộ đảng vụ", f"{BASE}-chi-bo-3"),
        ("canbo2", TOP, "staff", "Chuyên viên Ban Tổ chức", office),
        ("duyet", TOP, "approver", "Trưởng Ban Tổ chức", office),
        ("lanhdao", TOP, "leader", "Phó Bí thư Thường trực", office),
        ("giamsat", TOP, "auditor", "Ủy ban Kiểm tra", office),
    ):
        maker.account(username, (unit, role, title), member_of=member_of, is_shown=True)
    for name, *_rest in UNITS:
        maker.clerk(slug_of(name), short_name=name)
    for username, role in (("nhap-lieu-tinh-uy", "staff"), ("duyet-tinh-uy", "approver")):
        maker.account(username, (PROVINCE, role, "Ban Tổ chức Tỉnh ủy"))
    maker.plan.clerks |= {BITHU_CELL: "bithu", sibling: "bithu2"}
    maker.plan.staff |= {BASE: "canbo", TOP: "canbo2", PROVINCE: "nhap-lieu-tinh-uy"}
    maker.plan.approvers |= {TOP: "duyet", PROVINCE: "duyet-tinh-uy"}


def _targets(maker: Maker) -> None:
    plan = maker.plan
    bloc = {unit.slug for unit in plan.units if any(up.slug == TOP for up in plan.above(unit.slug))}
    opening = {slug: people for slug, people in plan.generated_members().items() if slug in bloc}
    last = {slug_of(name): max(target - 1, 0) for name, *_rest, target in UNITS}
    plan.others += [
        Opening(date(2022, 1, 6), 2022, {
            unit.slug: opening[unit.slug] - opening[unit.slug] // 60
            for unit in plan.units if TOP in {unit.slug, unit.parent}
        }),
        TopTarget(date(2022, 1, 14), TOP, 2022, "number", low=110, high=110,
                  decision_number="501-QĐ/TU", issuer=OUTSIDE),
        Shares(date(2022, 1, 24), TOP, 2022, last, "40-QĐ/ĐUK"),
        Opening(date(2023, 1, 5), 2023, opening),
        TopTarget(date(2023, 1, 12), TOP, 2023, "number", low=120, high=120,
                  decision_number="620-QĐ/TU", issuer=OUTSIDE, responsible="Bí thư Đảng ủy Khối"),
        Shares(date(2023, 1, 19), TOP, 2023,
               {slug_of(name): target for name, *_rest, target in UNITS if target}, "52-QĐ/ĐUK"),
    ]  # fmt: skip
    for index, (name, _group, _cells, _members, _admitted, target) in enumerate(UNITS):
        if not target:
            slug = slug_of(name)
            plan.others += [
                NoSource(
                    date(2023, 2, 6 + index % 5),
                    slug,
                    GROUNDS[index % len(GROUNDS)],
                    review_on=date(2024, 6, 30),
                ),
                Answer(date(2023, 2, 20), slug),
            ]


def _reorganize(plan: Plan) -> None:
    stations = tuple(unit.slug for unit in plan.units if unit.slug.startswith("dien-luc-"))
    raised = [plan.unit(slug) for slug in RAISED]
    plan.others += [
        Reorganize(
            date(2023, 3, 1),
            PROVINCE,
            "702-QĐ/TU",
            signed_on=date(2023, 2, 22),
            effective_on=date(2023, 3, 1),
            changes=(Change("move", stations, (POWER,)),),
            note="Chuyển giao 11 chi bộ điện lực từ các huyện ủy, thị ủy, thành ủy.",
        ),
        Reorganize(
            date(2023, 6, 1),
            TOP,
            "88-QĐ/ĐUK",
            signed_on=date(2023, 5, 26),
            effective_on=date(2023, 6, 1),
            changes=(Change("merge", (COLLEGE,), (UNIVERSITY,)),),
            note="Sáp nhập hai trường.",
        ),
        Reorganize(
            date(2023, 8, 1),
            TOP,
            "121-QĐ/ĐUK",
            signed_on=date(2023, 7, 25),
            effective_on=date(2023, 8, 1),
            changes=tuple(
                Change(
                    "convert",
                    (unit.slug,),
                    (
                        Described(f"Đảng bộ bộ phận {number}", "intermediate"),
                        Described(f"Chi bộ {number}A", "cell"),
                        Described(f"Chi bộ {number}B", "cell"),
                    ),
                )
                for number, unit in enumerate(raised, start=1)
            ),
            note="Chi bộ đông đảng viên, phân tán.",
        ),
    ]

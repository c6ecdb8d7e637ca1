"""The rules by version, with the sources and certainty of each, and their papers."""

from datetime import date

from django.db import migrations
from psycopg.types.range import DateRange

QD_24 = {
    "min_age_years": 18,
    "max_age_years": 60,
    "certificate_months": 60,
    "certificate_valid_on_last_day": True,
    "dossier_months": 12,
    "introducer_months": 12,
    "verification_home_days": 30,
    "verification_abroad_days": 90,
    "cell_vote_numerator": 2,
    "cell_vote_denominator": 3,
    "grassroots_vote_numerator": 2,
    "grassroots_vote_denominator": 3,
    "standing_vote_numerator": 1,
    "standing_vote_denominator": 2,
    "delegated_vote_numerator": 2,
    "delegated_vote_denominator": 3,
    "failed_votes_escalate": 3,
    "admission_decision_days": 60,
    "admission_extension_days": 30,
    "recognition_decision_days": 30,
    "recognition_extension_days": 30,
    "ceremony_days": 30,
    "ceremony_from": "receipt",
    "probation_months": 12,
    "recognition_review_days": 30,
    "readmission_months": 36,
}
QD_294 = {
    **QD_24,
    "admission_decision_days": 45,
    "admission_extension_days": 15,
    "recognition_extension_days": 15,
}
QD_208 = {**QD_294, "ceremony_from": "issue"}

AS_24 = "Số liệu lấy theo 24-QĐ/TW, chưa được xác nhận cho thời gian này."
RULE_SETS = [
    # code, in force from, until, sources, certainty, what is unconfirmed, numbers
    ("29-QĐ/TW", date(2016, 7, 25), date(2021, 7, 30),
     "QĐ 29-QĐ/TW 25/7/2016; HD 01-HD/TW 20/9/2016; HD 09-HD/BTCTW 5/6/2017", "L", AS_24, QD_24),
    ("24-QĐ/TW", date(2021, 7, 30), date(2025, 1, 20),
     "QĐ 24-QĐ/TW 30/7/2021; HD 01-HD/TW 28/9/2021; HD 12-HD/BTCTW 18/1/2022", "M",
     "Thời hạn quyết định 60 và 30 ngày làm việc: một nguồn.", QD_24),
    ("232-QĐ/TW", date(2025, 1, 20), date(2025, 7, 1),
     "QĐ 232-QĐ/TW 20/1/2025; HD 12-HD/BTCTW 18/1/2022", "L", AS_24, QD_24),
    ("294-QĐ/TW", date(2025, 7, 1), date(2026, 4, 8),
     "QĐ 294-QĐ/TW 26/5/2025; HD 06-HD/TW 9/6/2025; HD 38-HD/BTCTW 29/9/2025", "H", "", QD_294),
    ("20-QĐ/TW", date(2026, 4, 8), date(2026, 7, 26),
     "QĐ 20-QĐ/TW 8/4/2026; HD 01-HD/TW 19/5/2026", "L",
     "Toàn văn chưa đọc được; số liệu lấy theo 294-QĐ/TW.", QD_294),
    ("208-QĐ/TW", date(2026, 7, 26), None,
     "QĐ 208-QĐ/TW 26/7/2026", "M",
     "Theo tin đã đăng; chỗ không rõ lấy theo 294-QĐ/TW. Lễ kết nạp tính từ ngày ban hành.",
     QD_208),
]  # fmt: skip

PAPER_KINDS = [
    # code, name, name in English, made by, before the cell considers, youth union only, goes stale
    ("1-KNĐ", "Đơn xin vào Đảng", "Application", "applicant", True, False, False),
    ("2-KNĐ", "Lý lịch của người xin vào Đảng", "Curriculum vitae",
     "applicant", True, False, False),
    ("TTLL", "Thẩm tra, xác minh lý lịch", "Background verification",
     "cell", True, False, True),
    ("3-KNĐ", "Giấy giới thiệu của đảng viên", "Introduction by members",
     "introducer", True, False, True),
    ("4-KNĐ", "Nghị quyết giới thiệu đoàn viên ưu tú", "Resolution of the Youth Union",
     "union", True, True, True),
    ("5-KNĐ", "Tổng hợp ý kiến nhận xét nơi làm việc, cư trú", "Synthesis of comments",
     "cell", True, False, True),
    ("6-KNĐ", "Nghị quyết đề nghị kết nạp của chi bộ", "Resolution of the cell",
     "cell", False, False, False),
    ("7-KNĐ", "Báo cáo thẩm định của đảng ủy bộ phận", "Appraisal by the intermediate committee",
     "grassroots", False, False, False),
    ("8-KNĐ", "Nghị quyết đề nghị kết nạp của đảng ủy cơ sở",
     "Resolution of the grassroots committee", "grassroots", False, False, False),
    ("9-KNĐ", "Quyết định kết nạp đảng viên", "Decision on admission",
     "competent", False, False, False),
]  # fmt: skip


def seed(apps, schema_editor):
    alias = schema_editor.connection.alias
    rule_sets = apps.get_model("admissions", "RuleSet").objects.using(alias)
    paper_kinds = apps.get_model("admissions", "PaperKind").objects.using(alias)
    for code, first, out, sources, certainty, note, numbers in RULE_SETS:
        rules = rule_sets.create(
            code=code, period=DateRange(first, out), sources=sources, certainty=certainty,
            certainty_note=note, **numbers,
        )  # fmt: skip
        for order, (form, name, name_en, maker, before_cell, youth, stale) in enumerate(PAPER_KINDS):
            paper_kinds.create(
                rules=rules, code=form, name=name, name_en=name_en, order=order, maker=maker,
                before_cell=before_cell, only_youth_union=youth, goes_stale=stale,
            )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("admissions", "0002_initial")]
    # Rule sets are never deleted, so going back leaves the rows to the tables' own removal.
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]

"""The catalogue of indicators KN01 to KN18."""

from django.db import migrations

INDICATORS = [
    # code, name, name in English, counted by the system, a share
    ("KN01", "Số đảng viên kết nạp", "Members admitted", True, False),
    ("KN02", "Tỷ lệ kết nạp so với đảng viên đầu năm", "Rate on opening members", True, True),
    ("KN03", "Tỷ lệ đạt chỉ tiêu", "Attainment", True, True),
    ("KN04", "Vượt, thiếu so với chỉ tiêu", "Over or under", True, False),
    ("KN05", "Dự kiến cả năm", "Forecast for the year", True, False),
    ("KN06", "Tổ chức cơ sở đảng có kết nạp", "Units with admissions", True, True),
    ("KN07", "Tổ chức cơ sở đảng không còn nguồn", "Units without source", True, True),
    ("KN08", "Chi bộ nhiều năm không kết nạp", "Cells with no admission for years", True, True),
    ("KN09", "Cơ cấu đảng viên mới", "Groups among the new members", True, True),
    ("KN10", "Tỷ lệ đảng viên mới dưới 30 tuổi", "Share of the young", True, True),
    ("KN11", "Trưởng thôn, tổ trưởng tổ dân phố là đảng viên", "Village heads who are members",
     False, True),
    ("KN12", "Tổ chức đảng mới trong doanh nghiệp ngoài nhà nước",
     "New organisations in private firms", False, False),
    ("KN13", "Thôn chưa có đảng viên, chưa có chi bộ", "Villages without member or cell",
     False, False),
    ("KN14", "Chi bộ thôn có chi ủy", "Village cells with a committee", False, True),
    ("KN15", "Nguồn: đã cử học, đã có giấy chứng nhận, theo bước", "Candidates by stage",
     True, False),
    ("KN16", "Công nhận chính thức; xóa tên dự bị", "Officially recognised", True, False),
    ("KN17", "Đưa ra khỏi Đảng", "Removed from the Party", False, False),
    ("KN18", "Xếp loại tổ chức đảng, đảng viên", "Grading", False, True),
]  # fmt: skip


def seed(apps, schema_editor):
    indicators = apps.get_model("targets", "Indicator").objects.using(
        schema_editor.connection.alias
    )
    for code, name, name_en, is_counted, is_share in INDICATORS:
        indicators.create(
            code=code, name=name, name_en=name_en, is_counted=is_counted, is_share=is_share
        )


class Migration(migrations.Migration):
    dependencies = [("targets", "0001_initial")]
    # Indicators are never deleted, so going back leaves the rows to the table's own removal.
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]

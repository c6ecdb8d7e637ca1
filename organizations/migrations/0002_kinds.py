"""The kinds of organisation and where each normally stands (QĐ 294-QĐ/TW, 10 and 20)."""

from django.db import migrations

KINDS = [
    # code, name, name in English, is a cell, is grassroots, votes as, rank, allowed parents
    ("central", "Đảng ủy trực thuộc Trung ương", "Committee under the Centre",
     False, False, "competent", 10, []),
    ("province", "Đảng bộ tỉnh, thành phố", "Provincial organisation",
     False, False, "competent", 20, ["central"]),
    ("superior", "Đảng bộ cấp trên trực tiếp cơ sở", "Immediate superior of grassroots",
     False, False, "competent", 30, ["central", "province"]),
    ("bloc", "Đảng bộ khối", "Bloc organisation",
     False, False, "competent", 31, ["province"]),
    ("district", "Đảng bộ huyện, thị xã, thành phố thuộc tỉnh", "District organisation",
     False, False, "competent", 32, ["province"]),
    ("commune", "Đảng bộ xã, phường, đặc khu", "Commune organisation",
     False, True, "grassroots", 40, ["province", "district"]),
    ("grassroots", "Đảng bộ cơ sở", "Grassroots committee",
     False, True, "grassroots", 41, ["province", "superior", "bloc", "district", "commune"]),
    ("intermediate", "Đảng bộ bộ phận", "Intermediate committee",
     False, False, "intermediate", 50, ["grassroots", "commune"]),
    ("grassroots-cell", "Chi bộ cơ sở", "Grassroots cell",
     True, True, "cell", 60, ["province", "superior", "bloc", "district", "commune"]),
    ("cell", "Chi bộ trực thuộc", "Cell",
     True, False, "cell", 61, ["grassroots", "intermediate", "commune"]),
]  # fmt: skip


def seed(apps, schema_editor):
    kinds = apps.get_model("organizations", "OrganizationKind").objects.using(
        schema_editor.connection.alias
    )
    for code, name, name_en, is_cell, is_grassroots, votes_as, rank, _parents in KINDS:
        kinds.create(
            code=code, name=name, name_en=name_en, is_cell=is_cell, is_grassroots=is_grassroots,
            votes_as=votes_as, rank=rank,
        )  # fmt: skip
    for code, *_columns, parents in KINDS:
        kinds.get(code=code).allowed_parents.set(parents)


def unseed(apps, schema_editor):
    apps.get_model("organizations", "OrganizationKind").objects.using(
        schema_editor.connection.alias
    ).filter(code__in=[kind[0] for kind in KINDS]).delete()


class Migration(migrations.Migration):
    dependencies = [("organizations", "0001_initial")]
    operations = [migrations.RunPython(seed, unseed)]

from django.db import migrations, models

KNOWN = """
    INSERT INTO targets_figuredyear (year, "on")
    SELECT year, max(computed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
    FROM targets_attainment GROUP BY year
"""


class Migration(migrations.Migration):
    dependencies = [("targets", "0008_orders_hold")]

    operations = [
        migrations.CreateModel(
            name="FiguredYear",
            fields=[
                ("year", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("on", models.DateField()),
            ],
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
    ]

from django.db import migrations, models

# The new columns are zero until the facts are read: what the tree's news ask for, by the next fold.
ALL_YEARS_ANEW = """
    INSERT INTO organizations_outbox (kind, fact, organization_id, "on", sign, snapshot, entered_at)
    SELECT 'organizations.placement', id, organization_id, lower(period), 1, '{}', now()
    FROM organizations_placement ORDER BY id LIMIT 1
"""


class Migration(migrations.Migration):
    dependencies = [
        ("admissions", "0015_files_counted"),
        ("targets", "0011_plan_by_rounds"),
    ]

    operations = [
        migrations.AddField(
            model_name="attainment",
            name="certified",
            field=models.IntegerField(
                default=0, verbose_name="Awareness class certificates issued"
            ),
        ),
        migrations.AddField(
            model_name="attainment",
            name="closed_unadmitted",
            field=models.IntegerField(default=0, verbose_name="Files closed without an admission"),
        ),
        migrations.AddField(
            model_name="attainment",
            name="identified",
            field=models.IntegerField(default=0, verbose_name="People identified as sources"),
        ),
        migrations.AddField(
            model_name="attainment",
            name="on_probation",
            field=models.IntegerField(default=0, verbose_name="Members on probation"),
        ),
        migrations.RunSQL(ALL_YEARS_ANEW, migrations.RunSQL.noop),
    ]

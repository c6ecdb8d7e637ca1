from django.db import migrations, models

OPEN = models.Q(
    (
        "stage__in",
        [
            "source",
            "sympathiser",
            "enrolled",
            "certified",
            "permitted",
            "dossier",
            "ready",
            "cell_resolved",
            "appraised",
            "grassroots_resolved",
            "competent_resolved",
            "decided",
        ],
    )
)


class Migration(migrations.Migration):
    dependencies = [
        ("admissions", "0013_moves_and_reversals_by_another_person"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="candidate", name="candidate_open_by_cell"),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                condition=OPEN,
                fields=["cell"],
                include=("stage", "stage_since", "id"),
                name="candidate_open_by_cell",
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                condition=OPEN,
                fields=["stage_since", "id"],
                include=("cell",),
                name="candidate_open_longest_first",
            ),
        ),
    ]

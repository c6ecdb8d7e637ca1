from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("admissions", "0014_open_files_in_their_order"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                condition=models.Q(("stage", "admitted")),
                fields=["cell"],
                include=("person",),
                name="candidate_on_probation",
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                fields=["identified_on"], include=("id", "cell"), name="candidate_identified_on"
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                condition=models.Q(("stage", "closed")),
                fields=["closed_on"],
                include=("id", "cell"),
                name="candidate_closed_on",
            ),
        ),
        migrations.AddIndex(
            model_name="certificate",
            index=models.Index(
                condition=models.Q(("kind", "awareness")),
                fields=["issued_on"],
                include=("id", "candidate"),
                name="certificate_awareness_issued",
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("admissions", "0015_files_counted"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="recognition",
            index=models.Index(
                fields=["official_on"], include=("id", "cell"), name="recognition_official_on"
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0011_sign_in"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["actor", "-entered_at"],
                condition=models.Q(("kind__in", ["read", "denied"])),
                name="audit_event_read_or_refused",
            ),
        ),
    ]

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("practices", "0021_lean_audit_entries")]
    operations = [
        migrations.AddField(model_name="jobrow", name="follows", field=models.BigIntegerField(null=True)),
        migrations.AddIndex(
            model_name="jobrow",
            index=models.Index(
                condition=Q(follows__isnull=False),
                fields=["practice", "job", "follows"],
                name="rows_that_follow",
            ),
        ),
    ]

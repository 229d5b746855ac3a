from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("practices", "0021_lean_audit_entries")]
    operations = [
        migrations.AddField(model_name="jobrow", name="follows", field=models.BigIntegerField(null=True)),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY rows_that_follow ON practices_jobrow (practice_id, job_id, follows)"
                    " WHERE follows IS NOT NULL",
                    "DROP INDEX CONCURRENTLY IF EXISTS rows_that_follow",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name="jobrow",
                    index=models.Index(
                        condition=Q(follows__isnull=False),
                        fields=["practice", "job", "follows"],
                        name="rows_that_follow",
                    ),
                ),
            ],
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    """What is in the ledger more than once is looked for among further copies alone: in one short index."""

    atomic = False

    dependencies = [("ledger", "0021_copies_that_were_credited")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off is left behind, and fills nothing.
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS copies_that_came_again", migrations.RunSQL.noop
                ),
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY copies_that_came_again ON ledger_posting (practice_id, subject_id)"
                    " WHERE copy > 1 AND kind = 'invoice.create' AND status = 'posted'",
                    "DROP INDEX CONCURRENTLY IF EXISTS copies_that_came_again",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name="posting",
                    index=models.Index(
                        fields=["practice", "subject_id"],
                        name="copies_that_came_again",
                        condition=models.Q(("copy__gt", 1), ("kind", "invoice.create"), ("status", "posted")),
                    ),
                ),
            ],
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    """How copying went day by day is counted in an index of what came to an end, not in everything ever copied."""

    atomic = False

    dependencies = [("ledger", "0022_copies_that_came_again")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off is left behind, and fills nothing.
                migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS postings_settled", migrations.RunSQL.noop),
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY postings_settled ON ledger_posting (practice_id, settled_at)"
                    " INCLUDE (status) WHERE status IN ('posted', 'failed')",
                    "DROP INDEX CONCURRENTLY IF EXISTS postings_settled",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name="posting",
                    index=models.Index(
                        fields=["practice", "settled_at"],
                        include=["status"],
                        name="postings_settled",
                        condition=models.Q(("status__in", ["posted", "failed"])),
                    ),
                ),
            ],
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    """Copies that hold no revision of ours have an index of their own: among all that arrived they are a handful."""

    atomic = False

    dependencies = [("ledger", "0017_lean_states")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off is left behind, and fills nothing.
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS copies_that_differ", migrations.RunSQL.noop
                ),
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY copies_that_differ ON ledger_posting (practice_id, subject_id)"
                    " WHERE kind = 'invoice.create' AND status = 'posted'"
                    " AND (held_revision = 0 OR standing = 'changed')",
                    "DROP INDEX CONCURRENTLY IF EXISTS copies_that_differ",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name="posting",
                    index=models.Index(
                        fields=["practice", "subject_id"],
                        name="copies_that_differ",
                        condition=models.Q(
                            ("kind", "invoice.create"),
                            ("status", "posted"),
                            models.Q(("held_revision", 0), ("standing", "changed"), _connector="OR"),
                        ),
                    ),
                ),
            ],
        ),
    ]

from django.db import migrations, models

INDEX = "INDEX CONCURRENTLY {name} ON ledger_posting (practice_id, subject_id)"
ARRIVED = "WHERE kind = 'invoice.create' AND status = 'posted'"
OLD, NEW = (
    f"{INDEX} {ARRIVED} AND (held_revision = 0 OR standing {how})" for how in ("= 'changed'", "<> ''")
)


class Migration(migrations.Migration):
    """Copies that are void or missing in the ledger are found as those that differ are: in one short index."""

    atomic = False

    dependencies = [("ledger", "0019_turns_in_progress")]

    operations = [
        migrations.SeparateDatabaseAndState(
            # There is one under its name all the time but for a moment.
            database_operations=[
                # One that was broken off is left behind, and fills nothing.
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS copies_that_differ_new", migrations.RunSQL.noop
                ),
                migrations.RunSQL(
                    f"CREATE {NEW.format(name='copies_that_differ_new')}",
                    "DROP INDEX CONCURRENTLY IF EXISTS copies_that_differ_new",
                ),
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS copies_that_differ",
                    f"CREATE {OLD.format(name='copies_that_differ')}",
                ),
                migrations.RunSQL(
                    "ALTER INDEX copies_that_differ_new RENAME TO copies_that_differ",
                    "ALTER INDEX copies_that_differ RENAME TO copies_that_differ_new",
                ),
            ],
            state_operations=[
                migrations.RemoveIndex(model_name="posting", name="copies_that_differ"),
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name="posting",
                    index=models.Index(
                        fields=["practice", "subject_id"],
                        name="copies_that_differ",
                        condition=models.Q(
                            ("kind", "invoice.create"),
                            ("status", "posted"),
                            models.Q(
                                ("held_revision", 0),
                                models.Q(("standing", ""), _negated=True),
                                _connector="OR",
                            ),
                        ),
                    ),
                ),
            ],
        ),
    ]

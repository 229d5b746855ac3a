from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Copies that hold no revision of ours have an index of their own: among all that arrived they are a handful."""

    atomic = False

    dependencies = [("ledger", "0017_lean_states")]

    operations = [
        # One that was broken off is left behind, and fills nothing.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS copies_that_differ", migrations.RunSQL.noop),
        AddIndexConcurrently(
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
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    """Invoices that were changed after they were issued have an index of their own: nearly all stay as they were."""

    atomic = False

    dependencies = [("invoicing", "0017_tallies_are_kept")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off is left behind, and fills nothing.
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS invoices_changed", migrations.RunSQL.noop
                ),
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY invoices_changed ON invoicing_invoice (practice_id, id)"
                    " WHERE revision > 1",
                    "DROP INDEX CONCURRENTLY IF EXISTS invoices_changed",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name="invoice",
                    index=models.Index(
                        fields=["practice", "id"],
                        name="invoices_changed",
                        condition=models.Q(("revision__gt", 1)),
                    ),
                ),
            ],
        ),
    ]

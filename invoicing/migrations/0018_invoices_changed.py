from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Invoices that were changed after they were issued have an index of their own: nearly all stay as they were."""

    atomic = False

    dependencies = [("invoicing", "0017_tallies_are_kept")]

    operations = [
        # One that was broken off is left behind, and fills nothing.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS invoices_changed", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="invoice",
            index=models.Index(
                fields=["practice", "id"], name="invoices_changed", condition=models.Q(("revision__gt", 1))
            ),
        ),
    ]

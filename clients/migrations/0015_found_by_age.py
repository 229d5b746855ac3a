from django.db import migrations, models


class Migration(migrations.Migration):
    """The list of clients in the order they were added: its first fifty from an index, not from all there are."""

    atomic = False

    dependencies = [("clients", "0014_found_by_state")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off is left behind, and fills nothing.
                migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS clients_by_age", migrations.RunSQL.noop),
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY clients_by_age ON clients_client (practice_id, created_at, id)",
                    "DROP INDEX CONCURRENTLY IF EXISTS clients_by_age",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name="client",
                    index=models.Index(fields=["practice", "created_at", "id"], name="clients_by_age"),
                ),
            ],
        ),
    ]

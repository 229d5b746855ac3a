import practices.tenancy
from django.db import migrations, models
from django.db.models.deletion import PROTECT


class Migration(migrations.Migration):
    """The index by practice alone goes: nearly every other one begins with the practice, and the planner took that one."""

    atomic = False

    dependencies = [("clients", "0002_words")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS clients_client_practice_id_29da5ff2",
                    "CREATE INDEX CONCURRENTLY clients_client_practice_id_29da5ff2 ON clients_client (practice_id)",
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="client",
                    name="practice",
                    field=models.ForeignKey(
                        db_index=False,
                        default=practices.tenancy.practice_of_new_rows,
                        editable=False,
                        on_delete=PROTECT,
                        related_name="+",
                        to="practices.practice",
                    ),
                ),
            ],
        ),
    ]

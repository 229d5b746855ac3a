import practices.tenancy
from django.db import migrations, models
from django.db.models import Q
from django.db.models.deletion import PROTECT


class Migration(migrations.Migration):
    """What was decided lately is told on every page: from an index, not from all proposals there are.

    The index by practice alone goes: nearly every other one begins with the practice, and the planner took that one and read
    all rows.
    """

    atomic = False

    dependencies = [("proposals", "0001_tables")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY proposals_by_decision ON proposals_proposal (practice_id, decided_at)"
                    " WHERE decided_at IS NOT NULL",
                    "DROP INDEX CONCURRENTLY IF EXISTS proposals_by_decision",
                ),
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS proposals_proposal_practice_id_b881c098",
                    "CREATE INDEX CONCURRENTLY proposals_proposal_practice_id_b881c098"
                    " ON proposals_proposal (practice_id)",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name="proposal",
                    index=models.Index(
                        condition=Q(decided_at__isnull=False),
                        fields=["practice", "decided_at"],
                        name="proposals_by_decision",
                    ),
                ),
                migrations.AlterField(
                    model_name="proposal",
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

from django.db import migrations, models


class Migration(migrations.Migration):
    """Proposals that a client has yet to decide on have an index of their own, with when they were sent."""

    atomic = False

    dependencies = [("proposals", "0008_newest_first")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off is left behind, and fills nothing.
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS proposals_awaiting", migrations.RunSQL.noop
                ),
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY proposals_awaiting ON proposals_proposal (practice_id, valid_until)"
                    " INCLUDE (sent_at) WHERE status = 'sent'",
                    "DROP INDEX CONCURRENTLY IF EXISTS proposals_awaiting",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name="proposal",
                    index=models.Index(
                        fields=["practice", "valid_until"],
                        include=["sent_at"],
                        name="proposals_awaiting",
                        condition=models.Q(("status", "sent")),
                    ),
                ),
            ],
        ),
    ]

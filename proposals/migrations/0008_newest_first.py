from django.db import migrations, models


class Migration(migrations.Migration):
    """The newest proposals from an index, which holds their names too: words are looked for in those of all of them."""

    atomic = False

    dependencies = [("proposals", "0007_decided_lately")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off is left behind, and fills nothing.
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS proposals_newest_first", migrations.RunSQL.noop
                ),
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY proposals_newest_first ON proposals_proposal (practice_id, id DESC)"
                    " INCLUDE (title)",
                    "DROP INDEX CONCURRENTLY IF EXISTS proposals_newest_first",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name="proposal",
                    index=models.Index(
                        fields=["practice", "-id"], include=["title"], name="proposals_newest_first"
                    ),
                ),
            ],
        ),
    ]

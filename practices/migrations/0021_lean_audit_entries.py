import practices.tenancy
from django.db import migrations, models
from django.db.models.deletion import PROTECT


class Migration(migrations.Migration):
    """Every other index of the audit trail begins with the practice too, so none for it alone is written."""

    atomic = False

    dependencies = [('practices', '0020_api_key_words')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    'DROP INDEX CONCURRENTLY IF EXISTS practices_auditentry_practice_id_003bdcb0',
                    'CREATE INDEX CONCURRENTLY practices_auditentry_practice_id_003bdcb0 ON practices_auditentry (practice_id)',
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='auditentry',
                    name='practice',
                    field=models.ForeignKey(db_index=False, default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=PROTECT, related_name='+', to='practices.practice'),
                ),
            ],
        ),
    ]

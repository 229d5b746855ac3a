from django.db import migrations, models


class Migration(migrations.Migration):
    """Lists of invoices ask for everything posted about fifty of them, whatever became of it."""

    atomic = False

    dependencies = [('ledger', '0015_lean_postings')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    'CREATE INDEX CONCURRENTLY postings_of_a_document ON ledger_posting (practice_id, subject_id, kind)',
                    'DROP INDEX CONCURRENTLY IF EXISTS postings_of_a_document',
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name='posting',
                    index=models.Index(fields=['practice', 'subject_id', 'kind'], name='postings_of_a_document'),
                ),
            ],
        ),
    ]

import practices.tenancy
from django.db import migrations, models
from django.db.models.deletion import PROTECT


class Migration(migrations.Migration):
    """Nearly every other index of postings begins with the practice too, so none for it alone is written."""

    atomic = False

    dependencies = [('ledger', '0014_invoices_in_the_ledger')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    'DROP INDEX CONCURRENTLY IF EXISTS ledger_posting_practice_id_56c30cc9',
                    'CREATE INDEX CONCURRENTLY ledger_posting_practice_id_56c30cc9 ON ledger_posting (practice_id)',
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='posting',
                    name='practice',
                    field=models.ForeignKey(db_index=False, default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=PROTECT, related_name='+', to='practices.practice'),
                ),
            ],
        ),
    ]

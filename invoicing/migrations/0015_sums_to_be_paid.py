from django.db import migrations, models

OWED = "WHERE outstanding > 0 AND status = 'issued'"


class Migration(migrations.Migration):
    """What is owed is added up on many pages: from an index that has the amounts too."""

    atomic = False

    dependencies = [('invoicing', '0014_payments_by_date')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    'CREATE INDEX CONCURRENTLY sums_to_be_paid ON invoicing_invoice (practice_id, due_on)'
                    f' INCLUDE (id, client_id, net, vat, outstanding) {OWED}',
                    'DROP INDEX CONCURRENTLY IF EXISTS sums_to_be_paid',
                ),
                migrations.RunSQL(
                    'DROP INDEX CONCURRENTLY IF EXISTS invoices_to_be_paid',
                    f'CREATE INDEX CONCURRENTLY invoices_to_be_paid ON invoicing_invoice (practice_id, due_on) {OWED}',
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name='invoice',
                    index=models.Index(condition=models.Q(('outstanding__gt', 0), ('status', 'issued')), fields=['practice', 'due_on'], include=('id', 'client', 'net', 'vat', 'outstanding'), name='sums_to_be_paid'),
                ),
                migrations.RemoveIndex(model_name='invoice', name='invoices_to_be_paid'),
            ],
        ),
    ]

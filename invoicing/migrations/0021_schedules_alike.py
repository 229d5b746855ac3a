from django.db import migrations, models

KEYS = ['practice', 'next_bill_on', 'tax_rate', 'billing', 'period', 'every', 'service', 'quantity', 'unit_price']


class Migration(migrations.Migration):
    """Schedules that bill alike lie together in an index: what all of them bill is worked out once for each kind."""

    atomic = False

    dependencies = [('invoicing', '0020_schedules_due')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off is left behind, and fills nothing.
                migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS schedules_alike', migrations.RunSQL.noop),
                migrations.RunSQL(
                    'CREATE INDEX CONCURRENTLY schedules_alike ON invoicing_billingschedule'
                    ' (practice_id, next_bill_on, tax_rate_id, billing, period, every, service_id, quantity, unit_price)'
                    " INCLUDE (id, client_id) WHERE next_bill_on IS NOT NULL AND status = 'active'",
                    'DROP INDEX CONCURRENTLY IF EXISTS schedules_alike',
                ),
                migrations.RunSQL(
                    'DROP INDEX CONCURRENTLY IF EXISTS schedules_due',
                    'CREATE INDEX CONCURRENTLY schedules_due ON invoicing_billingschedule'
                    ' (practice_id, next_bill_on, client_id)'
                    ' INCLUDE (id, tax_rate_id, billing, period, quantity, unit_price)'
                    " WHERE next_bill_on IS NOT NULL AND status = 'active'",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name='billingschedule',
                    index=models.Index(
                        fields=KEYS,
                        include=['id', 'client'],
                        name='schedules_alike',
                        condition=models.Q(('next_bill_on__isnull', False), ('status', 'active')),
                    ),
                ),
                migrations.RemoveIndex(model_name='billingschedule', name='schedules_due'),
            ],
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    """What is due from an index that holds what a bill comes to as well: home adds up what all schedules will bill."""

    atomic = False

    dependencies = [('invoicing', '0019_final_invoices_have_a_posting')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off is left behind, and fills nothing.
                migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS schedules_due', migrations.RunSQL.noop),
                migrations.RunSQL(
                    'CREATE INDEX CONCURRENTLY schedules_due ON invoicing_billingschedule'
                    ' (practice_id, next_bill_on, client_id)'
                    ' INCLUDE (id, tax_rate_id, billing, period, quantity, unit_price)'
                    " WHERE next_bill_on IS NOT NULL AND status = 'active'",
                    'DROP INDEX CONCURRENTLY IF EXISTS schedules_due',
                ),
                migrations.RunSQL(
                    'DROP INDEX CONCURRENTLY IF EXISTS schedules_to_bill',
                    'CREATE INDEX CONCURRENTLY schedules_to_bill ON invoicing_billingschedule'
                    " (practice_id, next_bill_on, client_id) WHERE next_bill_on IS NOT NULL AND status = 'active'",
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name='billingschedule',
                    index=models.Index(
                        fields=['practice', 'next_bill_on', 'client'],
                        include=['id', 'tax_rate', 'billing', 'period', 'quantity', 'unit_price'],
                        name='schedules_due',
                        condition=models.Q(('next_bill_on__isnull', False), ('status', 'active')),
                    ),
                ),
                migrations.RemoveIndex(model_name='billingschedule', name='schedules_to_bill'),
            ],
        ),
    ]

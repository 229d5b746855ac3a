from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('clients', '0012_invoice_day_and_layout'),
        ('invoicing', '0013_lean_invoices'),
        ('practices', '0020_api_key_words'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    'CREATE INDEX CONCURRENTLY payments_by_date ON invoicing_payment (practice_id, received_on, id)',
                    'DROP INDEX CONCURRENTLY IF EXISTS payments_by_date',
                ),
            ],
            state_operations=[
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name='payment',
                    index=models.Index(fields=['practice', 'received_on', 'id'], name='payments_by_date'),
                ),
            ],
        ),
    ]

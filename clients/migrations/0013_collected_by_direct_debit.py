from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0012_invoice_day_and_layout'),
    ]

    operations = [
        migrations.AddField(
            model_name='client',
            name='is_collected',
            field=models.BooleanField(db_default=False, default=False, help_text='Invoices and messages then say so, and nobody is reminded to pay.', verbose_name='we collect its invoices by Direct Debit'),
        ),
    ]

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('clients', '0010_words_without_keys')]

    operations = [
        migrations.AddField(
            model_name='client',
            name='terms_days',
            field=models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(365)], verbose_name='days to pay'),
        ),
        # Each row is written twice, when it is checked and when it is imported; room beside it keeps the indexes out of the second time.
        migrations.RunSQL('ALTER TABLE clients_importrow SET (fillfactor = 80)', 'ALTER TABLE clients_importrow RESET (fillfactor)'),
    ]

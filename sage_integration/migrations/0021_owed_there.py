from django.db import migrations, models


class Migration(migrations.Migration):
    """What Sage says is owed on a document, while that is not what is owed on it here."""

    dependencies = [
        ('sage_integration', '0020_differs_by'),
    ]

    operations = [
        migrations.AddField(
            model_name='sagelink',
            name='owed_there',
            field=models.DecimalField(decimal_places=2, max_digits=12, null=True),
        ),
    ]

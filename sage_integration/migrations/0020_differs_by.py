from django.db import migrations, models


class Migration(migrations.Migration):
    """What a difference consists of, so that a later one of the same kind is told from it."""

    dependencies = [
        ('sage_integration', '0002_functions'),
    ]

    operations = [
        migrations.AddField(
            model_name='sagelink',
            name='differs_by',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ignition', '0008_sums_that_differ'),
    ]

    operations = [
        migrations.AddField(
            model_name='practicearrival',
            name='tries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
    ]

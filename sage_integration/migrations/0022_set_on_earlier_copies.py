import django.db.models.deletion
import practices.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):
    """What settles earlier copies in Sage is kept beside them."""

    dependencies = [
        ('practices', '0002_functions'),
        ('sage_integration', '0021_owed_there'),
    ]

    operations = [
        migrations.CreateModel(
            name='SetOnEarlierCopy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sage_id', models.CharField(max_length=64)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12)),
                ('is_money', models.BooleanField()),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='set_on_it', to='sage_integration.sagelink')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice', 'sage_id', 'link'), name='one_part_on_an_earlier_copy')],
            },
        ),
    ]

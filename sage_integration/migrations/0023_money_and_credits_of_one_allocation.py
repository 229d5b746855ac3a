from django.db import migrations, models


class Migration(migrations.Migration):
    """An allocation may set money and credits against an earlier copy at once: a row for each."""

    dependencies = [
        ('sage_integration', '0022_set_on_earlier_copies'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='setonearliercopy',
            constraint=models.UniqueConstraint(fields=('practice', 'sage_id', 'link', 'is_money'), name='one_part_of_a_kind_on_an_earlier_copy'),
        ),
        migrations.RemoveConstraint(model_name='setonearliercopy', name='one_part_on_an_earlier_copy'),
    ]

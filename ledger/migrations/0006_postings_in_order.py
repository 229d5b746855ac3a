from django.db import migrations, models


class Migration(migrations.Migration):
    """The oldest waiting posting of a practice is found at once, however long the queue is."""

    dependencies = [
        ('ledger', '0005_pause'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['practice', 'id'], name='postings_in_order'),
        ),
    ]

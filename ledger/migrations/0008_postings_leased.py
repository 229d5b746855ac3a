from django.db import migrations, models


class Migration(migrations.Migration):
    """Whether somebody drains a practice is seen at once, however long the queue is."""

    dependencies = [
        ('ledger', '0007_times_lost'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(condition=models.Q(('status', 'leased')), fields=['practice', 'lease_expires_at'], name='postings_leased'),
        ),
    ]

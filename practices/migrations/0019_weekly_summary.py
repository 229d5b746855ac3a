from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("practices", "0018_sender_of_messages")]
    operations = [
        migrations.AddField(
            model_name="membership",
            name="gets_weekly_summary",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]

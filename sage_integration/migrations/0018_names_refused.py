from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sage_integration", "0017_contacts_read_when_looked_at")]
    operations = [
        migrations.AddField(
            model_name="contactlink",
            name="refused_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="contactlink", name="name_refused_at", field=models.DateTimeField(null=True)
        ),
    ]

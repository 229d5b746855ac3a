from django.db import migrations, models


class Migration(migrations.Migration):
    """An earlier copy that was credited away in the ledger counts there no more."""

    dependencies = [("ledger", "0020_copies_that_are_gone")]

    operations = [
        migrations.AlterField(  # zero-downtime: a further choice of Django's, the column stays as it is
            model_name="posting",
            name="standing",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "As copied"),
                    ("changed", "Changed there"),
                    ("void", "Void there"),
                    ("missing", "Not there any more"),
                    ("cleared", "Credited there"),
                ],
                db_default="",
                default="",
                max_length=7,
            ),
        ),
    ]

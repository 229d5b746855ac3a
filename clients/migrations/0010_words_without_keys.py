import django.db.models.deletion
import practices.tenancy
from django.db import migrations, models

DROP = "ALTER TABLE clients_clientword DROP CONSTRAINT IF EXISTS clients_clientword_client_id_same_practice"


def practice_without_constraint():
    return models.ForeignKey(
        db_constraint=False, db_index=False, default=practices.tenancy.practice_of_new_rows, editable=False,
        on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice',
    )


class Migration(migrations.Migration):
    """Words are written and deleted by triggers alone; checking each against its client costs as much as the client."""

    dependencies = [('clients', '0009_twins')]

    operations = [
        migrations.AlterField(
            model_name='clientword',
            name='client',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='clients.client'),
        ),
        migrations.AlterField(model_name='clientword', name='practice', field=practice_without_constraint()),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DROP, migrations.RunSQL.noop)],
            state_operations=[
                migrations.RemoveConstraint(model_name='clientword', name='a_client_has_a_word_once'),
                migrations.RemoveIndex(model_name='clientword', name='words_of_a_client'),
                migrations.RemoveField(model_name='clientword', name='client'),
                migrations.AddField(model_name='clientword', name='client_id', field=models.BigIntegerField(default=0), preserve_default=False),
                migrations.AddConstraint(
                    model_name='clientword',
                    constraint=models.UniqueConstraint(fields=('practice', 'word', 'client_id'), name='a_client_has_a_word_once'),
                ),
                migrations.AddIndex(
                    model_name='clientword',
                    index=models.Index(fields=['practice', 'client_id'], name='words_of_a_client'),
                ),
            ],
        ),
        migrations.AlterField(model_name='importrow', name='practice', field=practice_without_constraint()),
        migrations.AlterField(
            model_name='importrow',
            name='source',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='clients.clientimport'),
        ),
        migrations.AlterField(
            model_name='importrow',
            name='client',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='clients.client'),
        ),
    ]

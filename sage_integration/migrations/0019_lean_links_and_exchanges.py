import practices.tenancy
from django.db import migrations, models
from django.db.models.deletion import CASCADE, PROTECT
from practices.isolation import drop_key

#: Other indexes begin with the practice as well.
INDEXES = {
    'sage_integration_sagelink_practice_id_670b8680': 'sage_integration_sagelink (practice_id)',
    'sage_integration_sageexchange_practice_id_2d8322f9': 'sage_integration_sageexchange (practice_id)',
}
#: Keys whose twin with the practice in it checks the same and more; with that, the practice is checked as well:
#: name, column, what it is of, and for the practice the column of that twin.
CHECKS = {
    'sage_integration_sagelink': [
        ('sage_integration_sag_practice_id_670b8680_fk_practices', 'practice_id', 'practices_practice', 'posting_id'),
        ('sage_integration_sag_posting_id_f83ff4b7_fk_ledger_po', 'posting_id', 'ledger_posting'),
    ],
    'sage_integration_sageexchange': [
        ('sage_integration_sag_posting_id_556840cf_fk_ledger_po', 'posting_id', 'ledger_posting'),
    ],
}


def practice_key(**options):
    return models.ForeignKey(
        db_index=False, default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=PROTECT,
        related_name='+', to='practices.practice', **options,
    )


def altered(model, **fields):
    return [migrations.AlterField(model_name=model, name=name, field=field) for name, field in fields.items()]


class Migration(migrations.Migration):
    """Every posted document writes one of each: without indexes and checks that others make superfluous."""

    atomic = False

    dependencies = [('sage_integration', '0018_names_refused')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                *(
                    migrations.RunSQL(
                        f'DROP INDEX CONCURRENTLY IF EXISTS {name}', f'CREATE INDEX CONCURRENTLY {name} ON {definition}'
                    )
                    for name, definition in INDEXES.items()
                ),
                *(drop_key(table, *each) for table, keys in CHECKS.items() for each in keys),
            ],
            state_operations=[
                *altered(
                    'sagelink',
                    practice=practice_key(db_constraint=False),
                    posting=models.OneToOneField(
                        db_constraint=False, on_delete=PROTECT, related_name='sage_link', to='ledger.posting'
                    ),
                ),
                *altered(
                    'sageexchange',
                    practice=practice_key(),
                    posting=models.ForeignKey(
                        db_constraint=False, db_index=False, null=True, on_delete=CASCADE, related_name='exchanges',
                        to='ledger.posting',
                    ),
                ),
            ],
        ),
    ]

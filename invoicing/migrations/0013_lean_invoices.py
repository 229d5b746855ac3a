import practices.tenancy
from django.db import migrations, models
from django.db.models.deletion import CASCADE, PROTECT
from practices.isolation import drop_key

#: Indexes that another one begins with, or that nothing reads: what a billing run writes has no more than are used.
INDEXES = {
    'invoices_newest_first': 'invoicing_invoice (practice_id, id DESC)',
    'invoicing_invoice_practice_id_1083cd8a': 'invoicing_invoice (practice_id)',
    'invoicing_invoice_client_id_eb77ced0': 'invoicing_invoice (client_id)',
    'invoicing_invoiceline_practice_id_4f9dac2e': 'invoicing_invoiceline (practice_id)',
    'invoicing_invoiceline_service_id_0cdb4e21': 'invoicing_invoiceline (service_id)',
    'invoicing_invoiceline_tax_rate_id_e7223eb8': 'invoicing_invoiceline (tax_rate_id)',
    'invoicing_billedperiod_practice_id_1d37bd02': 'invoicing_billedperiod (practice_id)',
    'invoicing_billedperiod_schedule_id_5af462ff': 'invoicing_billedperiod (schedule_id)',
    'invoicing_billingschedule_practice_id_bb8707e4': 'invoicing_billingschedule (practice_id)',
}
#: Keys whose twin with the practice in it checks the same and more; with that, the practice is checked as well:
#: name, column, what it is of, and for the practice the column of that twin.
CHECKS = {
    'invoicing_invoice': [
        (
            'invoicing_invoice_practice_id_1083cd8a_fk_practices_practice_id',
            'practice_id', 'practices_practice', 'client_id',
        ),
        ('invoicing_invoice_client_id_eb77ced0_fk_clients_client_id', 'client_id', 'clients_client'),
        ('invoicing_invoice_proposal_id_81ebc445_fk_proposals_proposal_id', 'proposal_id', 'proposals_proposal'),
    ],
    'invoicing_invoiceline': [
        ('invoicing_invoicelin_practice_id_4f9dac2e_fk_practices', 'practice_id', 'practices_practice', 'invoice_id'),
        ('invoicing_invoicelin_invoice_id_76c97100_fk_invoicing', 'invoice_id', 'invoicing_invoice'),
        ('invoicing_invoicelin_service_id_0cdb4e21_fk_services_', 'service_id', 'services_service'),
        ('invoicing_invoicelin_tax_rate_id_e7223eb8_fk_services_', 'tax_rate_id', 'services_taxrate'),
    ],
    'invoicing_billedperiod': [
        ('invoicing_billedperi_practice_id_1d37bd02_fk_practices', 'practice_id', 'practices_practice', 'schedule_id'),
        ('invoicing_billedperi_schedule_id_5af462ff_fk_invoicing', 'schedule_id', 'invoicing_billingschedule'),
        ('invoicing_billedperi_invoice_id_59d45b4c_fk_invoicing', 'invoice_id', 'invoicing_invoice'),
    ],
}


def key(to, on_delete=PROTECT, **options):
    return models.ForeignKey(db_constraint=False, on_delete=on_delete, to=to, **options)


def practice_key(**options):
    return models.ForeignKey(
        db_index=False, default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=PROTECT,
        related_name='+', to='practices.practice', **options,
    )


def altered(model, **fields):
    return [migrations.AlterField(model_name=model, name=name, field=field) for name, field in fields.items()]


class Migration(migrations.Migration):
    """A third of what the database did for an invoice were indexes and checks that others made superfluous."""

    atomic = False

    dependencies = [('invoicing', '0012_invoice_day_of_a_client')]

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
                migrations.RemoveIndex(model_name='invoice', name='invoices_newest_first'),
                *altered('billingschedule', practice=practice_key()),
                *altered(
                    'invoice',
                    practice=practice_key(db_constraint=False),
                    client=key('clients.client', db_index=False, related_name='invoices'),
                    proposal=key('proposals.proposal', null=True, related_name='invoices'),
                ),
                *altered(
                    'invoiceline',
                    practice=practice_key(db_constraint=False),
                    invoice=key('invoicing.invoice', CASCADE, related_name='lines'),
                    service=key('services.service', db_index=False, related_name='+'),
                    tax_rate=key('services.taxrate', db_index=False, related_name='+'),
                ),
                *altered(
                    'billedperiod',
                    practice=practice_key(db_constraint=False),
                    schedule=key('invoicing.billingschedule', db_index=False, related_name='periods'),
                    invoice=key('invoicing.invoice', null=True, related_name='periods'),
                ),
            ],
        ),
    ]

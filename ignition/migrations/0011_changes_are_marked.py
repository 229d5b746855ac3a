from django.db import migrations

#: The tables that figures of pages are read from, all of them of a practice's own rows. A figure of any other table is
#: asked each time.
TABLES = (
    'clients_client',
    'ignition_firstrun',
    'invoicing_allocation',
    'invoicing_billedperiod',
    'invoicing_billingschedule',
    'invoicing_comingbill',
    'invoicing_invoice',
    'invoicing_invoicetally',
    'invoicing_payment',
    'ledger_ledgersettings',
    'ledger_posting',
    'practices_job',
    'practices_practiceprofile',
    'proposals_proposal',
    'proposals_proposalevent',
    'proposals_proposalline',
    'proposals_signature',
    'sage_integration_attention',
    'sage_integration_contactlink',
    'sage_integration_sageconnection',
    'sage_integration_sagecontact',
    'sage_integration_sagelink',
    'sage_integration_sagetaxrate',
    'sage_integration_taxratemapping',
    'services_service',
    'services_taxrate',
    'services_vatsettings',
)
#: Making a trigger waits for whoever writes the table, and everybody who wants to write it next waits behind it: so
#: not for long. Sent as one string, which is one transaction.
WAITS = "SET LOCAL lock_timeout = '3s';"
#: What happened to a table → what its changed rows are called.
CHANGES = {'INSERT': 'NEW', 'UPDATE': 'NEW', 'DELETE': 'OLD'}
#: What was there before the triggers is marked once, so that answers from it can be kept too.
MARK = """
INSERT INTO practices_changemark (practice_id, of_table, changed_in, stamp)
SELECT practice.id, tables.name, pg_current_xact_id()::text::bigint, gen_random_uuid()
  FROM practices_practice AS practice CROSS JOIN unnest(ARRAY{tables}) AS tables(name)
ON CONFLICT DO NOTHING
"""


def triggers(table):
    made = (
        f'CREATE OR REPLACE TRIGGER marked_{change.lower()} AFTER {change} ON {table}'
        f' REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION practices_mark_change();'
        for change, rows in CHANGES.items()
    )
    return WAITS + ''.join(made)


def no_triggers(table):
    return WAITS + ''.join(f'DROP TRIGGER IF EXISTS marked_{change.lower()} ON {table};' for change in CHANGES)


class Migration(migrations.Migration):
    """Changes of these tables are marked by triggers, so that no writer can forget it.

    Where it breaks off, because a table was being written for too long, it is run again.
    """

    atomic = False

    dependencies = [
        ('clients', '0015_found_by_age'),
        ('ignition', '0010_ended_and_differing'),
        ('invoicing', '0021_schedules_alike'),
        ('practices', '0003_change_marks'),
        ('proposals', '0009_awaiting'),
    ]

    operations = [
        *(migrations.RunSQL(triggers(table), no_triggers(table)) for table in TABLES),
        migrations.RunSQL(MARK.format(tables=list(TABLES)), migrations.RunSQL.noop),
    ]

from django.db import migrations

TALLIES = 'invoicing_invoicetally (practice_id, status, source, month, due_on, count, net, vat, outstanding, is_folded)'
#: Making a trigger waits for whoever writes invoices, and everybody who wants to write them next waits behind it: so
#: not for long. Sent as one string, which is one transaction.
WAITS = "SET LOCAL lock_timeout = '3s';"
EACH = 'FOR EACH STATEMENT EXECUTE FUNCTION'
TRIGGERS = f"""{WAITS}
CREATE OR REPLACE TRIGGER tally_added AFTER INSERT ON invoicing_invoice REFERENCING NEW TABLE AS fresh
  {EACH} invoicing_tally_added();
CREATE OR REPLACE TRIGGER tally_changed AFTER UPDATE ON invoicing_invoice
  REFERENCING NEW TABLE AS fresh OLD TABLE AS stale {EACH} invoicing_tally_changed();
CREATE OR REPLACE TRIGGER tally_removed AFTER DELETE ON invoicing_invoice REFERENCING OLD TABLE AS stale
  {EACH} invoicing_tally_removed();
"""
DROP_TRIGGERS = f"""{WAITS}
DROP TRIGGER IF EXISTS tally_added ON invoicing_invoice;
DROP TRIGGER IF EXISTS tally_changed ON invoicing_invoice;
DROP TRIGGER IF EXISTS tally_removed ON invoicing_invoice;
"""
#: One statement, so one moment: what it sees of the triggers' rows goes, what it sees of invoices takes their place,
#: and what is committed later comes on top. No writer waits.
FILL = f"""
WITH gone AS (DELETE FROM invoicing_invoicetally)
INSERT INTO {TALLIES}
SELECT practice_id, status, source, date_trunc('month', tax_point::timestamp)::date,
    CASE WHEN status = 'issued' AND outstanding > 0 THEN due_on END,
    count(*), sum(net), sum(vat), sum(outstanding), true
FROM invoicing_invoice GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - names of columns alone


class Migration(migrations.Migration):
    """What invoices add up to is kept by triggers, so that no writer can forget it.

    Where it breaks off, because an invoice was being written for too long or the sums took too long, it is run again.
    """

    atomic = False

    dependencies = [('invoicing', '0016_tallies')]

    operations = [
        migrations.RunSQL(TRIGGERS, DROP_TRIGGERS),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]

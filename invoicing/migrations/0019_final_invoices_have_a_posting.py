from django.db import migrations

#: By an index, however small the table was when the session planned it.
FUNCTION = """
CREATE OR REPLACE FUNCTION invoicing_has_a_posting() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$ BEGIN
  IF NOT EXISTS (SELECT FROM ledger_posting
      WHERE practice_id = NEW.practice_id AND subject_id = NEW.id AND kind = 'invoice.create') THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'a_final_invoice_has_a_posting',
      MESSAGE = 'invoice ' || NEW.id || ' is final and has no posting (a_final_invoice_has_a_posting)';
  END IF;
  RETURN NULL;
END $$;
"""
#: Waits for whoever writes invoices, but not for long. Sent as one string, which is one transaction.
WAITS = "SET LOCAL lock_timeout = '3s';"
DROP_TRIGGER = f"{WAITS} DROP TRIGGER IF EXISTS a_final_invoice_has_a_posting ON invoicing_invoice;"
TRIGGER = f"""{DROP_TRIGGER}
CREATE CONSTRAINT TRIGGER a_final_invoice_has_a_posting AFTER INSERT OR UPDATE OF status ON invoicing_invoice
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status <> 'draft') EXECUTE FUNCTION invoicing_has_a_posting();
"""
#: What was written before.
CHECK = """
DO $$ DECLARE missed bigint; BEGIN
  SELECT id INTO missed FROM invoicing_invoice AS invoice WHERE status <> 'draft' AND NOT EXISTS (
    SELECT FROM ledger_posting AS posting WHERE posting.practice_id = invoice.practice_id
      AND posting.subject_id = invoice.id AND posting.kind = 'invoice.create') LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'invoice % is final and has no posting: request one, and migrate again', missed;
  END IF;
END $$;
"""


class Migration(migrations.Migration):
    """An invoice that is final and has no posting would be in no list of what Sage lacks: it cannot be written.

    Where it breaks off, because an invoice was being written for too long or one has no posting, it is run again.
    """

    atomic = False

    dependencies = [('invoicing', '0018_invoices_changed'), ('ledger', '0022_copies_that_came_again')]

    operations = [
        migrations.RunSQL(FUNCTION, 'DROP FUNCTION IF EXISTS invoicing_has_a_posting()'),
        migrations.RunSQL(TRIGGER, DROP_TRIGGER),
        migrations.RunSQL(CHECK, migrations.RunSQL.noop),
    ]

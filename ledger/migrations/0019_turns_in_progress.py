from django.db import migrations

DUE = """
CREATE OR REPLACE FUNCTION ledger_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT practice_id FROM ledger_posting WHERE status = 'pending' AND not_before <= now()
    {busy}
    UNION SELECT practice_id FROM ledger_posting WHERE status = 'leased' AND lease_expires_at <= now()
$$
"""
BUSY = "EXCEPT SELECT practice_id FROM ledger_posting WHERE status = 'leased' AND lease_expires_at > now()"


class Migration(migrations.Migration):
    """A practice whose turn is in progress needs no other: it would find everything taken."""

    dependencies = [("ledger", "0018_copies_that_differ")]

    operations = [migrations.RunSQL(DUE.format(busy=BUSY), DUE.format(busy=""))]

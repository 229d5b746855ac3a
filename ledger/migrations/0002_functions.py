from django.db import migrations

CREATE = """
CREATE FUNCTION ledger_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM ledger_posting WHERE (status = 'pending' AND not_before <= now())
    OR (status = 'leased' AND lease_expires_at <= now()) $$
"""
DROP = "DROP FUNCTION ledger_practices_due()"


class Migration(migrations.Migration):
    """Which practices have postings that are due: ids only, across row level security."""

    replaces = [
        ('ledger', '0003_ledger_practices_due'),
    ]

    dependencies = [('ledger', '0001_tables')]

    operations = [
        migrations.RunSQL(CREATE, DROP),
    ]

from django.db import migrations

CREATE = """
CREATE FUNCTION sage_practices_signed_in() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM sage_integration_sageconnection
    WHERE status IN ('connected', 'enabled') $$;

CREATE FUNCTION sage_practices_of_business(business text) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM sage_integration_sageconnection
    WHERE business_id = business AND business <> '' AND status <> 'disconnected' $$;

CREATE FUNCTION sage_practices_with_an_old_queue() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT practice_id FROM sage_integration_sageconnection
    GROUP BY practice_id
    HAVING bool_and(status = 'disconnected') AND max(ended_at) < now() - interval '90 days'
    INTERSECT
    SELECT practice_id FROM ledger_posting WHERE status IN ('held', 'pending', 'leased', 'failed')
        AND attempted_at IS NULL $$
"""
DROP = """
DROP FUNCTION sage_practices_signed_in();
DROP FUNCTION sage_practices_of_business(text);
DROP FUNCTION sage_practices_with_an_old_queue()
"""


class Migration(migrations.Migration):
    """Who is signed in, who shares a company, whose queue has waited too long: ids only, across row level security."""

    dependencies = [("sage_integration", "0004_health_and_rules"), ("ledger", "0005_pause")]
    operations = [migrations.RunSQL(CREATE, DROP)]

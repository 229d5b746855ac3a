from django.db import migrations

CREATE = """
CREATE FUNCTION sage_connected_practices() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM sage_integration_sageconnection WHERE status = 'enabled' $$;

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
        AND attempted_at IS NULL $$;

CREATE FUNCTION sage_practices_to_poll() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM sage_integration_sageconnection
    WHERE status = 'enabled' AND pulls_payments AND poll_after <= now() $$;

CREATE FUNCTION sage_practices_to_alert() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT connection.practice_id FROM sage_integration_sageconnection AS connection,
        LATERAL (SELECT now() - make_interval(mins => connection.alert_after_minutes) AS until,
            coalesce(connection.alerted_until, '-infinity') AS told) AS span
    WHERE connection.status <> 'disconnected' AND connection.alert_after_minutes > 0 AND (
        EXISTS (SELECT 1 FROM ledger_posting AS posting
            WHERE posting.practice_id = connection.practice_id AND posting.status = 'failed'
                AND posting.settled_at > span.told AND posting.settled_at <= span.until)
        OR EXISTS (SELECT 1 FROM sage_integration_sagelink AS link
            WHERE link.practice_id = connection.practice_id AND link.difference <> ''
                AND link.differs_since > span.told AND link.differs_since <= span.until)
        OR (connection.status <> 'needs_reauthorisation' AND connection.trouble <> ''
            AND connection.trouble_since > span.told AND connection.trouble_since <= span.until)) $$;

CREATE FUNCTION sage_practices_to_read_contacts() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT connection.practice_id FROM sage_integration_sageconnection AS connection
    WHERE connection.status IN ('connected', 'enabled') AND (
        coalesce(connection.last_news_at, connection.connected_at) > now() - interval '2 hours'
        OR NOT EXISTS (SELECT 1 FROM sage_integration_syncrun AS run
            WHERE run.practice_id = connection.practice_id AND run.kind = 'contacts'
                AND run.started_at > now() - interval '2 hours')) $$
"""
DROP = """
DROP FUNCTION sage_practices_to_read_contacts(), sage_practices_to_alert(), sage_practices_to_poll(),
  sage_practices_with_an_old_queue(), sage_practices_of_business(text), sage_practices_signed_in(),
  sage_connected_practices()
"""


class Migration(migrations.Migration):
    """Whose Sage is to be read, posted to or told of, and who shares a company: ids only, across row level security."""

    replaces = [
        ('sage_integration', '0002_sage_connected_practices'),
        ('sage_integration', '0005_looks_across_practices'),
        ('sage_integration', '0008_practices_to_poll'),
        ('sage_integration', '0014_practices_to_alert'),
        ('sage_integration', '0016_whose_contacts_to_read'),
        ('sage_integration', '0017_contacts_read_when_looked_at'),
    ]

    dependencies = [('ledger', '0001_tables'), ('sage_integration', '0001_tables')]

    operations = [
        migrations.RunSQL(CREATE, DROP),
    ]

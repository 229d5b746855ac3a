from django.db import migrations

CREATE = """
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
            AND connection.trouble_since > span.told AND connection.trouble_since <= span.until)) $$
"""


class Migration(migrations.Migration):
    """Which practices have something that has needed somebody for long enough: ids only, across row level security."""

    dependencies = [("sage_integration", "0013_log_and_attention")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION sage_practices_to_alert()")]

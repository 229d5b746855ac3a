from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION operation_queue_states()
RETURNS TABLE (practice_id bigint, queue text, state text, waiting bigint, oldest double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT practice_id, 'postings', status, count(*),
        extract(epoch FROM now() - min(requested_at))::double precision
    FROM ledger_posting WHERE status IN ('held', 'pending', 'leased', 'failed') GROUP BY practice_id, status
    UNION ALL
    SELECT practice_id, 'emails', status, count(*), extract(epoch FROM now() - min(created_at))::double precision
    FROM practices_outgoingemail WHERE status IN ('queued', 'sending') GROUP BY practice_id, status
    UNION ALL
    SELECT practice_id, 'jobs', status, count(*), extract(epoch FROM now() - min(created_at))::double precision
    FROM practices_job WHERE status IN ('queued', 'running') GROUP BY practice_id, status
    UNION ALL
    SELECT practice_id, 'readings of Sage', 'overdue', 1,
        greatest(0, extract(epoch FROM now() - min(poll_after)))::double precision
    FROM sage_integration_sageconnection WHERE status = 'enabled' AND pulls_payments GROUP BY practice_id
    {more}
$$
"""
BEFORE = """UNION ALL
    SELECT practice_id, 'sums of invoices', 'differ', differing,
        extract(epoch FROM now() - differs_since)::double precision
    FROM invoicing_tallycheck WHERE differing > 0"""
MORE = """
    UNION ALL
    SELECT practice_id, 'connections to Sage', 'ended', count(*),
        extract(epoch FROM now() - min(coalesce(trouble_since, connected_at)))::double precision
    FROM sage_integration_sageconnection WHERE status = 'needs_reauthorisation' GROUP BY practice_id
    UNION ALL
    SELECT connection.practice_id, 'comparison with Sage', 'differs', cardinality(string_to_array(newest.problem, E'\\n')),
        extract(epoch FROM now() - newest.finished_at)::double precision
    FROM sage_integration_sageconnection connection CROSS JOIN LATERAL (
        SELECT problem, counts, finished_at FROM sage_integration_syncrun run
        WHERE run.practice_id = connection.practice_id AND kind = 'audit' AND finished_at IS NOT NULL
        ORDER BY run.id DESC LIMIT 1) newest
    WHERE connection.status = 'enabled' AND newest.counts ? 'checked' AND newest.problem <> ''"""


class Migration(migrations.Migration):
    """Connections that ended, and what the newest comparison with Sage found, are told with what waits."""

    dependencies = [('ignition', '0009_tries_of_arrivals'), ('sage_integration', '0001_tables')]
    operations = [migrations.RunSQL(FUNCTION.format(more=BEFORE + MORE), FUNCTION.format(more=BEFORE))]

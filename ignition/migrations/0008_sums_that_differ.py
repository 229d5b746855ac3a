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
MORE = """UNION ALL
    SELECT practice_id, 'sums of invoices', 'differ', differing,
        extract(epoch FROM now() - differs_since)::double precision
    FROM invoicing_tallycheck WHERE differing > 0"""


class Migration(migrations.Migration):
    """Kept sums that are not what the invoices come to are told with what waits."""

    dependencies = [('ignition', '0002_functions'), ('invoicing', '0016_tallies')]
    operations = [migrations.RunSQL(FUNCTION.format(more=MORE), FUNCTION.format(more=''))]

from django.db import migrations

CREATE = """
CREATE FUNCTION operation_queue_states()
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
$$
"""


class Migration(migrations.Migration):
    """How much waits in each practice and since when: counts and ages only, across row level security."""

    initial = True
    dependencies = [
        ("ledger", "0008_postings_leased"),
        ("practices", "0009_mail_and_profile"),
        ("sage_integration", "0008_practices_to_poll"),
    ]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION operation_queue_states()")]

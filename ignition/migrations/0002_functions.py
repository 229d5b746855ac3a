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
$$;

CREATE FUNCTION ignition_blanked(given jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$ BEGIN
  RETURN CASE jsonb_typeof(given)
    WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(key, ignition_blanked(value)), '{}') FROM jsonb_each(given))
    WHEN 'array' THEN (SELECT coalesce(jsonb_agg(ignition_blanked(value)), '[]') FROM jsonb_array_elements(given))
    WHEN 'string' THEN '"Erased"'::jsonb
    ELSE given
  END;
END $$;

CREATE FUNCTION ignition_blanked_under(given jsonb, names text[], kept text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(key, CASE
    WHEN key = ANY (kept) THEN value
    WHEN names IS NULL OR key = ANY (names) THEN ignition_blanked(value)
    ELSE value END), '{}') FROM jsonb_each(given)
$$;

CREATE FUNCTION ignition_forget_client(erased bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  acting bigint := NULLIF(current_setting('ignition.practice_id', true), '')::bigint;
  is_over boolean;
  kept text[] := ARRAY['api_key', 'api_key_name'];
BEGIN
  SELECT finished_at IS NOT NULL INTO is_over FROM ignition_clienterasure
   WHERE practice_id = acting AND client_id = erased FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'client % was not erased by the practice that is acted for', erased USING ERRCODE = 'check_violation';
  END IF;
  -- The name stays as long as documents have to carry it.
  IF NOT is_over THEN kept := kept || ARRAY['name']; END IF;
  UPDATE practices_auditentry SET data = ignition_blanked_under(data, NULL, kept)
   WHERE practice_id = acting AND subject_type = 'clients.client' AND subject_id = erased
     AND action NOT IN ('client.erased', 'client.erasure_finished');
  UPDATE practices_auditentry entry SET data = ignition_blanked_under(entry.data, NULL, kept)
   WHERE practice_id = acting AND subject_type = 'clients.contactperson'
     AND subject_id IN (SELECT id FROM clients_contactperson WHERE practice_id = acting AND client_id = erased);
  -- Documents keep their figures; addresses of people go at once, names with the client's.
  UPDATE practices_auditentry SET data = ignition_blanked_under(
      data, CASE WHEN is_over THEN ARRAY['to', 'name', 'title', 'reason', 'person', 'client'] ELSE ARRAY['to'] END,
      ARRAY['api_key', 'api_key_name'])
   WHERE practice_id = acting AND (
     (subject_type = 'invoicing.invoice' AND subject_id IN
       (SELECT id FROM invoicing_invoice WHERE practice_id = acting AND client_id = erased))
     OR (subject_type = 'invoicing.creditnote' AND subject_id IN
       (SELECT id FROM invoicing_creditnote WHERE practice_id = acting AND client_id = erased))
     OR (subject_type = 'invoicing.billingschedule' AND subject_id IN
       (SELECT id FROM invoicing_billingschedule WHERE practice_id = acting AND client_id = erased))
     OR (subject_type = 'proposals.proposal' AND subject_id IN
       (SELECT id FROM proposals_proposal WHERE practice_id = acting AND client_id = erased)));
END $$;

CREATE FUNCTION arrival_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT practice_id FROM ignition_practicearrival WHERE status = 'waiting' $$
"""
DROP = """
DROP FUNCTION arrival_practices_due(), ignition_forget_client(bigint), ignition_blanked_under(jsonb, text[], text[]),
  ignition_blanked(jsonb), operation_queue_states()
"""


class Migration(migrations.Migration):
    """How much waits in each practice and who arrives; and what the trail forgets of an erased client: entries, actions,
    times and ids stay. Across row level security."""

    replaces = [
        ('ignition', '0001_operation_queue_states'),
        ('ignition', '0004_forget_client'),
        ('ignition', '0007_arrival_practices_due'),
    ]

    dependencies = [('ignition', '0001_tables'), ('invoicing', '0001_tables'), ('ledger', '0001_tables'), ('practices', '0001_tables'), ('proposals', '0001_tables'), ('sage_integration', '0001_tables')]

    operations = [
        migrations.RunSQL(CREATE, DROP),
    ]

from django.db import migrations

CREATE = """
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
END $$
"""
DROP = """
DROP FUNCTION ignition_forget_client(bigint);
DROP FUNCTION ignition_blanked_under(jsonb, text[], text[]);
DROP FUNCTION ignition_blanked(jsonb)
"""


class Migration(migrations.Migration):
    """Blanks what the trail says of an erased client, and nothing else: entries, actions, times and ids stay."""

    dependencies = [
        ("ignition", "0003_first_run"),
        ("invoicing", "0010_documents_and_sending"),
        ("practices", "0014_full_export"),
        ("proposals", "0005_templates_and_reminders"),
    ]
    operations = [migrations.RunSQL(CREATE, DROP)]

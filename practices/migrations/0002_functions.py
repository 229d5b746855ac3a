from django.db import migrations

CREATE = """
CREATE FUNCTION mail_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM practices_outgoingemail WHERE status = 'queued' AND not_before <= now() $$;

CREATE FUNCTION job_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM practices_job WHERE status IN ('queued', 'running') $$;

CREATE FUNCTION webhook_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT delivery.practice_id
    FROM practices_webhookdelivery delivery
    JOIN practices_webhookendpoint endpoint
        ON endpoint.practice_id = delivery.practice_id AND endpoint.id = delivery.endpoint_id
    WHERE delivery.status = 'pending' AND delivery.not_before <= now()
        AND endpoint.removed_at IS NULL AND (endpoint.paused_until IS NULL OR endpoint.paused_until <= now()) $$;

CREATE FUNCTION practices_remove_demo(demo bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE target record; BEGIN
  PERFORM 1 FROM practices_practice WHERE id = demo AND is_demo FOR UPDATE;
  IF NOT FOUND OR demo IS DISTINCT FROM NULLIF(current_setting('ignition.practice_id', true), '')::bigint THEN
    RAISE EXCEPTION 'practice % is not the demo practice that is acted for', demo USING ERRCODE = 'check_violation';
  END IF;
  -- Every table that names a practice; words of clients last, because removing people writes them anew.
  FOR target IN
    SELECT columns.table_name FROM information_schema.columns
      JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = 'public' AND column_name = 'practice_id' AND table_type = 'BASE TABLE'
     ORDER BY columns.table_name = 'clients_clientword', columns.table_name
  LOOP
    EXECUTE format('DELETE FROM %I WHERE practice_id = $1', target.table_name) USING demo;
  END LOOP;
  DELETE FROM practices_practice WHERE id = demo;
END $$
"""
DROP = """DROP FUNCTION practices_remove_demo(bigint), webhook_practices_due(), job_practices_due(), mail_practices_due()"""


class Migration(migrations.Migration):
    """Which practices have messages or jobs waiting: ids only. And what removes a demo practice whole, its append-only rows
    included, and nothing else. Both across row level security."""

    replaces = [
        ('practices', '0002_mail_practices_due'),
        ('practices', '0004_job_practices_due'),
        ('practices', '0011_webhook_practices_due'),
        ('practices', '0013_remove_demo'),
    ]

    dependencies = [('practices', '0001_tables')]

    operations = [
        migrations.RunSQL(CREATE, DROP),
    ]

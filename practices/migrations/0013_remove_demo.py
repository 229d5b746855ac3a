from django.db import migrations

CREATE = """
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


class Migration(migrations.Migration):
    """Removes a demo practice whole, its append-only rows included, and nothing else."""

    dependencies = [("practices", "0012_demo")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION practices_remove_demo(bigint)")]

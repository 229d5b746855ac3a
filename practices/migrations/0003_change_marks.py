import practices.tenancy
from django.conf import settings
from django.db import migrations, models
from django.db.models.deletion import PROTECT

#: For triggers of any table that names a practice, with the rows a statement changed under the name `changed`. The
#: second statement of a transaction finds its mark there already; nobody else's can have the same number. The marks are
#: read together with who is signed in, before anybody acts for the practice, and tell nothing of what changed.
FUNCTIONS = """
CREATE FUNCTION practices_mark_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO practices_changemark (practice_id, of_table, changed_in, stamp)
  SELECT practice_id, TG_TABLE_NAME, pg_current_xact_id()::text::bigint, gen_random_uuid()
    FROM (SELECT DISTINCT practice_id FROM changed) AS practices
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

CREATE FUNCTION practices_marks(of_practice bigint) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT coalesce(array_agg(of_table || ' ' || stamp), '{}') FROM practices_changemark WHERE practice_id = of_practice
$$;

CREATE FUNCTION practices_with_marks_to_fold() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT practice_id FROM practices_changemark GROUP BY practice_id HAVING count(*) > 50 $$;
"""
DROP_FUNCTIONS = 'DROP FUNCTION practices_with_marks_to_fold, practices_marks, practices_mark_change'
#: What changes leaves marks, so the marks go last, and words of clients before them: removing people writes them anew.
REMOVE_DEMO = """
CREATE OR REPLACE FUNCTION practices_remove_demo(demo bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE target record; BEGIN
  PERFORM 1 FROM practices_practice WHERE id = demo AND is_demo FOR UPDATE;
  IF NOT FOUND OR demo IS DISTINCT FROM NULLIF(current_setting('ignition.practice_id', true), '')::bigint THEN
    RAISE EXCEPTION 'practice % is not the demo practice that is acted for', demo USING ERRCODE = 'check_violation';
  END IF;
  FOR target IN
    SELECT columns.table_name FROM information_schema.columns
      JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = 'public' AND column_name = 'practice_id' AND table_type = 'BASE TABLE'
     ORDER BY columns.table_name = 'practices_changemark', columns.table_name = 'clients_clientword', columns.table_name
  LOOP
    EXECUTE format('DELETE FROM %I WHERE practice_id = $1', target.table_name) USING demo;
  END LOOP;
  DELETE FROM practices_practice WHERE id = demo;
END $$
"""


class Migration(migrations.Migration):
    """Where a transaction says of which table it changed rows, and what says it; the triggers come later (ignition)."""

    dependencies = [('practices', '0002_functions')]

    operations = [
        migrations.CreateModel(
            name='ChangeMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('of_table', models.CharField(max_length=63)),
                ('changed_in', models.BigIntegerField()),
                ('stamp', models.UUIDField()),
                ('practice', models.ForeignKey(
                    db_constraint=False, db_index=False, default=practices.tenancy.practice_of_new_rows, editable=False,
                    on_delete=PROTECT, related_name='+', to='practices.practice',
                )),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('practice', 'of_table', 'changed_in'), name='one_mark_for_a_transaction'),
                ],
            },
        ),
        # Once the triggers are there, processes of the version before that change anything write here too.
        migrations.RunSQL(
            f'GRANT SELECT, INSERT, UPDATE, DELETE ON practices_changemark TO {settings.APP_ROLE}',
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(REMOVE_DEMO, migrations.RunSQL.noop),
    ]

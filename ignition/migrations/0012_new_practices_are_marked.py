from django.db import migrations

#: Answers from a table in which nothing has happened yet can be kept too. It is done as the owner, because nobody acts
#: for a practice that is only being made.
FUNCTION = """
CREATE FUNCTION ignition_mark_new_practice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$ BEGIN
  INSERT INTO practices_changemark (practice_id, of_table, changed_in, stamp)
  SELECT NEW.id, marked.relname, pg_current_xact_id()::text::bigint, gen_random_uuid()
    FROM pg_trigger JOIN pg_class AS marked ON marked.oid = pg_trigger.tgrelid
   WHERE pg_trigger.tgname = 'marked_insert'
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""
TRIGGER = """SET LOCAL lock_timeout = '3s';
CREATE TRIGGER new_practice_is_marked AFTER INSERT ON practices_practice
  FOR EACH ROW EXECUTE FUNCTION ignition_mark_new_practice();
"""
#: For practices that were made since the tables are marked, and before this.
MARK = """
INSERT INTO practices_changemark (practice_id, of_table, changed_in, stamp)
SELECT practice.id, marked.relname, pg_current_xact_id()::text::bigint, gen_random_uuid()
  FROM practices_practice AS practice
  CROSS JOIN pg_trigger JOIN pg_class AS marked ON marked.oid = pg_trigger.tgrelid
 WHERE pg_trigger.tgname = 'marked_insert'
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    """A new practice has a mark of each table that is marked."""

    dependencies = [('ignition', '0011_changes_are_marked')]

    operations = [
        migrations.RunSQL(FUNCTION, 'DROP FUNCTION ignition_mark_new_practice'),
        migrations.RunSQL(TRIGGER, 'DROP TRIGGER new_practice_is_marked ON practices_practice'),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]

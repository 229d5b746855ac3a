from django.db import migrations

CREATE = """
CREATE FUNCTION mail_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM practices_outgoingemail WHERE status = 'queued' AND not_before <= now() $$
"""


class Migration(migrations.Migration):
    """Which practices have messages waiting: ids only, across row level security."""

    dependencies = [("practices", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION mail_practices_due()")]

from django.db import migrations

CREATE = """
CREATE FUNCTION job_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM practices_job WHERE status IN ('queued', 'running') $$
"""


class Migration(migrations.Migration):
    """Which practices have jobs to do: ids only, across row level security."""

    dependencies = [("practices", "0003_jobs")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION job_practices_due()")]

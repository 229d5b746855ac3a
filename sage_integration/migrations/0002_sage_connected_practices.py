from django.db import migrations

CREATE = """
CREATE FUNCTION sage_connected_practices() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM sage_integration_sageconnection WHERE status = 'enabled' $$
"""


class Migration(migrations.Migration):
    """Which practices have a working connection: ids only, across row level security."""

    dependencies = [("sage_integration", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION sage_connected_practices()")]

from django.db import migrations

CREATE = """
CREATE FUNCTION sage_practices_to_poll() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT practice_id FROM sage_integration_sageconnection
    WHERE status = 'enabled' AND pulls_payments AND poll_after <= now() $$
"""


class Migration(migrations.Migration):
    """Which practices' Sage is to be read now: ids only, across row level security."""

    dependencies = [("sage_integration", "0007_pace_of_polling")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION sage_practices_to_poll()")]

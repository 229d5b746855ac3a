from django.db import migrations

CREATE = """
CREATE FUNCTION arrival_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT practice_id FROM ignition_practicearrival WHERE status = 'waiting' $$
"""


class Migration(migrations.Migration):
    """Which practices wait to be taken in: ids only, across row level security."""

    dependencies = [("ignition", "0006_arrivals")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION arrival_practices_due()")]

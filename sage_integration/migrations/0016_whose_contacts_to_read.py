from django.db import migrations

CREATE = """
CREATE FUNCTION sage_practices_to_read_contacts() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT connection.practice_id FROM sage_integration_sageconnection AS connection
    WHERE connection.status IN ('connected', 'enabled') AND (
        coalesce(connection.last_news_at, connection.connected_at) > now() - interval '2 hours'
        OR EXISTS (SELECT 1 FROM practices_membership AS member JOIN practices_user AS person ON person.id = member.user_id
            WHERE member.practice_id = connection.practice_id AND person.last_login > now() - interval '12 hours')
        OR NOT EXISTS (SELECT 1 FROM sage_integration_syncrun AS run
            WHERE run.practice_id = connection.practice_id AND run.kind = 'contacts'
                AND run.started_at > now() - interval '2 hours')) $$
"""


class Migration(migrations.Migration):
    """Whose contacts are to be read now: all the time where somebody works, else after a pause. Ids only."""

    dependencies = [("sage_integration", "0015_outstanding_compared")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION sage_practices_to_read_contacts()")]

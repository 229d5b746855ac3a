from django.db import migrations

CREATE = """
CREATE OR REPLACE FUNCTION sage_practices_to_read_contacts() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT connection.practice_id FROM sage_integration_sageconnection AS connection
    WHERE connection.status IN ('connected', 'enabled') AND (
        coalesce(connection.last_news_at, connection.connected_at) > now() - interval '2 hours'
        OR NOT EXISTS (SELECT 1 FROM sage_integration_syncrun AS run
            WHERE run.practice_id = connection.practice_id AND run.kind = 'contacts'
                AND run.started_at > now() - interval '2 hours')) $$
"""
BEFORE = """
CREATE OR REPLACE FUNCTION sage_practices_to_read_contacts() RETURNS SETOF bigint
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
    """Somebody signed in is no reason to read contacts: they are read when somebody looks at them. Ids only."""

    dependencies = [("sage_integration", "0016_whose_contacts_to_read")]
    operations = [migrations.RunSQL(CREATE, BEFORE)]

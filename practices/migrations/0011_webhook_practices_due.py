from django.db import migrations

CREATE = """
CREATE FUNCTION webhook_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT delivery.practice_id
    FROM practices_webhookdelivery delivery
    JOIN practices_webhookendpoint endpoint
        ON endpoint.practice_id = delivery.practice_id AND endpoint.id = delivery.endpoint_id
    WHERE delivery.status = 'pending' AND delivery.not_before <= now()
        AND endpoint.removed_at IS NULL AND (endpoint.paused_until IS NULL OR endpoint.paused_until <= now()) $$
"""


class Migration(migrations.Migration):
    """Which practices have messages to their own programs waiting: ids only, across row level security."""

    dependencies = [("practices", "0010_webhooks")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION webhook_practices_due()")]

"""Webhook endpoints and what was sent to them, for programs: read only, and never a secret."""

from rest_framework import serializers

from practices.rest.filters import Filter
from practices.rest.views import ReadOnlyResource
from practices.webhook_models import WebhookDelivery, WebhookEndpoint

AnId = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class WebhookSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """An address that is told of events; its secret was shown once, to the person who added it."""

    events: serializers.Field = serializers.ListField(  # type: ignore[type-arg]
        child=serializers.ChoiceField(WebhookEndpoint.Event.choices), read_only=True
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["id", "url", "events", "created_at", "removed_at", "strikes", "paused_until"]


class Webhooks(ReadOnlyResource):
    """Where events are told. They are added on the practice's settings page, where the secret is shown."""

    scope = "webhooks"
    serializer_class = WebhookSerializer
    queryset = WebhookEndpoint.objects.order_by("-id").defer("secret")


class DeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    """One message to one endpoint."""

    class Meta:
        model = WebhookDelivery
        fields = [
            *("id", "endpoint", "message_id", "event", "status", "attempts", "created_at", "finished_at"),
            *("answer_status", "failure"),
        ]


class Deliveries(ReadOnlyResource):
    """What was told, to which endpoint, and how it answered."""

    scope = "webhooks"
    serializer_class = DeliverySerializer
    queryset = WebhookDelivery.objects.order_by("-id")
    filters = {
        "endpoint": Filter("endpoint_id", AnId),
        "status": Filter("status", serializers.ChoiceField(WebhookDelivery.Status.choices)),
    }

"""Webhook endpoints and what was sent to them, for programs. A secret is shown once, to whoever adds the endpoint."""

import json
from typing import Any

from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practices.rest.filters import Filter
from practices.rest.views import ReadOnlyResource
from practices.webhook_models import WebhookDelivery, WebhookEndpoint
from practices.webhooks import UnusableAddress, add_endpoint, look_up, remove_endpoint, replay

AnId = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class WebhookSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """An address that is told of events; its secret was shown once, to the person who added it."""

    events: serializers.Field = serializers.ListField(  # type: ignore[type-arg]
        child=serializers.ChoiceField(WebhookEndpoint.Event.choices), read_only=True
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["id", "url", "events", "created_at", "removed_at", "strikes", "paused_until"]


class NewWebhookSerializer(WebhookSerializer):
    """An address to tell of events; the secret is in this answer and nowhere else."""

    url = serializers.URLField(max_length=500)
    events = serializers.MultipleChoiceField(choices=WebhookEndpoint.Event.choices, allow_empty=False)
    secret: serializers.Field = serializers.CharField(read_only=True)  # type: ignore[type-arg]

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = ["created_at", "removed_at", "strikes", "paused_until"]


class Webhooks(ReadOnlyResource):
    """Where events are told."""

    scope = "webhooks"
    serializer_class = WebhookSerializer
    queryset = WebhookEndpoint.objects.order_by("-id").defer("secret")

    @staticmethod
    def look_ahead(request: HttpRequest) -> UnusableAddress | None:
        """Why the address that a request would add is never called, as far as its name can be looked up now."""
        try:
            asked = json.loads(request.body)
            look_up(str(asked["url"]))
        except UnusableAddress as refusal:
            return refusal
        except (ValueError, LookupError, TypeError, RecursionError):
            pass  # The view says what is wrong with it.
        return None

    @extend_schema(request=NewWebhookSerializer, responses={201: NewWebhookSerializer})
    def create(self, request: Request) -> Response:
        """Add an endpoint. Its secret, which signs every message, is told this once."""
        serializer: Any = NewWebhookSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        if (refusal := getattr(request, "looked_ahead", None)) is not None:
            raise refusal
        endpoint, secret = add_endpoint(asked["url"], sorted(asked["events"]), by=None)
        return Response(WebhookSerializer(endpoint).data | {"secret": secret}, status=201)

    def destroy(self, request: Request, pk: str | None = None) -> Response:
        """Tell the endpoint nothing any more; what it was told stays listed."""
        remove_endpoint(self.get_object())
        return Response(status=204)


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

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str | None = None) -> Response:
        """Send the message once more, under the same id, while its endpoint is there."""
        return self.answer(replay(self.get_object()))

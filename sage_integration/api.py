"""The connection to Sage, for programs: read only, and never a token."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from practices.rest.views import the_only_one
from sage_integration.models import SageConnection


class ConnectionSerializer(serializers.Serializer[SageConnection]):
    """How the practice's connection to Sage does."""

    status = serializers.CharField(help_text="not_connected, connected, enabled, needs_reauthorisation, …")
    business_id = serializers.CharField(allow_blank=True)
    business_name = serializers.CharField(allow_blank=True)


class ConnectionView(APIView):
    """The connection to Sage."""

    scope = "sage"

    @extend_schema(operation_id="connection_retrieve", responses=ConnectionSerializer)
    def get(self, request: Request) -> Response:
        """Its state; `not_connected` where there is none."""
        connection = SageConnection.objects.order_by("-id").first()
        data = {
            "status": connection.status if connection else "not_connected",
            "business_id": connection.business_id if connection else "",
            "business_name": connection.business_name if connection else "",
        }
        return the_only_one(request, data)

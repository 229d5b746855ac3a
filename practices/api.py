"""The practice itself, for programs."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from practices.models import Practice
from practices.rest.filters import refuse_unknown
from practices.rest.middleware import etag_of


class PracticeSerializer(serializers.ModelSerializer[Practice]):
    """A practice's particulars."""

    class Meta:
        model = Practice
        fields = ["id", "name", "slug", "country", "currency", "vat_number", "invoice_day", "time_zone"]


class PracticeView(APIView):
    """The practice the key belongs to."""

    scope = "practice"

    @extend_schema(operation_id="practice_retrieve", responses=PracticeSerializer)
    def get(self, request: Request) -> Response:
        """Its particulars."""
        refuse_unknown(request, {"fields"})
        data = PracticeSerializer(request._request.api_key.practice).data  # type: ignore[attr-defined]  # noqa: SLF001 - DRF's wrapper
        return Response(data, headers={"ETag": etag_of(data)})

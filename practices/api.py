"""The practice itself, for programs."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from practices.models import Practice
from practices.rest.views import the_only_one


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
        practice = request._request.api_key.practice  # type: ignore[attr-defined]  # noqa: SLF001 - DRF's wrapper
        return the_only_one(request, PracticeSerializer(practice).data)

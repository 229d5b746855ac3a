"""The outbox to the ledger, for programs."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.models import Posting
from ledger.outbox import release_posting, retry_posting
from practices.rest.filters import Filter
from practices.rest.views import ReadOnlyResource


class PostingSerializer(serializers.ModelSerializer[Posting]):
    """One document on its way to the ledger, and how far it got."""

    class Meta:
        model = Posting
        fields = [
            "id",
            "kind",
            "subject_id",
            "copy",
            "reference",
            "status",
            "requested_at",
            "attempts",
            "failure",
            "external_id",
            "external_number",
        ]


class Postings(ReadOnlyResource):
    """Documents on their way to Sage."""

    scope = "sage"
    serializer_class = PostingSerializer
    queryset = Posting.objects.order_by("-id")
    filters = {
        "status": Filter("status", serializers.ChoiceField(Posting.Status.choices)),
        "kind": Filter("kind", serializers.ChoiceField(Posting.Kind.choices)),
    }

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str | None = None) -> Response:
        """Try a refused document again; safe to repeat, Sage never gets it twice."""
        return self.answer(retry_posting(self.get_object()))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str | None = None) -> Response:
        """Let a held document go."""
        return self.answer(release_posting(self.get_object()))

"""Proposals, for programs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client
from practices.rest.filters import Filter
from practices.rest.requests import today_of
from practices.rest.views import ReadOnlyResource
from proposals.models import EARLIEST, LATEST, Proposal, ProposalLine, ProposalTemplate
from proposals.operations import discard_draft, draft_proposal, recall_proposal, send_proposal
from proposals.operations.templates import apply_template


class ProposalLineSerializer(serializers.ModelSerializer[ProposalLine]):
    """One offered service at its price, and when it is billed."""

    class Meta:
        model = ProposalLine
        fields = [
            "id",
            "service",
            "name",
            "description",
            "quantity",
            "unit_price",
            "tax_rate",
            "billing",
            "every",
            "period",
        ]


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    """An offer to a client."""

    number = serializers.CharField(source="number_label", read_only=True)
    lines = ProposalLineSerializer(many=True, read_only=True)

    class Meta:
        model = Proposal
        fields = ["id", "number", "client", "title", "status", "starts_on", "valid_until", "lines"]


class NewProposal(serializers.Serializer[Any]):
    """Whom it is for, from when and until when it is valid; services come from a template of the practice."""

    client = serializers.PrimaryKeyRelatedField(queryset=Client.objects.current())
    title = serializers.CharField(max_length=120)
    starts_on = serializers.DateField()
    valid_until = serializers.DateField()
    template = serializers.PrimaryKeyRelatedField(queryset=ProposalTemplate.objects.all(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Dates of this century only."""
        for name in ("starts_on", "valid_until"):
            if not EARLIEST <= attrs[name] <= LATEST:
                raise serializers.ValidationError({name: ["Give a date of this century."]})
        return attrs


class Proposals(ReadOnlyResource):
    """The practice's proposals."""

    scope = "proposals"
    serializer_class = ProposalSerializer
    queryset = Proposal.objects.order_by("-id").prefetch_related("lines")
    filters = {
        "status": Filter("status", serializers.ChoiceField(Proposal.Status.choices)),
        "client": Filter("client_id", serializers.IntegerField(min_value=1, max_value=2**63 - 1)),
    }

    @extend_schema(request=NewProposal, responses={201: ProposalSerializer})
    def create(self, request: Request) -> Response:
        """Draft a proposal; nobody sees it before it is sent."""
        serializer: Any = NewProposal(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = dict(serializer.validated_data)
        template = asked.pop("template", None)
        proposal = draft_proposal(Proposal(**asked))
        if template is not None:
            apply_template(proposal, template, on=today_of(request))
        return self.answer(self.get_queryset().get(pk=proposal.pk), status=201)

    def destroy(self, request: Request, pk: str | None = None) -> Response:
        """Delete a draft that was never sent."""
        discard_draft(self.get_object())
        return Response(status=204)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str | None = None) -> Response:
        """Freeze it and send everybody who signs a link of their own."""
        return self.answer(send_proposal(self.get_object(), on=today_of(request)))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def recall(self, request: Request, pk: str | None = None) -> Response:
        """Make it a draft again while nobody has signed; its links die."""
        return self.answer(recall_proposal(self.get_object()))

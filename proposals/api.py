"""Proposals, for programs."""

from rest_framework import serializers

from practices.rest.filters import Filter
from practices.rest.views import ReadOnlyResource
from proposals.models import Proposal, ProposalLine


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


class Proposals(ReadOnlyResource):
    """The practice's proposals."""

    scope = "proposals"
    serializer_class = ProposalSerializer
    queryset = Proposal.objects.order_by("-id").prefetch_related("lines")
    filters = {
        "status": Filter("status", serializers.ChoiceField(Proposal.Status.choices)),
        "client": Filter("client_id", serializers.IntegerField(min_value=1, max_value=2**63 - 1)),
    }

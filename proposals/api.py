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
from proposals.lines_api import NewProposalLines, ProposalLineSerializer, check_lines_say_all, lines_from
from proposals.models import EARLIEST, LATEST, Proposal, ProposalTemplate
from proposals.operations import amend_draft, discard_draft, draft_proposal, recall_proposal, send_proposal
from proposals.operations.editing import MOST_LINES
from proposals.operations.locks import locked_editable
from proposals.operations.templates import apply_template


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    """An offer to a client."""

    number = serializers.CharField(source="number_label", read_only=True)
    lines = ProposalLineSerializer(many=True, read_only=True)

    class Meta:
        model = Proposal
        fields = [
            "id",
            "number",
            "client",
            "title",
            "status",
            "starts_on",
            "valid_until",
            "minimum_months",
            "lines",
        ]


class _Particulars(serializers.Serializer[Any]):
    """Whom a proposal is for, from when and until when, and its services."""

    client = serializers.PrimaryKeyRelatedField(queryset=Client.objects.current())
    title = serializers.CharField(max_length=120)
    starts_on = serializers.DateField()
    valid_until = serializers.DateField()
    minimum_months = serializers.IntegerField(min_value=1, max_value=120, required=False, allow_null=True)
    lines: Any = NewProposalLines(max_length=MOST_LINES, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Dates of this century only."""
        for name in ("starts_on", "valid_until"):
            if name in attrs and not EARLIEST <= attrs[name] <= LATEST:
                raise serializers.ValidationError({name: ["Give a date of this century."]})
        return attrs


class NewProposal(_Particulars):
    """A new draft; its services are given here, or come from a template of the practice."""

    template = serializers.PrimaryKeyRelatedField(queryset=ProposalTemplate.objects.all(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Services from one place."""
        if "template" in attrs and attrs.get("lines"):
            raise serializers.ValidationError({"lines": ["Give services or a template, not both."]})
        return super().validate(attrs)


class ChangedProposal(_Particulars):
    """What changes of a draft; `lines` are all its services from now on, and left out they stay."""

    client = serializers.PrimaryKeyRelatedField(queryset=Client.objects.current(), required=False)
    title = serializers.CharField(max_length=120, required=False)
    starts_on = serializers.DateField(required=False)
    valid_until = serializers.DateField(required=False)


class Proposals(ReadOnlyResource):
    """The practice's proposals."""

    scope = "proposals"
    serializer_class = ProposalSerializer
    queryset = Proposal.objects.order_by("-id").prefetch_related("lines__group")
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
        template, lines = asked.pop("template", None), asked.pop("lines", [])
        proposal = draft_proposal(Proposal(**asked), lines_from(lines, today_of(request)))
        if template is not None:
            apply_template(proposal, template, on=today_of(request))
        return self.answer(self.get_queryset().get(pk=proposal.pk), status=201)

    @extend_schema(request=ChangedProposal)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change a draft. `If-Match` refuses to change what changed meanwhile."""
        proposal = locked_editable(self.get_object())
        self.check_if_match(proposal)
        serializer: Any = ChangedProposal(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = dict(serializer.validated_data)
        lines = asked.pop("lines", None)
        if lines is not None:
            check_lines_say_all(proposal)
        for name, value in asked.items():
            setattr(proposal, name, value)
        amend_draft(proposal, None if lines is None else lines_from(lines, today_of(request)))
        return self.answer(self.get_queryset().get(pk=proposal.pk))

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

"""Clients and their contact persons, for programs."""

from typing import Any

from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.forms import ClientForm
from clients.models import Client, ContactPerson
from clients.operations import add_client, amend_client, archive_client, restore_client
from practices.rest.filters import Filter
from practices.rest.forms import with_input
from practices.rest.views import ReadOnlyResource


class PersonSerializer(serializers.ModelSerializer[ContactPerson]):
    """A human at the client."""

    class Meta:
        model = ContactPerson
        fields = ["id", "name", "email", "phone", "is_signatory"]


class ClientSerializer(serializers.ModelSerializer[Client]):
    """Whom the practice works for."""

    people = PersonSerializer(many=True, read_only=True)

    class Meta:
        model = Client
        fields = [
            "id",
            "name",
            "kind",
            "status",
            "company_number",
            "vat_number",
            "phone",
            "address_line_1",
            "address_line_2",
            "city",
            "region",
            "postal_code",
            "country",
            "posts_automatically",
            "people",
        ]
        read_only_fields = ["status", "posts_automatically"]


class Clients(ReadOnlyResource):
    """The practice's clients."""

    scope = "clients"
    serializer_class = ClientSerializer
    queryset = Client.objects.order_by("-id").prefetch_related(
        models.Prefetch("people", ContactPerson.objects.filter(has_left=False))
    )
    filters = {
        "status": Filter("status", serializers.ChoiceField(Client.Status.choices)),
        "kind": Filter("kind", serializers.ChoiceField(Client.Kind.choices)),
        "name": Filter("name__icontains", help="A part of the name."),
        "vat_number": Filter("vat_number"),
    }

    def create(self, request: Request) -> Response:
        """Add a client, a lead at first."""
        return self.answer(add_client(self._with_input(request, Client())), status=201)

    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change some particulars; the rest stay. `If-Match` refuses to change what changed meanwhile."""
        client = self.get_locked_object()
        self.check_if_match(client)
        return self.answer(amend_client(self._with_input(request, client)))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str | None = None) -> Response:
        """Put the client out of the way; nothing of its history is lost."""
        return self.answer(archive_client(self.get_object()))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str | None = None) -> Response:
        """Take an archived client back."""
        return self.answer(restore_client(self.get_object()))

    def _with_input(self, request: Request, client: Client) -> Client:
        serializer: Any = ClientSerializer(client, data=request.data, partial=bool(client.pk))
        serializer.is_valid(raise_exception=True)
        changed: Client = with_input(ClientForm, serializer.validated_data, client)
        return changed

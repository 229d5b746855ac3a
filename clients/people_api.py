"""The humans at clients, for programs."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clients.forms import PersonForm
from clients.models import Client, ContactPerson
from clients.operations.people import add_person, amend_person, remove_person
from clients.operations.records import locked
from practices.rest.filters import Filter
from practices.rest.forms import with_input
from practices.rest.views import ReadOnlyResource


class ContactSerializer(serializers.ModelSerializer[ContactPerson]):
    """A human at a client."""

    client = serializers.PrimaryKeyRelatedField(queryset=Client.objects.current())

    class Meta:
        model = ContactPerson
        fields = [
            *("id", "client", "name", "email", "phone", "is_signatory", "is_primary", "receives_invoices")
        ]


class Contacts(ReadOnlyResource):
    """The humans at clients; whoever has left is not among them."""

    scope = "clients"
    serializer_class = ContactSerializer
    queryset = ContactPerson.objects.filter(has_left=False).order_by("-id")
    filters = {
        "client": Filter("client_id", serializers.IntegerField(min_value=1, max_value=2**63 - 1)),
        "email": Filter("email_key", serializers.CharField(max_length=100)),
    }

    def create(self, request: Request) -> Response:
        """Add a person to a client."""
        return self.answer(add_person(self._with_input(request, ContactPerson())), status=201)

    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change some particulars; the client stays. `If-Match` refuses to change what changed meanwhile."""
        locked(self.get_object().client)
        person = self.get_object()
        self.check_if_match(person)
        return self.answer(amend_person(self._with_input(request, person)))

    def destroy(self, request: Request, pk: str | None = None) -> Response:
        """The person has left; what they signed stays."""
        remove_person(self.get_object())
        return Response(status=204)

    def _with_input(self, request: Request, person: ContactPerson) -> ContactPerson:
        serializer: Any = ContactSerializer(person, data=request.data, partial=bool(person.pk))
        serializer.is_valid(raise_exception=True)
        asked = dict(serializer.validated_data)
        client = asked.pop("client", None)
        changed: ContactPerson = with_input(PersonForm, asked, person)
        if client is not None and not changed.pk:
            changed.client = client
        return changed

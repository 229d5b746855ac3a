"""The humans at clients, for programs: read only; a client is changed with its people on its page."""

from rest_framework import serializers

from clients.models import ContactPerson
from practices.rest.filters import Filter
from practices.rest.views import ReadOnlyResource


class ContactSerializer(serializers.ModelSerializer[ContactPerson]):
    """A human at a client."""

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

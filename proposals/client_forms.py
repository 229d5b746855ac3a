"""A client added in the middle of a proposal: what a draft needs, the rest can follow on the client's page."""

from typing import Any

from django import forms

from clients.models import Client, ContactPerson
from clients.operations.records import add_client
from clients.queries import likely_matches
from ledger.outbox import ledger_settings


class NewClientForm(forms.Form):
    """A client's name and who signs for it; a likely double is shown before anything is added."""

    new_client = forms.CharField(label="Name of the client", max_length=100)
    new_person = forms.CharField(label="Who signs", max_length=100)
    new_email = forms.EmailField(label="Their e-mail address", max_length=254)
    #: Set by the second press, once the likely matches were shown.
    new_is_another = forms.BooleanField(label="This is another client, add it all the same", required=False)
    #: They stand in the editor's own form, where nothing of them is required.
    use_required_attribute = False

    @property
    def matches(self) -> list[Client]:
        """Clients that this may be already, unless it was said to be another."""
        if not self.is_bound or not self.is_valid() or self.cleaned_data["new_is_another"]:
            return []
        return likely_matches(self.cleaned_data["new_client"], self.cleaned_data["new_email"])

    def add(self) -> Client:
        """The client, on the books as a lead, with its signatory."""
        entered: dict[str, Any] = self.cleaned_data
        person = ContactPerson(
            name=entered["new_person"], email=entered["new_email"], is_signatory=True, is_primary=True
        )
        blank = Client(name=entered["new_client"], posts_automatically=ledger_settings().posts_new_clients)
        return add_client(blank, [person])

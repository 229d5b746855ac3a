"""Adding, changing and archiving clients."""

from collections.abc import Sequence

from clients.errors import CannotActivate
from clients.models import Client, ContactPerson
from practices import audit

PARTICULARS = [
    "name",
    "kind",
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
]


def add_client(client: Client, people: Sequence[ContactPerson] = ()) -> Client:
    """The client, now on the books as a lead, with its contact persons."""
    client.save()
    _replace_people(client, people)
    audit.record("client.added", client, name=client.name)
    return client


def amend_client(client: Client, people: Sequence[ContactPerson] | None = None) -> Client:
    """The client with changed particulars; ``people``, where given, are all of its contact persons now."""
    before = Client.objects.select_for_update().get(pk=client.pk)
    changes = {
        n: [getattr(before, n), getattr(client, n)]
        for n in PARTICULARS
        if getattr(before, n) != getattr(client, n)
    }
    client.save(update_fields=PARTICULARS)
    if people is not None:
        _replace_people(client, people)
    audit.record("client.amended", client, changes=changes)
    return client


def _replace_people(client: Client, people: Sequence[ContactPerson]) -> None:
    """Save these contact persons; the others have left and cannot sign any more."""
    staying = [person.pk for person in people if person.pk]
    client.people.exclude(pk__in=staying).update(has_left=True, is_signatory=False)
    for person in people:
        person.client = client
        person.save()


def activate_client(client: Client) -> Client:
    """The client as one that is worked for; raises `CannotActivate` for an archived one."""
    client = _locked(client)
    if client.status == Client.Status.ARCHIVED:
        raise CannotActivate(client)
    return _set_status(client, Client.Status.ACTIVE, "client.activated")


def switch_posting(client: Client, *, on: bool) -> Client:
    """The client with its invoices created in Sage by themselves, or kept until somebody copies them (F18)."""
    client = _locked(client)
    if client.posts_automatically != on:
        client.posts_automatically = on
        client.save(update_fields=["posts_automatically"])
        audit.record("client.posting_switched", client, on=on)
    return client


def archive_client(client: Client) -> Client:
    """The client out of the way; nothing of its history is lost."""
    return _set_status(_locked(client), Client.Status.ARCHIVED, "client.archived")


def restore_client(client: Client) -> Client:
    """An archived client back among the inactive ones."""
    client = _locked(client)
    if client.status != Client.Status.ARCHIVED:
        return client
    return _set_status(client, Client.Status.INACTIVE, "client.restored")


def _locked(client: Client) -> Client:
    locked: Client = Client.objects.select_for_update().get(pk=client.pk)
    return locked


def _set_status(client: Client, status: str, action: str) -> Client:
    if client.status != status:
        before, client.status = client.status, status
        client.save(update_fields=["status"])
        audit.record(action, client, before=before)
    return client

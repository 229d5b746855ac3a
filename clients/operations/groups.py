"""Groups of clients, and who in them pays for whom (G49, U12)."""

from collections.abc import Sequence

from clients.errors import GroupNameTaken, PayerIsElsewhere, PayerIsPaidFor, PayerPaysForOthers
from clients.models import Client, ClientGroup
from clients.operations.records import locked
from practices import audit


def add_group(name: str, members: Sequence[Client] = ()) -> ClientGroup:
    """A new group of these clients; raises `GroupNameTaken`."""
    group = ClientGroup(name=_free_name(name, None))
    group.save()
    audit.record("client_group.added", group, name=group.name)
    for client in members:
        put_in_group(client, group)
    return group


def rename_group(group: ClientGroup, name: str) -> ClientGroup:
    """The group under another name; raises `GroupNameTaken`."""
    group = ClientGroup.objects.select_for_update().get(pk=group.pk)
    before, group.name = group.name, _free_name(name, group.pk)
    if before != group.name:
        group.save(update_fields=["name"])
        audit.record("client_group.renamed", group, name=group.name, before=before)
    return group


def remove_group(group: ClientGroup) -> None:
    """Dissolve the group; its clients stay, and each pays for itself again."""
    for client in group.members.order_by("pk"):
        put_in_group(client, None)
    audit.record("client_group.removed", group, name=group.name)
    group.delete()


def put_in_group(client: Client, group: ClientGroup | None) -> Client:
    """The client in this group, or in none. Who paid for it or was paid for by it in the old group does so no more."""
    client = locked(client)
    if client.group_id == (group.pk if group else None):
        return client
    before = client.group
    for other in Client.objects.filter(billed_to=client).order_by("pk"):
        bill_to(other, None)
    client.group, client.billed_to = group, None
    client.save(update_fields=["group", "billed_to"])
    audit.record(
        "client.grouped",
        client,
        name=client.name,
        changes={"group": [str(before or ""), str(group or "")]},
    )
    return client


def bill_to(client: Client, payer: Client | None) -> Client:
    """The client with its invoices made out to this payer of its group from now on; None: to itself.

    Issued invoices stay with whom they were made out to. Raises `PayerIsElsewhere`, `PayerIsPaidFor` or
    `PayerPaysForOthers`, so that paying never goes in a chain.
    """
    client = locked(client)
    if payer is not None and payer.pk == client.pk:
        payer = None
    if client.billed_to_id == (payer.pk if payer else None):
        return client
    if payer is not None:
        _check_payer(client, locked(payer))
    before, client.billed_to = client.billed_to, payer
    client.save(update_fields=["billed_to"])
    audit.record(
        "client.billed_to",
        client,
        name=client.name,
        changes={"billed_to": [str(before or client), str(payer or client)]},
    )
    return client


def _check_payer(client: Client, payer: Client) -> None:
    if client.group_id is None or payer.group_id != client.group_id:
        raise PayerIsElsewhere(payer)
    if payer.billed_to_id is not None or payer.status == Client.Status.ARCHIVED:
        raise PayerIsPaidFor(payer)
    if Client.objects.filter(billed_to=client).exists():
        raise PayerPaysForOthers(client)


def _free_name(name: str, own: int | None) -> str:
    name = " ".join(name.split())
    namesakes = ClientGroup.objects.filter(name__iexact=name)
    if any(group.pk != own for group in namesakes):
        raise GroupNameTaken(name)
    return name

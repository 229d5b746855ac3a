"""Two clients that are one: everything of the one moves to the other, undoable for a day."""

from datetime import datetime
from typing import Any

from clients.errors import CannotBeUndone, CannotMerge
from clients.models import (
    Attachment,
    Client,
    ClientMerge,
    ClientTag,
    ContactPerson,
    Note,
    TwinPair,
)
from clients.moving import ids_of, move_back, move_rows
from clients.signals import clients_merged, merge_undone
from practices import audit

#: Particulars that the survivor takes over where it has none.
TAKEN_OVER = [
    "company_number",
    "vat_number",
    "utr",
    "phone",
    "manager_id",
    "partner_id",
]
#: An address is taken over whole or not at all.
ADDRESS = ["address_line_1", "address_line_2", "city", "region", "postal_code"]
Status = Client.Status


def merge_clients(survivor: Client, merged: Client, *, now: datetime) -> ClientMerge:
    """The merge: rows of ``merged`` belong to ``survivor``, and ``merged`` is archived. Raises `CannotMerge`.

    Issued invoices keep what is printed on them; in Sage they stay with the contact they were posted to.
    """
    survivor, merged = _locked_pair(survivor, merged)
    _check(survivor, merged)
    merge = ClientMerge(
        survivor=survivor,
        merged=merged,
        survivor_status=survivor.status,
        merged_status=merged.status,
        merged_by=audit.current_actor(),
        merged_at=now,
    )
    merge.moved = _move(survivor, merged)
    merge.filled = _fill(survivor, merged)
    if Status.ACTIVE in (survivor.status, merged.status):
        survivor.status = Status.ACTIVE
    elif merged.status == Status.INACTIVE and survivor.status == Status.LEAD:
        survivor.status = Status.INACTIVE
    survivor.save(update_fields=["status", *{name.removesuffix("_id") for name in merge.filled}])
    merged.status, merged.merged_into = Status.ARCHIVED, survivor
    merged.save(update_fields=["status", "merged_into"])
    merge.save()
    counts = {kind: len(ids) for kind, ids in merge.moved.items() if ids}
    audit.record("client.merged", survivor, name=survivor.name, merged=merged.name, moved=counts)
    audit.record("client.merged_away", merged, name=merged.name, into=survivor.name, moved=counts)
    return merge


def _locked_pair(one: Client, other: Client) -> tuple[Client, Client]:
    """Both as they are now, locked in one order so that two merges cannot block each other."""
    found = {
        client.pk: client
        for client in Client.objects.filter(pk__in=[one.pk, other.pk])
        .select_for_update(of=["self"])
        .select_related("practice")
        .order_by("pk")
    }
    return found[one.pk], found[other.pk]


def _check(survivor: Client, merged: Client) -> None:
    if survivor.pk == merged.pk:
        raise CannotMerge(message="A client cannot be merged with itself. Choose another.")
    for client in (survivor, merged):
        if client.merged_into_id:
            raise CannotMerge(message=f"{client.name} was merged already. Nothing was changed.")
    if survivor.status == Status.ARCHIVED:
        raise CannotMerge(
            message=f"{survivor.name} is archived. Restore it first, or merge the other way round."
        )
    if Client.objects.filter(billed_to=merged).exists():
        raise CannotMerge(message=f"{merged.name} pays for others. Choose another payer for them first.")


def _move(survivor: Client, merged: Client) -> dict[str, list[int]]:
    """What moved, ours and the apps' above."""
    people = ContactPerson.objects.filter(client=merged)
    primary = list(people.filter(is_primary=True).values_list("pk", flat=True))
    people.filter(is_primary=True).update(is_primary=False)
    have = set(ClientTag.objects.filter(client=survivor).values_list("tag_id", flat=True))
    moved = {
        ContactPerson._meta.label_lower: move_rows(people, survivor),
        "primary": primary,
        Note._meta.label_lower: move_rows(Note.objects.filter(client=merged), survivor),
        Attachment._meta.label_lower: move_rows(Attachment.objects.filter(client=merged), survivor),
        ClientTag._meta.label_lower: move_rows(
            ClientTag.objects.filter(client=merged).exclude(tag__in=have), survivor
        ),
    }
    if not ContactPerson.objects.filter(client=survivor, is_primary=True).exists():
        ContactPerson.objects.filter(pk__in=primary).update(is_primary=True)
    for _, theirs in clients_merged.send(Client, survivor=survivor, merged=merged):
        moved.update(theirs or {})  # type: ignore[arg-type]  # a receiver returns what it moved
    return moved


def _fill(survivor: Client, merged: Client) -> dict[str, list[Any]]:
    """What the survivor did not know and takes over."""
    wanted = [name for name in TAKEN_OVER if not getattr(survivor, name)]
    if not any(getattr(survivor, name) for name in ADDRESS):
        wanted += ADDRESS
    filled = {}
    for name in wanted:
        if value := getattr(merged, name):
            filled[name] = [getattr(survivor, name), value]
            setattr(survivor, name, value)
    return filled


def undo_merge(merge: ClientMerge, *, now: datetime) -> Client:
    """The client that had been merged, with what was its own; raises `CannotBeUndone` after a day."""
    merge = ClientMerge.objects.select_for_update().get(pk=merge.pk)
    if not merge.can_be_undone(now):
        raise CannotBeUndone(merge)
    survivor, merged = _locked_pair(merge.survivor, merge.merged)
    merged.status, merged.merged_into = merge.merged_status, None
    merged.save(update_fields=["status", "merged_into"])
    _move_back(merge, survivor, merged)
    kept = [name for name, (_, after) in merge.filled.items() if getattr(survivor, name) == after]
    for name in kept:
        setattr(survivor, name, merge.filled[name][0])
    survivor.status = merge.survivor_status
    survivor.save(update_fields=["status", *{name.removesuffix("_id") for name in kept}])
    merge.undone_at = now
    merge.save(update_fields=["undone_at"])
    audit.record("client.merge_undone", survivor, name=survivor.name, merged=merged.name)
    audit.record("client.merge_undone", merged, name=merged.name, survivor=survivor.name)
    return merged


def _move_back(merge: ClientMerge, survivor: Client, merged: Client) -> None:
    primary = merge.moved.get("primary", [])
    people = ids_of(merge.moved, ContactPerson)
    ContactPerson.objects.filter(pk__in=people, client=survivor).update(is_primary=False)
    for model in (ContactPerson, Note, Attachment, ClientTag):
        move_back(model, ids_of(merge.moved, model), survivor=survivor, to=merged)
    ContactPerson.objects.filter(pk__in=primary, client=merged, is_signatory=True).update(is_primary=True)
    merge_undone.send(Client, survivor=survivor, merged=merged, moved=merge.moved)


def dismiss_twins(pair: TwinPair, *, now: datetime) -> TwinPair:
    """The pair as two for good; the finder does not show it again."""
    pair.dismissed_at = now
    pair.save(update_fields=["dismissed_at"])
    audit.record("client.twins_dismissed", pair.first, name=pair.first.name, other=pair.second.name)
    return pair

"""What happens here when another app says that something happened there."""

from typing import Any

from django.db import transaction

from clients.models import Client
from clients.moving import ids_of, move_back, move_rows
from clients.signals import clients_merged, merge_undone
from ledger.signals import posting_due
from practices.tasks import wake
from practices.tenancy import acting_practice_id
from sage_integration.models import ContactLink
from sage_integration.tasks import push_due_postings


def connect() -> None:
    """Listen to the apps below."""
    clients_merged.connect(move_links, dispatch_uid="sage_integration.move_links")
    merge_undone.connect(move_links_back, dispatch_uid="sage_integration.move_links_back")
    posting_due.connect(_wake_a_worker, dispatch_uid="sage_integration.wake_a_worker")


def _wake_a_worker(**_: Any) -> None:
    practice_id = acting_practice_id()
    transaction.on_commit(lambda: wake(push_due_postings, practice_id))


def move_links(sender: Any, *, survivor: Client, merged: Client, **_: Any) -> dict[str, list[int]]:
    """The contact of the merged client stands for the one that stays, unless that has one: then both are kept."""
    taken = ContactLink.objects.filter(client=survivor).values_list("business_id", flat=True)
    links = ContactLink.objects.filter(client=merged).exclude(business_id__in=list(taken))
    return {ContactLink._meta.label_lower: move_rows(links, survivor)}


def move_links_back(
    sender: Any, *, survivor: Client, merged: Client, moved: dict[str, list[int]], **_: Any
) -> None:
    """The merge is taken back."""
    move_back(ContactLink, ids_of(moved, ContactLink), survivor=survivor, to=merged)

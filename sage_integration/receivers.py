"""What happens here when another app says that something happened there."""

from typing import Any

from django.db import transaction

from clients.models import Client
from clients.moving import ids_of, move_back, move_rows
from clients.signals import clients_merged, merge_undone
from ledger.signals import document_given_up, posting_due
from practices.tasks import wake
from practices.tenancy import acting_practice_id
from sage_integration.connections import current_connection
from sage_integration.models import ClientAccount, ContactLink
from sage_integration.sync.earlier import want_where_several_count
from sage_integration.tasks import push_due_postings

#: A client's contact and its own account, each once for a business.
OF_A_CLIENT: tuple[Any, ...] = (ContactLink, ClientAccount)


def connect() -> None:
    """Listen to the apps below."""
    clients_merged.connect(move_links, dispatch_uid="sage_integration.move_links")
    merge_undone.connect(move_links_back, dispatch_uid="sage_integration.move_links_back")
    document_given_up.connect(look_at_earlier_copies, dispatch_uid="sage_integration.look_at_earlier_copies")
    posting_due.connect(_wake_a_worker, dispatch_uid="sage_integration.wake_a_worker")


def look_at_earlier_copies(sender: Any, *, subject_id: int, **_: Any) -> None:
    """An earlier copy of an invoice that is void or credited here may count on in Sage: the next reading tells."""
    if connection := current_connection():
        want_where_several_count([subject_id], connection.business_id)


def _wake_a_worker(**_: Any) -> None:
    practice_id = acting_practice_id()
    transaction.on_commit(lambda: wake(push_due_postings, practice_id))


def move_links(sender: Any, *, survivor: Client, merged: Client, **_: Any) -> dict[str, list[int]]:
    """What stands for the merged client stands for the one that stays, unless that has one: then both are kept."""
    moved = {}
    for model in OF_A_CLIENT:
        taken = model.objects.filter(client=survivor).values_list("business_id", flat=True)
        rows = model.objects.filter(client=merged).exclude(business_id__in=list(taken))
        moved[model._meta.label_lower] = move_rows(rows, survivor)
    return moved


def move_links_back(
    sender: Any, *, survivor: Client, merged: Client, moved: dict[str, list[int]], **_: Any
) -> None:
    """The merge is taken back."""
    for model in OF_A_CLIENT:
        move_back(model, ids_of(moved, model), survivor=survivor, to=merged)

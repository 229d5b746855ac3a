"""What happens here when a practice opens."""

from datetime import datetime
from typing import Any

from django.db.models import Max, OuterRef, Subquery

from clients.contributions import Activity, add_activity, add_belongings
from clients.models import Client
from clients.moving import ids_of, move_back, move_rows
from clients.signals import clients_merged, merge_undone
from practices.signals import practice_opened
from proposals.models import Proposal, Terms
from proposals.starter_letter import STARTER_LETTER


def connect() -> None:
    """Listen to the apps below."""
    clients_merged.connect(move_proposals, dispatch_uid="move proposals")
    merge_undone.connect(move_proposals_back, dispatch_uid="move proposals back")
    practice_opened.connect(add_starter_terms, dispatch_uid="starter terms")


def contribute() -> None:
    """Show what happens to proposals in the activity of their client."""

    def proposals_of(client: Client) -> list[int]:
        return list(Proposal.objects.filter(client=client).order_by().values_list("pk", flat=True))

    add_belongings("proposals.proposal", proposals_of)
    add_activity(Activity("proposals.proposal", _last_proposal, _proposed_since))


def _last_proposal() -> Subquery:
    rows = Proposal.objects.filter(practice=OuterRef("practice"), client=OuterRef("pk")).order_by()
    return Subquery(rows.values("client").annotate(last=Max("changed_at")).values("last"))


def _proposed_since(at: datetime) -> list[int]:
    rows = Proposal.objects.filter(changed_at__gte=at)
    return list(rows.order_by().values_list("client", flat=True).distinct())


def add_starter_terms(sender: Any, **_: Any) -> None:
    """Every practice has a letter to send from its first day, marked as not yet reviewed."""
    Terms.objects.bulk_create(Terms(part=part, version=1, body=body) for part, body in STARTER_LETTER.items())


def move_proposals(sender: Any, *, survivor: Client, merged: Client, **_: Any) -> dict[str, list[int]]:
    """Proposals belong to the client that stays; what was signed stays as it was signed."""
    return {Proposal._meta.label_lower: move_rows(Proposal.objects.filter(client=merged), survivor)}


def move_proposals_back(
    sender: Any, *, survivor: Client, merged: Client, moved: dict[str, list[int]], **_: Any
) -> None:
    """The merge is taken back."""
    move_back(Proposal, ids_of(moved, Proposal), survivor=survivor, to=merged)

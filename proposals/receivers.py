"""What happens here when a practice opens."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Max
from django.urls import reverse

from clients.contributions import Act, Activity, add_act, add_activity, add_belongings
from clients.models import Client
from clients.moving import ids_of, move_back, move_rows
from clients.signals import clients_merged, merge_undone
from practices.permissions import Can
from practices.signals import practice_opened
from proposals.errors import TemplateIsGone
from proposals.models import Proposal, ProposalTemplate, Terms
from proposals.operations.bulk_sending import send_from_template
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
    add_activity(Activity("proposals.proposal", _last_proposals, _proposed_since))
    add_act(
        "send_proposal",
        Act(
            "Send a proposal from a template",
            _send,
            needs="template",
            needs_label="Template",
            choices=_templates,
            right=Can.SEND_PROPOSALS,
        ),
    )


def _last_proposals(clients: Sequence[int]) -> Mapping[int, datetime]:
    rows = Proposal.objects.filter(client__in=clients).order_by().values_list("client")
    return dict(rows.annotate(Max("changed_at")))


def _proposed_since(at: datetime) -> list[int]:
    rows = Proposal.objects.filter(changed_at__gte=at)
    return list(rows.order_by().values_list("client", flat=True).distinct())


def _templates() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in ProposalTemplate.objects.values_list("pk", "name")]


def _send(client: Client, template: str, today: date) -> tuple[str, str]:
    """What was sent, in words, and its page; a template that is gone by then sends nothing."""
    found = ProposalTemplate.objects.filter(pk=int(template)).first()
    if found is None:
        raise TemplateIsGone(client)
    proposal = send_from_template(client, found, on=today)
    return f"{proposal.number_label} is on its way.", reverse(
        "proposals:proposal-detail", args=[client.practice.slug, proposal.pk]
    )


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

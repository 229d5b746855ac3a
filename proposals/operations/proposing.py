"""One client's proposal from a template: the step that drafting for many repeats."""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q

from clients.models import Client
from practices.errors import DomainError
from proposals import errors
from proposals.models import Proposal, ProposalTemplate
from proposals.operations.drafting import draft_proposal, wait_for_numbers
from proposals.operations.sending import reasons_not_to_send, send_proposal
from proposals.operations.templates import apply_template

#: Proposals that somebody can still sign, or send for signing.
OPEN = (*Proposal.EDITABLE, Proposal.Status.SENT)


@dataclass(frozen=True, slots=True)
class Plan:
    """What every proposal of a run has in common."""

    template: ProposalTemplate
    title: str
    starts_on: date
    valid_until: date
    sends: bool = False


@dataclass(frozen=True, slots=True)
class Proposed:
    """The proposal; what is missing from it, by name; and what kept it from being sent."""

    proposal: Proposal
    left_out: list[str] = field(default_factory=list)
    reasons: list[DomainError] = field(default_factory=list)
    is_sent: bool = False


def propose(client: Client, plan: Plan, *, on: date, since: datetime) -> Proposed:
    """A draft with the template's services at that day's prices, sent where the plan says so and nothing forbids it.

    Nobody gets the same twice: raises `OpenAlready`, with the earlier one, where the client has an open proposal of
    this name, or got one since the run began; `ClientIsArchived`.
    """
    wait_for_numbers()  # so that two runs at the same moment see each other's proposals
    same = Proposal.objects.filter(
        Q(status__in=OPEN) | Q(changed_at__gte=since), client=client, title=plan.title
    )
    if earlier := same.select_related("practice").order_by("pk").first():
        raise errors.OpenAlready(
            earlier, message=f"{earlier.number_label} of this name is there already. Nothing was drafted."
        )
    blank = Proposal(client=client, title=plan.title, starts_on=plan.starts_on, valid_until=plan.valid_until)
    proposal = draft_proposal(blank)
    left_out = apply_template(proposal, plan.template, on=on)
    proposal = Proposal.objects.select_related("client").get(pk=proposal.pk)
    if left_out or not plan.sends:
        return Proposed(proposal, left_out)
    if reasons := reasons_not_to_send(proposal, on=on):
        return Proposed(proposal, reasons=reasons)
    return Proposed(send_proposal(proposal, on=on), is_sent=True)

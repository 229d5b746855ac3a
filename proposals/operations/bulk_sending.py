"""A proposal made from a template and sent in one go, for one of many clients."""

from datetime import date

from clients.models import Client
from proposals import errors
from proposals.models import Proposal, ProposalTemplate
from proposals.operations.drafting import VALIDITY, draft_proposal
from proposals.operations.sending import send_proposal
from proposals.operations.templates import apply_template


def send_from_template(client: Client, template: ProposalTemplate, *, on: date) -> Proposal:
    """The proposal with the template's services at the prices of that day, starting then, its link on the way.

    Raises `WaitsAlready` where the client has one of this name to sign, so that sending twice sends once;
    `TemplateIsOutdated` where a service of it is not offered any more; or what keeps a proposal from being sent.
    """
    waiting = Proposal.objects.filter(client=client, title=template.name, status=Proposal.Status.SENT)
    if earlier := waiting.order_by("pk").first():
        raise errors.WaitsAlready(
            earlier, message=f"{earlier.number_label} from this template waits for a signature already."
        )
    blank = Proposal(client=client, title=template.name, starts_on=on, valid_until=on + VALIDITY)
    proposal = draft_proposal(blank)
    if left_out := apply_template(proposal, template, on=on):
        raise errors.TemplateIsOutdated(
            proposal, message=f"Not in the library any more: {', '.join(left_out)}. Mend the template first."
        )
    return send_proposal(Proposal.objects.get(pk=proposal.pk), on=on)

"""The state of a proposal in a word, wherever it is shown."""

from django import template

from proposals.models import Proposal

register = template.Library()

#: State: label, tone, icon (empty for the tone's own).
STATES = {
    "draft": ("Draft", "neutral", "pencil"),
    "in_review": ("In review", "info", "clipboard-check"),
    "sent": ("Awaiting signature", "info", "hourglass"),
    "accepted": ("Accepted", "good", ""),
    "declined": ("Declined", "bad", "circle-x"),
    "lost": ("Lost", "bad", "circle-x"),
    "superseded": ("Superseded", "neutral", "replace"),
    "expired": ("Expired", "neutral", "clock"),
}
PART_SIGNED = ("Part signed", "warn", "pen-line")


@register.filter
def in_a_word(proposal: Proposal, signed: object) -> tuple[str, str, str]:
    """Label, tone and icon of the proposal's state; ``signed`` is truthy once somebody has signed."""
    return PART_SIGNED if signed and proposal.status == Proposal.Status.SENT else STATES[proposal.status]

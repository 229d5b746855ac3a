"""Reminding whoever has not signed, until they do or the proposal runs out (G30)."""

from datetime import date, timedelta

from django.utils import timezone

from practices import audit
from proposals.mail import invite_to_sign
from proposals.models import Proposal
from proposals.operations.locks import locked_awaiting

#: After so many reminders a proposal is left alone: whoever wanted to sign has.
MOST_REMINDERS = 5


def remind_proposals(on: date) -> int:
    """How many proposals whoever has not signed was reminded of today; safe to repeat on the same day."""
    waiting = Proposal.objects.awaiting().filter(reminds_every__isnull=False, valid_until__gte=on)
    due = [proposal for proposal in waiting.order_by("id") if _is_due(proposal, on)]
    return sum(_remind(proposal, on) for proposal in due)


def _is_due(proposal: Proposal, on: date) -> bool:
    if proposal.sent_at is None or proposal.reminds_every is None:
        return False
    last = proposal.reminded_on or timezone.localdate(proposal.sent_at)
    return last + timedelta(days=proposal.reminds_every) <= on and proposal.reminders_sent < MOST_REMINDERS


def _remind(proposal: Proposal, on: date) -> int:
    proposal = locked_awaiting(proposal)
    if not _is_due(proposal, on):
        return 0
    proposal.reminded_on, proposal.reminders_sent = on, proposal.reminders_sent + 1
    proposal.save(update_fields=["reminded_on", "reminders_sent"])
    entry = audit.record("proposal.reminded", proposal)
    invite_to_sign(proposal, again=entry.pk)
    return 1

"""What happened in a practice, in sentences."""

from collections.abc import Iterable
from typing import Any

from practices.models import AuditEntry

#: Action: sentence, tone. The part of the entry's data that tells one thing from another follows it.
SENTENCES = {
    "billing.started": ("Billing started for accepted work", "good"),
    "client.added": ("Client added", "neutral"),
    "client.activated": ("Client became active", "good"),
    "client.posting_switched": ("Invoices in Sage switched for a client", "neutral"),
    "client.account_chosen": ("Sales account of a client changed", "neutral"),
    "contact.gone": ("A client's contact has gone from Sage", "bad"),
    "contact.ignored": ("Sage customer set aside", "neutral"),
    "contact.import_undone": ("Imported client taken back", "warn"),
    "contact.linked": ("Client linked to its Sage contact", "good"),
    "contact.reconsidered": ("Sage customer back on the list", "neutral"),
    "contact.renamed": ("Contact renamed in Sage", "neutral"),
    "contact.unlinked": ("Client unlinked from its Sage contact", "warn"),
    "invoice.issued": ("Invoice issued", "good"),
    "invoice.payment_recorded": ("Payment received", "good"),
    "invoice.payment_reversed": ("Payment taken back", "warn"),
    "invoice.voided": ("Invoice voided", "warn"),
    "invoice.voided_in_ledger": ("Invoice voided in Sage", "warn"),
    "member.invited": ("Colleague invited", "neutral"),
    "member.joined": ("Colleague joined", "good"),
    "posting.posted": ("Reached Sage", "good"),
    "posting.failed": ("Did not reach Sage", "bad"),
    "posting.totals_differ": ("Sage shows another total", "bad"),
    "proposal.accepted": ("Proposal accepted", "good"),
    "proposal.declined": ("Proposal declined", "warn"),
    "proposal.expired": ("Proposal ran out", "warn"),
    "proposal.sent": ("Proposal sent", "neutral"),
    "sage.enabled": ("Sage enabled", "good"),
    "sage.disconnected": ("Sage disconnected", "warn"),
    "sage.needs_reauthorisation": ("Sage needs reconnecting", "bad"),
    "schedule.completed": ("Work marked complete", "good"),
    "service.repriced": ("New price for a service", "neutral"),
}
ICONS = {"good": "check", "warn": "triangle-alert", "bad": "circle-alert", "neutral": "circle"}
#: The same event seen from another side; one line is enough.
ECHOES = ("payment.recorded", "payment.amended", "payment.reversed", "terms.written")


def recent_activity(most: int) -> list[dict[str, Any]]:
    """The last events for `components/timeline.html`, newest first."""
    entries = AuditEntry.objects.exclude(action__in=ECHOES).select_related("actor")[:most]
    return events(entries)


def events(entries: Iterable[AuditEntry]) -> list[dict[str, Any]]:
    """Audit entries as events of a timeline."""
    return [_event(entry) for entry in entries]


def _event(entry: AuditEntry) -> dict[str, Any]:
    words, tone = SENTENCES.get(entry.action, (entry.in_words, "neutral"))
    which = entry.data.get("number") or entry.data.get("name") or entry.data.get("reference")
    return {
        "text": f"{words}: {which}" if isinstance(which, str | int) else words,
        "at": entry.at,
        "who": str(entry.actor or "Ignition"),
        "tone": tone,
        "icon": ICONS[tone],
    }

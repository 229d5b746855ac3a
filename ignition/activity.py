"""What happened in a practice, in sentences."""

from typing import Any

from ignition.subjects import subjects_of
from invoicing.history import NO_MONEY
from practices.models import AuditEntry, Practice

#: Action: sentence, tone. Whose or which it was stands below.
SENTENCES = {
    "billing.started": ("Billing started for accepted work", "good"),
    "client.added": ("Client added", "neutral"),
    "client.activated": ("Client became active", "good"),
    "client.posting_switched": ("Copying to Sage switched for a client", "neutral"),
    "client.account_chosen": ("Sales account of a client changed", "neutral"),
    "contact.gone": ("A client's contact has gone from Sage", "bad"),
    "contact.ignored": ("Sage customer set aside", "neutral"),
    "contact.import_undone": ("Imported client taken back", "warn"),
    "contact.linked": ("Client linked to its Sage contact", "good"),
    "contact.reconsidered": ("Sage customer back on the list", "neutral"),
    "contact.renamed": ("Contact renamed in Sage", "neutral"),
    "contact.unlinked": ("Client unlinked from its Sage contact", "warn"),
    "credit_note.allocated": ("Credit note set against its invoice in Sage", "good"),
    "credit_note.issued": ("Invoice credited", "warn"),
    "invoice.changed_in_sage": ("Invoice changed in Sage", "warn"),
    "invoice.copied_again": ("Further copy of an invoice asked for", "warn"),
    "invoice.found_missing": ("Invoice not found in Sage", "bad"),
    "invoice.found_void": ("Invoice found void in Sage", "bad"),
    "invoice.issued": ("Invoice issued", "good"),
    "invoice.payment_amended": ("Payment changed", "warn"),
    "invoice.payment_recorded": ("Payment received", "good"),
    "invoice.payment_reversed": ("Payment taken back", "warn"),
    "invoice.voided": ("Invoice voided", "warn"),
    "invoice.voided_in_ledger": ("Invoice void here, as it is in Sage", "warn"),
    "member.invitation_withdrawn": ("Invitation of a colleague withdrawn", "warn"),
    "member.invited": ("Colleague invited", "neutral"),
    "member.invited_again": ("Colleague invited again", "neutral"),
    "member.joined": ("Colleague joined", "good"),
    "posting.posted": ("Reached Sage", "good"),
    "posting.failed": ("Did not reach Sage", "bad"),
    "posting.totals_differ": ("Sage shows another total", "bad"),
    "proposal.accepted": ("Proposal accepted", "good"),
    "proposal.drafted": ("Proposal drafted", "neutral"),
    "proposal.lost": ("Proposal marked as lost", "warn"),
    "proposal.review_requested": ("Proposal handed in for review", "neutral"),
    "proposal.signed": ("Proposal signed", "good"),
    "proposal.declined": ("Proposal declined", "warn"),
    "proposal.expired": ("Proposal ran out", "warn"),
    "proposal.sent": ("Proposal sent", "neutral"),
    "sage.enabled": ("Sage enabled", "good"),
    "sage.disconnected": ("Sage disconnected", "warn"),
    "sage.needs_reauthorisation": ("Sage needs reconnecting", "bad"),
    "schedule.change_planned": ("Change of a service planned", "neutral"),
    "schedule.completed": ("Work marked complete", "good"),
    "service.repriced": ("New price for a service", "neutral"),
    "uplift.planned": ("New fees planned", "neutral"),
}
ICONS = {"good": "check", "warn": "triangle-alert", "bad": "circle-alert", "neutral": "circle"}
#: The same event seen from another side; one line is enough.
ECHOES = (
    "payment.recorded",
    "payment.amended",
    "payment.reversed",
    "terms.written",
    "credit_note.posted",
    "invoice.credited",
    "invoice.copied_by_hand",
    "credit_note.copied_by_hand",
)
#: Of people coming and going and of work in the background: the activity page has them.
APART = ("member.signed_in", "member.signed_out", "job.started")


def recent_activity(practice: Practice, most: int) -> list[dict[str, Any]]:
    """The last events for `components/timeline.html`, newest first, each with a link to what it is about."""
    entries = list(
        AuditEntry.objects.exclude(action__in=(*ECHOES, *APART)).select_related("actor")[:most],
    )
    subjects = subjects_of(practice, entries)
    return [
        _event(entry, *subjects.get((entry.subject_type, entry.subject_id), ("", ""))) for entry in entries
    ]


def _event(entry: AuditEntry, which: str, url: str) -> dict[str, Any]:
    words, tone = SENTENCES.get(entry.action, (entry.in_words, "neutral"))
    if no_money := NO_MONEY.get((entry.action, entry.data.get("kind", ""))):
        words, tone, _ = no_money
    if entry.action == "client.posting_switched":
        words = f"Copying to Sage turned {'on' if entry.data.get('on') else 'off'} for a client"
    named = which or entry.data.get("name") or entry.data.get("reference")
    return {
        "text": words,
        "detail": named if isinstance(named, str) else "",
        "url": url,
        "at": entry.at,
        "who": entry.who,
        "tone": tone,
        "icon": ICONS[tone],
    }

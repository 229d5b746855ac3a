"""What happened to an invoice, in words for its page."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q

from invoicing.models import CreditNote, Invoice, Payment
from invoicing.queries import postings_of
from ledger.models import Posting
from practices.models import AuditEntry
from practices.templatetags.money_tags import written

MOST = 50

#: Words, tone and icon of what is recorded about an invoice; anything else speaks for itself.
WORDS = {
    "invoice.issued": ("Issued", "good", "check"),
    "invoice.amended": ("Amended", "warn", "pencil"),
    "invoice.updated_in_ledger": ("Updated in Sage", "good", "check"),
    "invoice.copied_again": ("Copied once more, on purpose", "warn", "copy"),
    "invoice.copy_voided": ("Copy voided in Sage", "warn", "x"),
    "invoice.void_requested": ("Void asked for", "warn", "x"),
    "invoice.credited": ("Credited in full", "warn", "undo-2"),
    "invoice.changed_in_sage": ("Changed in Sage", "warn", "pencil"),
    "invoice.found_void": ("Found void in Sage", "bad", "x"),
    "invoice.found_missing": ("Not found in Sage", "bad", "circle-alert"),
    "invoice.found_cleared": ("An earlier copy was credited in full in Sage", "neutral", "undo-2"),
    "invoice.found_changed": ("Found changed in Sage", "warn", "pencil"),
    "invoice.found_as_copied": ("Found as copied again", "good", "check"),
    "invoice.update_requested": ("Update asked for", "neutral", "refresh-cw"),
    "invoice.replacement_requested": ("Void and new copy asked for", "warn", "refresh-cw"),
    "invoice.taken_from_sage": ("Taken over from Sage", "good", "check"),
    "invoice.customer_in_sage_accepted": ("Customer taken over from Sage", "good", "check"),
    "invoice.marked_as_agreed": ("Marked as agreed with Sage", "good", "check"),
    "invoice.relinked": ("Linked to another document in Sage", "warn", "pencil"),
    "invoice.voided": ("Voided", "warn", "x"),
    "invoice.voided_in_ledger": ("Void here, as it is in Sage", "warn", "x"),
    "invoice.renumbered_in_sage": ("Another number in Sage", "warn", "pencil"),
    "invoice.released_in_sage": ("Released in Sage", "good", "check"),
    "invoice.posting_requested": ("Copy to Sage asked for", "neutral", "send"),
    "invoice.payment_recorded": ("Payment received", "good", "banknote"),
    "invoice.payment_amended": ("Payment changed", "warn", "pencil"),
    "invoice.payment_reversed": ("Payment taken back", "bad", "undo-2"),
    "invoice.sent": ("Sent by e-mail", "good", "mail"),
    "invoice.reminded": ("Reminded by e-mail", "neutral", "bell"),
    "invoice.reminders_on": ("Reminders switched on", "neutral", "bell"),
    "invoice.reminders_off": ("Reminders switched off", "neutral", "bell-off"),
    "invoice.written_off": ("Written off", "warn", "eraser"),
    "invoice.commented": ("Commented", "neutral", "message-square"),
    "invoice.duplicated": ("Made as a duplicate", "neutral", "copy"),
    "invoice.lines_merged": ("Lines merged", "neutral", "merge"),
    "credit_note.posted": ("Credit note reached Sage", "good", "check"),
    "credit_note.allocated": ("Credit note set against the invoice in Sage", "good", "undo-2"),
    "posting.posted": ("Reached Sage", "good", "check"),
    "posting.failed": ("Did not reach Sage", "bad", "circle-alert"),
    "posting.released": ("Released to Sage", "neutral", "send"),
    "posting.retried": ("Tried again", "neutral", "refresh-cw"),
    "posting.cancelled": ("Withdrawn from the way to Sage", "warn", "x"),
}


#: What was found of one copy in Sage, an earlier one perhaps: its number is said.
OF_COPIES = tuple(
    f"invoice.found_{found}" for found in ("void", "missing", "cleared", "changed", "as_copied")
)
OF_COPIES += ("invoice.changed_in_sage",)

#: Of payments that brought no money, by what happened and their kind.
NO_MONEY: dict[tuple[str, str], tuple[str, str, str]] = {
    ("invoice.payment_recorded", Payment.Kind.WRITTEN_OFF): ("Written off", "warn", "eraser"),
    ("invoice.payment_recorded", Payment.Kind.SET_AGAINST): ("Set against it in Sage", "neutral", "undo-2"),
    ("invoice.payment_reversed", Payment.Kind.WRITTEN_OFF): ("Write-off taken back", "warn", "undo-2"),
    ("invoice.payment_reversed", Payment.Kind.SET_AGAINST): ("Taken off it again in Sage", "warn", "undo-2"),
}

#: What is recorded about a credit note and says something of its invoice.
OF_CREDIT_NOTES = ("credit_note.posted", "credit_note.allocated")


def events_of(
    invoice: Invoice, known: Sequence[Posting] | None = None, credit_notes: Collection[int] | None = None
) -> list[dict[str, Any]]:
    """The history of an invoice and its postings for `components/timeline.html`, newest first.

    What is known of it need not be asked for again: its postings, and the ids of its credit notes.
    """
    postings = [posting.pk for posting in (postings_of(invoice) if known is None else known)]
    notes = _credit_notes_of(invoice) if credit_notes is None else credit_notes
    about = Q(subject_type="invoicing.invoice", subject_id=invoice.pk)
    about |= Q(subject_type="ledger.posting", subject_id__in=postings)
    if notes:
        about |= Q(subject_type="invoicing.creditnote", subject_id__in=notes, action__in=OF_CREDIT_NOTES)
    trail = AuditEntry.objects.filter(about)
    return [_event(entry) for entry in trail.select_related("actor").order_by("-id")[:MOST]]


def _credit_notes_of(invoice: Invoice) -> list[int]:
    return list(CreditNote.objects.filter(invoice=invoice).values_list("pk", flat=True))


def _event(entry: AuditEntry) -> dict[str, Any]:
    words, tone, icon = WORDS.get(entry.action, (entry.in_words, "neutral", "circle"))
    words, tone, icon = NO_MONEY.get((entry.action, entry.data.get("kind", "")), (words, tone, icon))
    return {
        "text": words,
        "tone": tone,
        "icon": icon,
        "at": entry.at,
        "who": str(entry.actor) if entry.actor else "Ignition",
        "detail": _detail(entry),
    }


def _detail(entry: AuditEntry) -> str:
    """`£40.00 → £45.00, £55.00 outstanding`, as far as the entry says so."""
    data = entry.data
    if entry.action in ("invoice.sent", "invoice.reminded"):
        return "to " + ", ".join(data.get("to", ()))
    if entry.action in OF_CREDIT_NOTES:
        return " against ".join(filter(None, (data.get("number"), data.get("invoice"))))
    if entry.action in OF_COPIES:
        return str(data.get("number", ""))
    if said := data.get("reason") or data.get("of") or data.get("text"):
        return str(said)
    before, after = data.get("before"), data.get("after", data.get("amount"))
    if not (entry.action.startswith("invoice.payment") and (before or after)):
        return _money(data.get("gross")) if entry.action == "invoice.issued" else ""
    changed = f"{_money(before)} → {_money(after) or 'nothing'}" if before else _money(after)
    left = data.get("outstanding")
    return f"{changed}, {_money(left)} outstanding" if left else changed


def _money(value: str | None) -> str:
    return written(Decimal(value)) if value else ""


def reminders_in_words(days: list[int]) -> str:
    """`3 days before it is due, 7 and 14 days after`; empty without reminders."""
    before = [str(-each) for each in sorted(days) if each < 0]
    after = [str(each) for each in sorted(days) if each > 0]
    words = [f"{_together(before)} day{'' if before == ['1'] else 's'} before it is due"] if before else []
    words += ["on the day it is due"] if 0 in days else []
    words += [f"{_together(after)} day{'' if after == ['1'] else 's'} after"] if after else []
    return ", ".join(words)


def _together(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)

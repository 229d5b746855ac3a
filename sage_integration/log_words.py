"""One sentence for each kind of event in the log of Sage, the part of the log it belongs to, and whether it is good.

What stands in braces is filled from the event's own data and from `log.Names`; a test holds that every event that is
recorded about Sage has its sentence here.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from practices.templatetags.money_tags import written
from sage_integration.explanations import EXPLANATIONS


@dataclass(frozen=True, slots=True)
class Told:
    """How one kind of event is told: its part of the log, its sentence, its tone."""

    part: str
    words: str
    tone: str = "neutral"


DOCUMENTS, PAYMENTS, CLIENTS, CONNECTION = "documents", "payments", "clients", "connection"
PARTS = {
    DOCUMENTS: "Documents",
    PAYMENTS: "Payments",
    CLIENTS: "Clients",
    CONNECTION: "Connection and settings",
}
#: Results one can look for.
GOOD, BAD = "good", "bad"

SENTENCES: dict[str, Told] = {
    "posting.posted": Told(DOCUMENTS, "{which} arrived in Sage{as_number}.", GOOD),
    "posting.failed": Told(DOCUMENTS, "{which} did not reach Sage: {failure}", BAD),
    "posting.postponed": Told(DOCUMENTS, "{which} has to wait: {failure}", "warn"),
    "posting.totals_differ": Told(
        DOCUMENTS, "{which} is in Sage as {number} with another total than ours.", BAD
    ),
    "posting.released": Told(DOCUMENTS, "{which} was released to leave for Sage."),
    "posting.held": Told(DOCUMENTS, "{which} is held here until somebody releases it."),
    "posting.retried": Told(DOCUMENTS, "{which} is tried again; it is not created twice."),
    "posting.replayed": Told(DOCUMENTS, "{which} was replayed: {outcome}"),
    "posting.cancelled": Told(DOCUMENTS, "{which} was withdrawn and stays out of Sage."),
    "posting.replaced": Told(DOCUMENTS, "{which} was given up in favour of a newer copy."),
    "invoice.posting_requested": Told(DOCUMENTS, "{which} is to be copied to Sage."),
    "invoice.copied_again": Told(DOCUMENTS, "A further copy of {which} is to be made in Sage."),
    "invoice.update_requested": Told(DOCUMENTS, "{number} in Sage is to be brought up to date with {which}."),
    "invoice.replacement_requested": Told(
        DOCUMENTS, "{number} in Sage is to be replaced by a new copy of {which}."
    ),
    "invoice.void_requested": Told(DOCUMENTS, "{which} is to be voided in Sage."),
    "invoice.updated_in_ledger": Told(
        DOCUMENTS, "{number} in Sage was brought up to date with {which}.", GOOD
    ),
    "invoice.copy_voided": Told(DOCUMENTS, "{number}, the copy of {which}, was voided in Sage.", "warn"),
    "invoice.voided_in_ledger": Told(DOCUMENTS, "{which} was voided in Sage, so it is void here.", "warn"),
    "invoice.changed_in_sage": Told(
        DOCUMENTS, "Somebody changed {number}, the copy of {which}, in Sage.", "warn"
    ),
    "invoice.released_in_sage": Told(
        DOCUMENTS, "The draft of {which} was released in Sage as {number}.", GOOD
    ),
    "invoice.renumbered_in_sage": Told(
        DOCUMENTS, "{before}, the copy of {which}, has the number {number} in Sage now.", "warn"
    ),
    "invoice.relinked": Told(DOCUMENTS, "{number} in Sage counts as the copy of {which} from now on."),
    "invoice.found_changed": Told(DOCUMENTS, "{number} in Sage is not as {which} was copied.", "warn"),
    "invoice.found_void": Told(DOCUMENTS, "{number}, the copy of {which}, is void in Sage.", "warn"),
    "invoice.found_missing": Told(DOCUMENTS, "{number}, the copy of {which}, is not in Sage any more.", BAD),
    "invoice.found_cleared": Told(
        DOCUMENTS, "{number}, an earlier copy of {which}, was credited in full in Sage.", "warn"
    ),
    "invoice.found_as_copied": Told(DOCUMENTS, "{number} in Sage is again as {which} was copied.", GOOD),
    "invoice.taken_from_sage": Told(
        DOCUMENTS, "What was changed in {number} in Sage was taken over for {which}.", GOOD
    ),
    "invoice.customer_in_sage_accepted": Told(
        DOCUMENTS, "The customer of {number} in Sage, {customer}, counts for {which} from now on.", GOOD
    ),
    "invoice.marked_as_agreed": Told(DOCUMENTS, "{which} and {number} in Sage were marked as agreed.", GOOD),
    "invoice.credited": Told(DOCUMENTS, "{which} was credited."),
    "credit_note.allocated": Told(DOCUMENTS, "{number} was set against {invoice} in Sage.", GOOD),
    "credit_note.updated_in_ledger": Told(DOCUMENTS, "{number} in Sage was brought up to date.", GOOD),
    "credit_note.taken_off": Told(
        DOCUMENTS, "{number} was taken off {invoice} in Sage, to be changed and set against it again."
    ),
    "credit_note.found_changed": Told(DOCUMENTS, "{number} in Sage is not as {which} was copied.", "warn"),
    "credit_note.found_void": Told(DOCUMENTS, "{number}, the copy of {which}, is void in Sage.", "warn"),
    "credit_note.found_missing": Told(
        DOCUMENTS, "{number}, the copy of {which}, is not in Sage any more.", BAD
    ),
    "credit_note.found_as_copied": Told(DOCUMENTS, "{number} in Sage is again as {which} was copied.", GOOD),
    "credit_note.copied_again": Told(DOCUMENTS, "A further copy of {which} is to be made in Sage."),
    "invoice.payment_recorded": Told(
        PAYMENTS, "{after} was {received} {which}; {outstanding} is outstanding.", GOOD
    ),
    "invoice.payment_amended": Told(
        PAYMENTS,
        "What a payment pays of {which} changed from {before} to {after}; {outstanding} is outstanding.",
        "warn",
    ),
    "invoice.payment_reversed": Told(
        PAYMENTS, "{taken_back} of {amount} for {which} was taken back{now_owed}.", "warn"
    ),
    "contact.linked": Told(CLIENTS, "{which} is linked to its contact in Sage.", GOOD),
    "contact.unlinked": Told(CLIENTS, "{which} is no longer linked to a contact in Sage.", "warn"),
    "contact.renamed": Told(CLIENTS, "The contact “{before}” in Sage is called “{name}” now."),
    "contact.gone": Told(CLIENTS, "The contact of {which} in Sage takes no more invoices.", BAD),
    "contact.ignored": Told(CLIENTS, "{name} in Sage was set aside."),
    "contact.reconsidered": Told(CLIENTS, "{name} in Sage is to be decided again."),
    "contact.import_undone": Told(CLIENTS, "The import of {name} was taken back.", "warn"),
    "client.account_chosen": Told(CLIENTS, "The fees of {which} go to another sales account."),
    "sage.connected": Told(CONNECTION, "Somebody signed in to Sage.", GOOD),
    "sage.reauthorised": Told(CONNECTION, "Somebody signed in to Sage again.", GOOD),
    "sage.business_chosen": Told(CONNECTION, "{business} was chosen as the company.", GOOD),
    "sage.enabled": Told(CONNECTION, "Posting to {business} was switched on.", GOOD),
    "sage.disconnected": Told(CONNECTION, "{business} was disconnected.", "warn"),
    "sage.needs_reauthorisation": Told(CONNECTION, "Sage ended the authorisation: {cause}", BAD),
    "sage.settings_changed": Told(CONNECTION, "The settings of the connection were changed."),
    "sage.tax_rate_mapped": Told(CONNECTION, "The VAT rate {tax_rate} was mapped."),
    "sage.account_mapped": Told(CONNECTION, "The sales account of {service} was changed."),
    "sage.item_mapped": Told(CONNECTION, "The item in Sage of {service} was changed."),
    "sage.queue_withdrawn": Told(CONNECTION, "{documents} waiting documents were withdrawn.", "warn"),
    "sage.month_signed": Told(CONNECTION, "The penny report of {month} was signed off.", GOOD),
    "ledger.paused": Told(CONNECTION, "Copying was stopped; everything waits.", "warn"),
    "ledger.resumed": Told(CONNECTION, "Copying goes on.", GOOD),
    "attention.assigned": Told(CONNECTION, "{which} is looked after by {owner} now."),
    "attention.snoozed": Told(CONNECTION, "{which} was put off until {until}."),
    "attention.handled": Told(CONNECTION, "{which} was handled: {note}", GOOD),
    "attention.reopened": Told(CONNECTION, "{which} needs somebody again."),
}


#: How money came to an invoice, by the source and the kind of the payment; earlier entries say neither.
RECEIVED = {
    ("sage", "received"): "received in Sage for",
    ("sage", "set_against"): "set in Sage against",
    ("by_hand", "received"): "recorded here, and not in Sage, for",
    ("by_hand", "written_off"): "written off here, and not in Sage, on",
}
RECEIVED_SOMEHOW = "received for"
#: What was taken back, by the kind of the payment.
TAKEN_BACK = {"written_off": "A write-off", "set_against": "An allocation in Sage"}


class _Filled(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "it"


def sentence_for(action: str, data: dict[str, Any], which: str) -> str:
    """What happened, in one sentence; ``which`` is what it happened to, as a person knows it."""
    values = _Filled({name: value for name, value in data.items() if value not in (None, "")})
    values["which"] = which
    if action.startswith("invoice.payment_"):
        told = {name: data.get(name) or "0.00" for name in ("before", "after", "amount")}
        told |= {name: data[name] for name in ("outstanding",) if data.get(name)}
        values |= {name: written(Decimal(text)) for name, text in told.items()}
        values["received"] = RECEIVED.get(
            (str(data.get("source", "")), str(data.get("kind", ""))), RECEIVED_SOMEHOW
        )
        # Earlier entries do not say; nor does one that made room for other money, which is told of next.
        values["now_owed"] = f"; {values['outstanding']} is outstanding" if "outstanding" in values else ""
        values["taken_back"] = TAKEN_BACK.get(str(data.get("kind", "")), "A payment")
    values["as_number"] = _as_number(data)
    for name in ("failure", "cause"):
        explanation = EXPLANATIONS.get(str(data.get(name, "")))
        if explanation:
            values[name] = _within(explanation.sentence)
    text = SENTENCES[action].words.format_map(values)
    return text[:1].upper() + text[1:]


def _within(sentence: str) -> str:
    """A sentence as it goes on after a colon; a name keeps its capital."""
    is_name = sentence.startswith(("Sage", "Ignition"))
    return sentence if is_name else sentence[:1].lower() + sentence[1:]


def _as_number(data: dict[str, Any]) -> str:
    number, found = data.get("number"), " (it was there already, and was adopted)"
    return (f" as {number}" if number else "") + (found if data.get("adopted") else "")

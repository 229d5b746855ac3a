"""What we read off a document that is in Sage."""

import hashlib
from decimal import Decimal

from money.amounts import Amounts, to_pence
from sage_integration.sage.decimals import json_text
from sage_integration.sage.errors import OutcomeUnknown, UnexpectedAnswer
from sage_integration.sage.resources.documents import SalesDocument
from sage_integration.sage.resources.sales_invoices import SalesInvoice


def number_of(stored: SalesDocument) -> str:
    """The number Sage gave, as people there know it (FACTS.md 9.3)."""
    given = stored.get("invoice_number") or stored.get("credit_note_number")
    return str(given or stored["displayed_as"])[:40]


def require_reference(stored: SalesDocument, reference: str) -> None:
    """Raises `OutcomeUnknown` unless this is the document that was sent: another one's answer says nothing of ours.

    What was stored is then looked up by its reference, which every document shows (FACTS.md 9.7).
    """
    if (theirs := stored.get("reference")) != reference:
        raise OutcomeUnknown(f"asked for {reference}, answered for {theirs or 'no reference'}")


def amounts_of(stored: SalesDocument) -> Amounts:
    """Net and VAT in pounds as Sage holds them; raises `UnexpectedAnswer` unless they are there and add up."""
    net, vat, gross = stored.get("net_amount"), stored.get("tax_amount"), stored.get("total_amount")
    if net is None or vat is None or gross is None:
        raise UnexpectedAnswer(f"{number_of(stored)} came without its amounts")
    amounts = Amounts(to_pence(net), to_pence(vat))
    if net + vat != gross or net != amounts.net or vat != amounts.vat:
        raise UnexpectedAnswer(f"the amounts of {number_of(stored)} do not add up")
    return amounts


def fingerprint_of(stored: SalesInvoice, amounts: Amounts | None = None) -> str:
    """Of what somebody may change in Sage and we want to know: contact, dates and amounts.

    ``amounts`` are the document's, where they were read already.
    """
    amounts = amounts or amounts_of(stored)
    seen = {
        "contact": stored["contact"]["id"],
        "date": stored.get("date"),
        "due_date": stored.get("due_date"),
        "net": _two_places(amounts.net),
        "vat": _two_places(amounts.vat),
    }
    return fingerprint(seen)


def fingerprint(value: object) -> str:
    """A short, stable stand-in for a JSON value."""
    return hashlib.sha256(json_text(value).encode()).hexdigest()


def _two_places(amount: Decimal) -> str:
    return f"{amount:.2f}"

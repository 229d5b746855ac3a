"""What the client is shown, as data with a fingerprint.

A document is made when a proposal is sent and kept as it was: the page, the signature and later the
evidence all speak of these very words and figures. Amounts and dates are strings in it, so that the same
offer always is the same text.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from clients.models import ContactPerson
from money.amounts import Amounts, total
from proposals.billing_rules import BillingRule
from proposals.models import Proposal, ProposalLine, Terms
from proposals.periods import DAYS

#: Raised when the shape changes, so that old documents can still be read.
LAYOUT = 1
AMOUNTS = {"quantity", "unit_price", "vat_percent", "net", "vat", "gross"}
DATES = {"priced_on", "starts_on", "valid_until"}

Document = dict[str, Any]


def document_of(
    proposal: Proposal,
    lines: Sequence[ProposalLine],
    *,
    terms: Terms | None,
    signatories: Sequence[ContactPerson],
    priced_on: date,
) -> Document:
    """Everything the client is shown; VAT at the rates of ``priced_on``, amounts in the practice's currency."""
    practice, client = proposal.practice, proposal.client
    return {
        "layout": LAYOUT,
        "practice": {"name": practice.name, "vat_number": practice.vat_number, "currency": practice.currency},
        "client": {"name": client.name, "address": client.address_lines},
        "number": proposal.number_label,
        "message": proposal.message,
        "priced_on": priced_on.isoformat(),
        "starts_on": proposal.starts_on.isoformat(),
        "valid_until": proposal.valid_until.isoformat(),
        "lines": [_line(line, priced_on) for line in lines],
        "payments": _payments(lines, priced_on),
        "terms": {"version": terms.version, "body": terms.body} if terms else None,
        "signatories": [person.name for person in signatories],
    }


def _line(line: ProposalLine, priced_on: date) -> Document:
    return {
        "name": line.name,
        "description": line.description,
        "rule": line.rule_in_words,
        "is_included": line.is_included,
        "quantity": f"{line.quantity:.2f}",
        "unit_price": f"{line.unit_price:.4f}",
        "vat_rate": line.tax_rate.name,
        "vat_percent": f"{line.tax_rate.percent_on(priced_on):.2f}",
        **_written(line.amounts_on(priced_on)),
    }


def _payments(lines: Sequence[ProposalLine], priced_on: date) -> list[Document]:
    """What is due together, in the order it falls due: on acceptance, period by period, on completion."""
    priced = sorted((line for line in lines if not line.is_included), key=_due_order)
    groups: dict[str, list[ProposalLine]] = {}
    for line in priced:
        groups.setdefault(line.rule_in_words, []).append(line)
    return [
        {
            "rule": rule,
            "billing": group[0].billing,
            **_written(total(line.amounts_on(priced_on) for line in group)),
        }
        for rule, group in groups.items()
    ]


def _due_order(line: ProposalLine) -> tuple[int, int]:
    """Sorts lines by when they are due; a month counts as longer than four weeks."""
    kinds = [BillingRule.Billing.UPFRONT, BillingRule.Billing.RECURRING, BillingRule.Billing.ON_COMPLETION]
    days = DAYS.get(line.period, 30)
    return kinds.index(BillingRule.Billing(line.billing)), (line.every or 0) * days


def _written(amounts: Amounts) -> dict[str, str]:
    return {"net": f"{amounts.net:.2f}", "vat": f"{amounts.vat:.2f}", "gross": f"{amounts.gross:.2f}"}


def canonical(document: Document) -> bytes:
    """The one way a document is written down: sorted keys, no spare space, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(document: Document) -> str:
    """The document's SHA-256 in hexadecimal: another word or penny gives another fingerprint."""
    return hashlib.sha256(canonical(document)).hexdigest()


def readable(document: Document) -> Document:
    """The document for a page: amounts as Decimal, dates as date."""
    opened: Document = json.loads(canonical(document), object_hook=_open)
    return opened


def _open(part: Document) -> Document:
    return {key: _opened(key, value) for key, value in part.items()}


def _opened(key: str, value: Any) -> Any:
    if key in AMOUNTS:
        return Decimal(value)
    return date.fromisoformat(value) if key in DATES else value

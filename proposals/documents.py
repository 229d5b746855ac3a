"""What the client is shown, as data with a fingerprint.

A document is made when a proposal is sent and kept as it was: the page, the signature and later the
evidence all speak of these very words and figures. Amounts and dates are strings in it, so that the same
offer always is the same text.
"""

import hashlib
import json
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from clients.models import ContactPerson
from money.amounts import Amounts, total
from practices.colours import DEFAULT_COLOUR
from practices.rich_text import as_html
from proposals.billing_rules import BillingRule
from proposals.models import Proposal, ProposalGroup, ProposalLine, ProposalOption, Terms
from proposals.periods import DAYS

#: Raised when the shape changes, so that old documents can still be read.
LAYOUT = 2
AMOUNTS = {
    "quantity",
    "unit_price",
    "highest_price",
    "discount_percent",
    "vat_percent",
    "net",
    "vat",
    "gross",
}
DATES = {"priced_on", "starts_on", "valid_until"}
#: How prices are written in documents that do not say.
TAX = {"is_charged": True, "label": "VAT", "is_inclusive": True}

Document = dict[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What stands around the services of an offer: packages and headings, the letter, the practice's look."""

    options: Sequence[ProposalOption] = ()
    groups: Sequence[ProposalGroup] = ()
    letter: Sequence[Document] = ()
    brochure: Sequence[Document] = ()
    letterhead: Sequence[str] = ()
    colour: str = DEFAULT_COLOUR
    has_right_to_cancel: bool = False
    #: Whether VAT is charged, what it is called, and whether the price of a service is written with it.
    tax: Document = field(default_factory=lambda: dict(TAX))
    #: What the minimum length of the engagement comes to, where that is shown (G04, G14).
    minimum_value: Amounts | None = None


def document_of(
    proposal: Proposal,
    lines: Sequence[ProposalLine],
    *,
    terms: Terms | None,
    signatories: Sequence[ContactPerson],
    priced_on: date,
    around: Surroundings | None = None,
) -> Document:
    """Everything the client is shown; VAT at the rates of ``priced_on``, amounts in the practice's currency.

    Without ``around`` the standard terms are the whole letter.
    """
    practice, client, around = proposal.practice, proposal.client, around or Surroundings()
    groups: dict[int | None, ProposalGroup] = {group.pk: group for group in around.groups}
    written = [_line(line, priced_on, groups.get(line.group_id), _rule_of(line, proposal)) for line in lines]
    first = around.options[0].pk if around.options else None
    return {
        "layout": LAYOUT,
        "practice": {
            "name": practice.name,
            "vat_number": practice.vat_number,
            "currency": practice.currency,
            "lines": list(around.letterhead),
            "colour": around.colour,
        },
        "client": {"name": client.name, "address": client.address_lines},
        "number": proposal.number_label,
        "message": proposal.message,
        "priced_on": priced_on.isoformat(),
        "starts_on": proposal.starts_on.isoformat(),
        "valid_until": proposal.valid_until.isoformat(),
        "minimum_months": proposal.minimum_months,
        "minimum_value": None if around.minimum_value is None else _written(around.minimum_value),
        "shows_prices": proposal.shows_prices,
        "tax": around.tax,
        "options": [
            {"id": option.pk, "name": option.name, "description": option.description}
            for option in around.options
        ],
        "lines": written,
        "payments": payments_of(chosen_lines(written, first, set())),
        "terms": {"version": terms.version} if terms else None,
        "letter": list(around.letter) or ([_whole_terms(terms)] if terms else []),
        "brochure": list(around.brochure),
        "has_right_to_cancel": around.has_right_to_cancel,
        "signatories": [person.name for person in signatories],
    }


def _whole_terms(terms: Terms) -> Document:
    return {
        "part": terms.part,
        "title": terms.title,
        "version": terms.version,
        "body": as_html(terms.body),
    }


def _rule_of(line: ProposalLine, proposal: Proposal) -> str:
    """The billing rule in words; without its date where the practice hides the dates of completion (G14)."""
    if line.billing == BillingRule.Billing.ON_COMPLETION and not proposal.shows_completion_dates:
        return BillingRule.Billing.ON_COMPLETION.label
    return line.rule_in_words


def _line(line: ProposalLine, priced_on: date, group: ProposalGroup | None, rule: str) -> Document:
    return {
        "id": line.pk,
        "name": line.name,
        "description": line.description,
        "heading": group.heading if group else "",
        "option": group.option_id if group else None,
        "rule": rule,
        "billing": line.billing,
        "due": list(_due_order(line)),
        "is_included": line.is_included,
        "is_optional": line.is_optional,
        "to_be_confirmed": line.needs_confirming,
        "basis": line.billing_basis,
        "unit": line.unit_name,
        "quantity": f"{line.quantity:.2f}",
        "unit_price": f"{line.unit_price:.4f}",
        "highest_price": None if line.highest_price is None else f"{line.highest_price:.4f}",
        "discount_percent": f"{line.discount_percent:.2f}",
        "vat_rate": line.tax_rate.name,
        "vat_percent": f"{line.tax_rate.percent_on(priced_on):.2f}",
        "deposit": _written(line.deposit_on(priced_on)) if line.deposit else None,
        **_written(line.amounts_on(priced_on)),
    }


def chosen_lines(lines: Sequence[Document], option: int | None, taken: Set[int]) -> list[Document]:
    """The lines of a document that a choice means: the package of this id, and of the add-ons those taken."""
    return [
        line
        for line in lines
        if line["option"] in (None, option) and (not line["is_optional"] or line["id"] in taken)
    ]


def payments_of(lines: Sequence[Document]) -> list[Document]:
    """What lines of a document come to together, in the order it falls due.

    A deposit is due on acceptance and taken off what is due when the work is done.
    """
    groups: dict[tuple[tuple[int, ...], str], list[Amounts]] = {}
    open_prices: set[str] = set()
    billing: dict[str, str] = {}
    for line in lines:
        if line["is_included"]:
            continue
        amounts, rule = _amounts(line), line["rule"]
        if deposit := line["deposit"]:
            upfront = BillingRule.Billing.UPFRONT
            groups.setdefault(((0, 0), upfront.label), []).append(_amounts(deposit))
            billing[upfront.label] = upfront.value
            amounts += Amounts(-_amounts(deposit).net, -_amounts(deposit).vat)
        groups.setdefault((tuple(line["due"]), rule), []).append(amounts)
        billing[rule] = line["billing"]
        if line["to_be_confirmed"]:
            open_prices.add(rule)
    return [
        {
            "rule": rule,
            "billing": billing[rule],
            "to_be_confirmed": rule in open_prices,
            **_written(total(amounts)),
        }
        for (_, rule), amounts in sorted(groups.items(), key=lambda group: group[0][0])
    ]


def _amounts(part: Document) -> Amounts:
    return Amounts(Decimal(part["net"]), Decimal(part["vat"]))


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
    opened.setdefault("tax", TAX)
    return opened


def _open(part: Document) -> Document:
    return {key: _opened(key, value) for key, value in part.items()}


def _opened(key: str, value: Any) -> Any:
    if key in AMOUNTS and value is not None:
        return Decimal(value)
    return date.fromisoformat(value) if key in DATES else value

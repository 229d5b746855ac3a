"""A proposal on paper: the document as a PDF and, once it is signed, the record with the evidence on each page."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from practices.pdf import pdf_of
from practices.rich_text import blocks
from practices.templatetags.dates import written_date, written_instant
from practices.templatetags.money_tags import written
from proposals.choices import settled_choice
from proposals.documents import TAX, Document, chosen_lines, fingerprint, payments_of, readable
from proposals.events import CHAIN_WORDS
from proposals.models import Proposal, ProposalEvent, Signature, Terms

Part = Terms.Part
BEFORE_SERVICES = (Part.COVER,)


def signed_pdf_of(
    proposal: Proposal, signatures: Sequence[Signature], events: Sequence[ProposalEvent], *, at: datetime
) -> bytes:
    """The record of an accepted proposal: what was agreed, who signed, what happened; the same bytes each time."""
    document = proposal.document
    chosen = settled_choice(proposal)
    data = printed(document, option=chosen.option, taken=set(chosen.add_ons), decided=True)
    data["signatures"] = [_signature(signature) for signature in signatures]
    data["events"] = [
        [f"{event.at:%Y-%m-%d %H:%M:%S}", _event_words(event), f"{event.sha256[:12]}…"] for event in events
    ]
    data["footer"] += [_footer(signature) for signature in signatures]
    return pdf_of("proposal", data, at=at)


def _footer(signature: Signature) -> str:
    who = signature.signed_name
    if signature.on_behalf_id:
        return f"Recorded by the practice for {who}, {_utc(signature.signed_at)}"
    return f"Signed by {who}, {_utc(signature.signed_at)}, from {signature.ip or 'an unknown address'}"


def _utc(instant: datetime) -> str:
    return f"{written_instant(instant, 'UTC')} UTC"


def _event_words(event: ProposalEvent) -> str:
    words = CHAIN_WORDS.get(event.kind, event.kind)
    name = event.data.get("name", "")
    return f"{words}: {name}" if name else words


def _signature(signature: Signature) -> dict[str, Any]:
    lines = [_utc(signature.signed_at)]
    if signature.on_behalf_id:
        lines.append(f"Recorded by {signature.on_behalf} of the practice. {signature.reason}")
    else:
        lines.append(f"Network address {signature.ip or 'unknown'}")
        lines.append(f"Browser {signature.user_agent or 'unknown'}")
    lines.append(f"Document SHA-256 {signature.document_sha256}")
    if signature.asks_early_start:
        lines.append("Asked that work begins before the time to cancel is over.")
    return {"name": signature.signed_name, "lines": lines, "strokes": signature.drawing}


def printed(
    document: Document,
    *,
    note: str = "",
    option: int | None = None,
    taken: set[int] | None = None,
    decided: bool = False,
) -> dict[str, Any]:
    """A document as `templates/pdf/proposal.typ` takes it: everything offered, or only what was agreed."""
    offer, currency = readable(document), document["practice"]["currency"]
    first = offer["options"][0]["id"] if offer["options"] else None
    option = option or first
    agreed = chosen_lines(document["lines"], option, taken or set())
    letter = [_part(part) for part in document["letter"]]
    brochure = [{"title": each["title"], "blocks": blocks(each["body"])} for each in document["brochure"]]
    shown = agreed if decided else document["lines"]
    sha256 = fingerprint(document)
    return {
        "title": f"Proposal {document['number']}",
        "subtitle": f"For {document['client']['name']}, from {written_date(offer['starts_on'])}",
        "accent": document["practice"]["colour"],
        "from": {"name": document["practice"]["name"], "lines": _letterhead(document)},
        "to": {"name": document["client"]["name"], "lines": document["client"]["address"]},
        "footer": [
            f"{document['practice']['name']} · {document['number']} · document SHA-256 {sha256}",
            *([note] if note else []),
        ],
        "payments": [_payment(payment, offer, currency) for payment in payments_of(agreed)],
        "tax": offer["tax"],
        "prices_note": _prices_note(offer, currency),
        "message": blocks(document["message"]),
        "before": [part for part in letter if part["part"] in BEFORE_SERVICES] + brochure,
        "schedule_intro": [part for part in letter if part["part"] == Part.SCHEDULE],
        "choice": _choice(document, option) if decided else "",
        "groups": _groups(document, shown, currency, decided=decided),
        "letter": [part for part in letter if part["part"] not in (*BEFORE_SERVICES, Part.SCHEDULE)],
        "signatures": [],
        "events": [],
    }


def _prices_note(offer: Document, currency: str) -> str:
    said = [f"It can be signed until {written_date(offer['valid_until'])}."]
    if offer["tax"]["is_charged"]:
        said.insert(0, f"{offer['tax']['label']} at the rates of {written_date(offer['priced_on'])}.")
    if value := offer.get("minimum_value"):
        worth = written(value["gross"], currency)
        said.append(
            f"In the {offer['minimum_months']} months it is meant to last at least, it comes to {worth}."
        )
    return " ".join(said)


def _letterhead(document: Document) -> list[str]:
    vat = document["practice"]["vat_number"]
    return [*document["practice"]["lines"], *([f"VAT number {vat}"] if vat else [])]


def _part(part: Document) -> dict[str, Any]:
    return {
        "part": part["part"],
        "title": part["title"],
        "version": part["version"],
        "blocks": blocks(part["body"]),
    }


def _payment(payment: Document, offer: Document, currency: str) -> list[str]:
    when = payment["rule"]
    if payment["billing"] == "recurring":
        when = f"{when}, from {written_date(offer['starts_on'])}"
    if payment["to_be_confirmed"]:
        when = f"{when} (to be confirmed)"
    return [when, *(written(Decimal(payment[key]), currency) for key in ("net", "vat", "gross"))]


def _choice(document: Document, option: int | None) -> str:
    return next((f"Package: {each['name']}" for each in document["options"] if each["id"] == option), "")


def _groups(
    document: Document, lines: Sequence[Document], currency: str, *, decided: bool
) -> list[dict[str, Any]]:
    names = {option["id"]: option["name"] for option in document["options"]}
    charged = document.get("tax", TAX)["is_charged"]
    groups: dict[tuple[str, int | None], list[Document]] = {}
    for line in lines:
        groups.setdefault((line["heading"], line["option"]), []).append(line)
    return [
        {
            "heading": heading or "Services",
            "note": f"In package {names[option]}" if option in names and not decided else "",
            "rows": [
                _row(line, currency, shows=document["shows_prices"], decided=decided, charged=charged)
                for line in rows
            ],
        }
        for (heading, option), rows in groups.items()
    ]


def _row(line: Document, currency: str, *, shows: bool, decided: bool, charged: bool) -> dict[str, Any]:
    figures = {key: written(Decimal(line[key]), currency) for key in ("net", "vat", "gross")}
    if line["is_included"]:
        figures = {"net": "", "vat": "", "gross": "Included"}
    elif not shows:
        figures = dict.fromkeys(figures, "")
    return {
        "name": line["name"],
        "detail": _detail(line, currency, shows=shows, decided=decided, charged=charged),
        "description": blocks(line["description"]),
        "billed": line["rule"],
        **figures,
    }


def _detail(line: Document, currency: str, *, shows: bool, decided: bool, charged: bool) -> str:
    said = []
    if line["is_optional"] and not decided:
        said.append("Optional")
    if shows and not line["is_included"]:
        quantity = Decimal(line["quantity"]).normalize()
        unit = f" {line['unit']}" if line["unit"] else ""
        price = written(Decimal(line["unit_price"]), currency)
        rate = f", {line['vat_rate']} {Decimal(line['vat_percent']):g}%" if charged else ""
        said.append(f"{quantity:f}{unit} × {price}{rate}")
    if Decimal(line["discount_percent"]):
        said.append(f"{Decimal(line['discount_percent']):g}% discount")
    if line["to_be_confirmed"]:
        said.append("price to be confirmed")
    if line["deposit"]:
        said.append(f"deposit {written(Decimal(line['deposit']['gross']), currency)} on acceptance")
    return " · ".join(said)

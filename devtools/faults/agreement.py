"""Whether both sides say and owe the same of an invoice, or the page says that they do not."""

from decimal import Decimal
from typing import Any

from invoicing.models import Invoice
from ledger.models import Posting
from sage_integration.models import SageLink
from sage_integration.sync.wanted import newest_link

#: Chips that say nothing is amiss: then both sides have to owe the same.
QUIET = {"in_sage", "paid", "part_paid", "copied_again", "void"}


def disagreement(ours: Invoice, chip: str, business: str, documents: dict[str, dict[str, Any]]) -> str:
    """What is other on both sides and not on screen; empty when all is well. Inside a scope.

    ``chip`` is what the page shows of the invoice, ``documents`` what Sage holds, by id.
    """
    link = newest_link(ours.pk, business)
    if link is None:
        return f"{ours} has no copy; chip {chip}"
    if chip not in QUIET or link.difference:
        return ""
    said, stored = f"chip {chip}", documents.get(link.sage_id)
    if stored is None or _status(stored) == "VOID":
        return "" if ours.status == Invoice.Status.VOID else f"{ours} is gone from Sage; {said}"
    if ours.status == Invoice.Status.VOID:
        return f"{ours} is void here and counts in Sage; {said}"
    copies = SageLink.objects.filter(
        posting__subject_id=ours.pk, posting__kind=Posting.Kind.INVOICE_CREATE
    ).values_list("sage_id", flat=True)
    live = [pk for pk in copies if pk in documents and _status(documents[pk]) != "VOID"]
    if len(live) > 1 and chip == "in_sage":
        return f"{ours} is {len(live)} times in Sage; {said}"
    owed = Decimal(str(stored["outstanding_amount"]))
    if owed != ours.outstanding:
        return f"{ours}: {ours.outstanding} here, {owed} in Sage; {said}"
    copied, there = _as_copied(link.copied), _as_stored(stored)
    return "" if copied == there else f"{ours} was copied as {copied} and reads {there} in Sage; {said}"


def _as_copied(copied: dict[str, Any]) -> list[object]:
    lines = [(line["description"], Decimal(line["net"]), Decimal(line["vat"])) for line in copied["lines"]]
    return [copied["contact"], copied["date"], copied["due_date"], lines]


def _as_stored(document: dict[str, Any]) -> list[object]:
    lines = [
        (line["description"], Decimal(line["net_amount"]), Decimal(line["tax_amount"]))
        for line in document["invoice_lines"]
    ]
    return [document["contact"]["id"], document["date"], document["due_date"], lines]


def _status(document: dict[str, Any]) -> str:
    return str(document["status"]["id"])

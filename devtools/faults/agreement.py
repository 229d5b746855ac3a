"""Whether both sides say and owe the same of an invoice, or the page says that they do not."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from invoicing.models import CreditNote, Invoice
from ledger.models import Posting
from practices.models import AuditEntry
from sage_integration.mappers import Rules
from sage_integration.models import ContactLink, SageLink
from sage_integration.sync.changes import wanted_for
from sage_integration.sync.snapshots import Snapshot, changed_fields
from sage_integration.sync.standing_differences import OF_EARLIER, differing_links
from sage_integration.sync.wanted import newest_link

#: Chips that say nothing is amiss: then both sides have to owe the same.
QUIET = {"in_sage", "paid", "part_paid", "copied_again", "void"}


def disagreement(
    ours: Invoice,
    chip: str,
    business: str,
    documents: dict[str, dict[str, Any]],
    rules: Rules | None,
    *,
    finishes_within: timedelta = timedelta(0),
) -> str:
    """What is other on both sides and not on screen, or on screen and not so; empty when all is well. Inside a scope.

    ``chip`` is what the page shows of the invoice, ``documents`` what Sage holds, by id, ``rules`` those of the company
    that is connected, None without one. Lines that were written so
    soon after the document was read are excused: rows of a list show none, and no poll asks for the document. Whatever
    such a row shows is excused never.
    """
    link = newest_link(ours.pk, business)
    if link is None:
        return f"{ours} has no copy; chip {chip}"
    said, stored = f"chip {chip}", documents.get(link.sage_id)
    leaves_lines_out = stored is not None and _is_finished_later(link, stored, finishes_within)
    is_excused = leaves_lines_out and changed_fields(link.copied, link.in_sage) == ["lines"]
    if link.difference and not is_excused and not _still_differs(ours, link, stored, rules):
        return f"{ours} is told to be {link.difference}, and is not; {said}"
    if chip not in QUIET or link.difference:
        return ""
    if stored is None or _status(stored) == "VOID":
        return "" if ours.status == Invoice.Status.VOID else f"{ours} is gone from Sage; {said}"
    if ours.status == Invoice.Status.VOID:
        return f"{ours} is void here and counts in Sage; {said}"
    return _beside(ours, link, stored, documents, rules, chip=chip, leaves_lines_out=leaves_lines_out)


def earlier_disagreement(
    ours: Invoice, business: str, documents: dict[str, dict[str, Any]], money: Mapping[str, Decimal]
) -> str:
    """What is not said, or not so, of copies that newer ones replaced; empty when all is well. Inside a scope.

    ``money`` is what was paid in Sage on each document, by id.
    """
    links = SageLink.objects.filter(
        business_id=business, posting__subject_id=ours.pk, posting__kind=Posting.Kind.INVOICE_CREATE
    )
    for link in list(links.select_related("posting").order_by("-posting__copy"))[1:]:
        said = f"{link.sage_number}, an earlier copy of {ours}"
        stored = documents.get(link.sage_id)
        standing, expected = (
            link.posting.standing,
            _expected_of_earlier(ours, stored, money.get(link.sage_id)),
        )
        if expected.standing != (standing if standing in Posting.GONE else ""):
            return f"{said} is known as {standing or 'counting'}, and is {expected.standing or 'counting'}"
        # What was told of it while it was the newest is told no more.
        is_told = link.difference in OF_EARLIER
        told = (link.difference, link.difference_in_words) if is_told else ("", "")
        if expected.difference != told[0] or expected.amount not in told[1]:
            return f"{said}: {expected.difference or 'nothing'} {expected.amount}, and told is {told[1]!r}"
        if is_told and not differing_links().filter(pk=link.pk).exists():
            return f"{said} differs, and needs nobody"
        if stored and not standing and Decimal(str(stored["total_amount"])) != link.gross:
            return f"{said} is {stored['total_amount']} in Sage, and {link.gross} is known"
    return ""


class _Expected(NamedTuple):
    standing: str
    difference: str = ""
    amount: str = ""


def _expected_of_earlier(ours: Invoice, stored: dict[str, Any] | None, paid: Decimal | None) -> _Expected:
    if stored is None:
        return _Expected(Posting.Standing.MISSING)
    if _status(stored) == "VOID":
        return _Expected(Posting.Standing.VOID)
    total, owed = (Decimal(str(stored[name])) for name in ("total_amount", "outstanding_amount"))
    standing = Posting.Standing.CLEARED if total - owed - (paid or 0) >= total else ""
    if paid:
        return _Expected(standing, "paid_earlier", f"{paid:,.2f}")
    if standing:
        return _Expected(standing)
    if ours.status == Invoice.Status.VOID:
        return _Expected("", "void_here")
    is_credited = CreditNote.objects.filter(invoice=ours).exists()
    return _Expected("", "credited_here", f"{owed:,.2f}") if is_credited else _Expected("")


def _beside(
    ours: Invoice,
    link: SageLink,
    stored: dict[str, Any],
    documents: dict[str, dict[str, Any]],
    rules: Rules | None,
    *,
    chip: str,
    leaves_lines_out: bool,
) -> str:
    """What is other on an invoice and on its copy, both of which count."""
    # Whether one was credited in full is judged by itself.
    copies = SageLink.objects.filter(
        posting__subject_id=ours.pk, posting__kind=Posting.Kind.INVOICE_CREATE
    ).exclude(posting__standing=Posting.Standing.CLEARED)
    known = copies.values_list("sage_id", flat=True)
    live = [pk for pk in known if pk in documents and _status(documents[pk]) != "VOID"]
    if len(live) > 1 and chip == "in_sage":
        return f"{ours} is {len(live)} times in Sage; chip {chip}"
    owed = Decimal(str(stored["outstanding_amount"]))
    if owed != ours.outstanding:
        return f"{ours}: {ours.outstanding} here, {owed} in Sage; chip {chip}"
    if words := _customer_differs(ours, link, stored):
        return f"{words}; chip {chip}"
    meant, there = _as_kept(_meant(ours, link, rules)), _as_stored(stored)
    if leaves_lines_out:
        meant, there = meant[:-1], there[:-1]
    return "" if meant == there else f"{ours} is meant as {meant} and reads {there} in Sage; chip {chip}"


def _still_differs(ours: Invoice, link: SageLink, stored: dict[str, Any] | None, rules: Rules | None) -> bool:
    """Whether what is told of a copy is so; of kinds that are not known here it is."""
    if link.difference == "missing":
        return stored is None
    if stored is None:
        return True
    totals = [Decimal(str(stored[name])) for name in ("net_amount", "tax_amount")]
    meant = _meant(ours, link, rules) if link.difference == "differing" else {}
    match link.difference:
        case "voided":
            return _status(stored) == "VOID"
        case "void_here":
            return _status(stored) != "VOID"
        case "settled_differently":
            return Decimal(str(stored["outstanding_amount"])) != ours.outstanding
        case "differing":
            return totals != [Decimal(meant["net"]), Decimal(meant["vat"])]
        case "changed":
            return _as_kept(link.copied) != _as_stored(stored)
    return True


def _meant(ours: Invoice, link: SageLink, rules: Rules | None) -> Snapshot:
    """What the copy is to say: the invoice itself, for the customer it was copied to.

    Not what was kept of the copy: a mistake in keeping it would go unseen.
    """
    if rules is None or ours.status != Invoice.Status.ISSUED:
        kept: Snapshot = link.copied
        return kept
    return wanted_for(link.posting, rules).snapshot


def _customer_differs(ours: Invoice, link: SageLink, stored: dict[str, Any]) -> str:
    """Whose name is on the copy in Sage, where it is neither the client's nor the one somebody accepted here last.

    Not by what was kept of the copy: a customer kept by mistake would go unseen.
    """
    there = stored["contact"]
    accepted = AuditEntry.objects.filter(
        action="invoice.customer_in_sage_accepted",
        subject_type=ours._meta.label_lower,
        subject_id=ours.pk,
        at__gte=link.posted_at,
    )
    last = accepted.order_by("-pk").first()
    if last is not None:
        is_meant = there["displayed_as"] == last.data["customer"]
    else:
        contacts = ContactLink.objects.filter(business_id=link.business_id, client=ours.client)
        is_meant = contacts.filter(sage_contact_id=there["id"]).exists()
    return "" if is_meant else f"{ours} is of {ours.client}, and of {there['displayed_as']} in Sage"


def _is_finished_later(link: SageLink, stored: dict[str, Any], within: timedelta) -> bool:
    known = link.in_sage.get("updated_at")
    if not known or not within:
        return False
    later = datetime.fromisoformat(stored["updated_at"]) - datetime.fromisoformat(known)
    return timedelta(0) <= later <= within


def _as_kept(copied: Snapshot) -> list[object]:
    """What is compared of a document; its lines, which no list shows, come last."""
    lines = [(line["description"], Decimal(line["net"]), Decimal(line["vat"])) for line in copied["lines"]]
    totals = [Decimal(copied["net"]), Decimal(copied["vat"])]
    return [copied["contact"], copied["date"], copied["due_date"], *totals, lines]


def _as_stored(document: dict[str, Any]) -> list[object]:
    lines = [
        (line["description"], Decimal(line["net_amount"]), Decimal(line["tax_amount"]))
        for line in document["invoice_lines"]
    ]
    totals = [Decimal(str(document["net_amount"])), Decimal(str(document["tax_amount"]))]
    return [document["contact"]["id"], document["date"], document["due_date"], *totals, lines]


def _status(document: dict[str, Any]) -> str:
    return str(document["status"]["id"])

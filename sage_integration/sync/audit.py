"""The nightly comparison: each posted invoice and credit note is in Sage once, with our total."""

import re
from collections import Counter, defaultdict

import structlog
from django.utils import timezone

from invoicing.models import Invoice
from ledger import copies
from ledger.models import Posting
from ledger.outbox import MARK_ALPHABET
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.further_copies import KEPT_AS, further_copies
from sage_integration.models import SageConnection, SageLink, SyncRun
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import SageError
from sage_integration.sage.resources.documents import VOID
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sessions import open_sage
from sage_integration.sync import outcomes
from sage_integration.sync.comparison import AT_ONCE, Difference, compare, is_as_known
from sage_integration.sync.credit_audit import MOST_READ, audit_credit_notes
from sage_integration.sync.documents import number_of
from sage_integration.sync.settlement import look_at_newest, reread_earlier
from sage_integration.sync.standing_differences import keep_difference
from sage_integration.sync.wanted import newest_link, newest_links, wanted_links, was_read

log = structlog.get_logger(__name__)

Found = dict[str, list[SalesInvoice]]
#: How a reference looks that `ledger.outbox.reference_for` made for an invoice.
OUR_REFERENCE = re.compile(rf"INV-\d{{6,}}-[{MARK_ALPHABET}]{{6}}")
#: Documents compared in one transaction.
CHUNK = 100


def audit_documents() -> SyncRun | None:
    """Compare every posted invoice and credit note with Sage and keep what differs; None without an enabled connection.

    What goes wrong with Sage is kept on the run, not raised.
    """
    with practice_transaction():
        connection = current_connection()
        if connection is None or not connection.is_enabled:
            return None
        run: SyncRun = SyncRun.objects.create(kind=SyncRun.Kind.AUDIT)
        references = _posted(connection.business_id)
        adopted = _adopted(connection.business_id)
    counts: Counter[str] = Counter()
    problems: list[str] = []
    try:
        with open_sage(connection) as sage:
            found = _in_sage(set(references.values()), adopted, sage)
            number_of_credits, of_credits = audit_credit_notes(connection.business_id, sage)
            differences = _compared(list(references), found)
            if not connection.pulls_payments:  # Else the next poll reads them.
                read = _read_wanted(connection.business_id, sage)
                differences += [each for each in read if each not in differences]
    except SageError as error:
        outcomes.pause_business(error, connection.business_id)
        problems.append(str(error))
        log.warning("comparison stopped", failure=type(error).__name__, status=error.status)
    else:
        with practice_transaction():
            differences += [*_unknown(found), *of_credits]
        counts.update(difference.kind for difference in differences)
        problems += [difference.sentence for difference in differences]
        counts["checked"] = len(references)
        if number_of_credits:
            counts["credit_notes"] = number_of_credits
    with practice_transaction():
        found_again = further_copies() if "checked" in counts else []
        kept = {KEPT_AS: found_again} if found_again else {}
        run.finished_at, run.counts, run.problem = timezone.now(), {**counts, **kept}, "\n".join(problems)
        run.save(update_fields=["finished_at", "counts", "problem"])
    return run


def _posted(business_id: str) -> dict[int, str]:
    """The references of posted invoices of a business, by the id of their link."""
    links = SageLink.objects.filter(
        business_id=business_id,
        posting__kind=Posting.Kind.INVOICE_CREATE,
        posting__status=Posting.Status.POSTED,
    )
    return dict(links.order_by("pk").values_list("pk", "posting__reference"))


def _adopted(business_id: str) -> dict[str, str]:
    """The references here of documents that were in Sage before and carry one of somebody else's, by Sage's id."""
    links = SageLink.objects.filter(business_id=business_id, was_adopted=True)
    return dict(links.values_list("sage_id", "posting__reference"))


def _in_sage(references: set[str], adopted: dict[str, str], sage: SageClient) -> Found:
    """Sage's invoices with these references or with one of our making: one reading instead of many searches."""
    found: Found = defaultdict(list)
    for invoice in sage.sales_invoices.list():
        reference = adopted.get(invoice["id"]) or str(invoice.get("reference") or "")
        if reference in references or OUR_REFERENCE.fullmatch(reference):
            found[reference].append(invoice)
    return found


def _unknown(found: Found) -> list[Difference]:
    """Documents with a reference of our making that no posting has: after a restored backup, what left since."""
    ours = {
        reference: documents
        for reference, documents in found.items()
        if OUR_REFERENCE.fullmatch(reference) and any(each["status"]["id"] != VOID for each in documents)
    }
    known = set(Posting.objects.filter(reference__in=list(ours)).values_list("reference", flat=True))
    return [
        Difference(
            "unknown",
            f"{number_of(documents[0])} in Sage has the reference {reference}, and there is no such document here.",
        )
        for reference, documents in sorted(ours.items())
        if reference not in known
    ]


def _compared(link_ids: list[int], found: Found) -> list[Difference]:
    differences: list[Difference] = []
    for start in range(0, len(link_ids), CHUNK):
        with practice_transaction():
            differences += _differences(link_ids[start : start + CHUNK], found)
    return differences


def _read_wanted(business_id: str, sage: SageClient) -> list[Difference]:
    """What differs of documents whose rows told too little, each read itself, the longest waiting first."""
    differences: list[Difference] = []
    with practice_transaction():
        waiting = wanted_links(business_id, MOST_READ)
    for wanted in waiting:
        with practice_transaction():
            newest = newest_link(wanted.posting.subject_id, business_id)
        if newest == wanted:
            difference = look_at_newest(wanted, sage, finishes_within=AT_ONCE)
        else:
            difference = reread_earlier(wanted, sage)
        with practice_transaction():
            keep_difference(wanted, difference)
            differences += [difference] if difference else []
            was_read(wanted)
    return differences


def _differences(link_ids: list[int], found: Found) -> list[Difference]:
    differences: list[Difference] = []
    links = list(SageLink.objects.select_related("posting").filter(pk__in=link_ids).order_by("pk"))
    newest = newest_links([link.posting.subject_id for link in links], links[0].business_id)
    invoices = Invoice.objects.in_bulk(newest)
    locked_until = SageConnection.objects.live().values_list("locked_until", flat=True).first()
    as_known: list[SageLink] = []
    for link in links:
        documents = found.get(link.posting.reference, [])
        differences += _duplicated(link, documents)
        ours = next((each for each in documents if each["id"] == link.sage_id), None)
        invoice = invoices[link.posting.subject_id]
        is_newest = newest[invoice.pk] == link
        if is_newest and ours and is_as_known(link, invoice, ours, locked_until, finishes_within=AT_ONCE):
            as_known.append(link)
            continue
        difference = compare(link, ours, finishes_within=AT_ONCE)
        keep_difference(link, difference)
        if difference:
            differences.append(difference)
    SageLink.objects.filter(pk__in=[link.pk for link in as_known]).update(seen_at=timezone.now())
    copies.mark_found_as_known([link.posting_id for link in as_known])
    return differences


def _duplicated(link: SageLink, documents: list[SalesInvoice]) -> list[Difference]:
    reference, live = link.posting.reference, [each for each in documents if each["status"]["id"] != VOID]
    if len(live) < 2:
        return []
    return [Difference("duplicated", f"{len(live)} documents in Sage carry the reference {reference}.")]

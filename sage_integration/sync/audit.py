"""The nightly comparison: each posted invoice is in Sage once, with our total."""

from collections import Counter, defaultdict

import structlog
from django.utils import timezone

from ledger.models import Posting
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.models import SageConnection, SageLink, SyncRun
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import SageError
from sage_integration.sage.resources.documents import VOID
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sessions import open_sage
from sage_integration.sync import outcomes
from sage_integration.sync.comparison import Difference, compare

log = structlog.get_logger(__name__)

Found = dict[str, list[SalesInvoice]]
#: Documents compared in one transaction.
CHUNK = 100


def audit_documents() -> SyncRun | None:
    """Compare every posted invoice with Sage and keep what differs; None without an enabled connection.

    What goes wrong with Sage is kept on the run, not raised.
    """
    with practice_transaction():
        connection = current_connection()
        if connection is None or connection.status != SageConnection.Status.ENABLED:
            return None
        run: SyncRun = SyncRun.objects.create(kind=SyncRun.Kind.AUDIT)
        references = _posted(connection.business_id)
    counts: Counter[str] = Counter()
    problems: list[str] = []
    try:
        with open_sage(connection) as sage:
            found = _in_sage(set(references.values()), sage)
    except SageError as error:
        outcomes.pause_business(error, connection.business_id)
        problems.append(str(error))
        log.warning("comparison stopped", failure=type(error).__name__, status=error.status)
    else:
        link_ids = list(references)
        for start in range(0, len(link_ids), CHUNK):
            with practice_transaction():
                for difference in _differences(link_ids[start : start + CHUNK], found):
                    counts[difference.kind] += 1
                    problems.append(difference.sentence)
        counts["checked"] = len(references)
    with practice_transaction():
        run.finished_at, run.counts, run.problem = timezone.now(), dict(counts), "\n".join(problems)
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


def _in_sage(references: set[str], sage: SageClient) -> Found:
    """Sage's invoices with these references: one reading of the list instead of a search for each."""
    found: Found = defaultdict(list)
    if references:
        for invoice in sage.sales_invoices.list():
            if (reference := invoice.get("reference")) in references:
                found[str(reference)].append(invoice)
    return found


def _differences(link_ids: list[int], found: Found) -> list[Difference]:
    differences: list[Difference] = []
    for link in SageLink.objects.select_related("posting").filter(pk__in=link_ids).order_by("pk"):
        copies = found.get(link.posting.reference, [])
        live = [copy for copy in copies if copy["status"]["id"] != VOID]
        if len(live) > 1:
            differences.append(
                Difference(
                    "duplicated",
                    f"{len(live)} documents in Sage carry the reference {link.posting.reference}.",
                )
            )
        ours = next((copy for copy in copies if copy["id"] == link.sage_id), None)
        if difference := compare(link, ours):
            differences.append(difference)
    return differences

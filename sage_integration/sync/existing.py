"""Looking in Sage for invoices that were typed in there before: what we hold may be among them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import structlog
from django.utils import timezone

from invoicing.models import Invoice
from ledger.models import Posting
from practices.tenancy import practice_transaction
from sage_integration.adoption.matching import Ours, Pair, Theirs, pair_up
from sage_integration.connections import current_connection
from sage_integration.models import AdoptionOffer, ContactLink, SageContact, SageLink, SyncRun
from sage_integration.sage.errors import SageError, UnexpectedAnswer
from sage_integration.sage.resources.documents import DRAFT, VOID
from sage_integration.sage.resources.resource import web_address
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sessions import open_sage
from sage_integration.sync import outcomes
from sage_integration.sync.documents import amounts_of, fingerprint_of, number_of
from sage_integration.sync.runs import finish_run, run_to_do

log = structlog.get_logger(__name__)


def find_existing_invoices() -> SyncRun | None:
    """Compare what is held here with what is in Sage, and keep the likely pairs; None without a company.

    Opens transactions of its own; what goes wrong with Sage is kept on the run, and the offers are as they were.
    """
    with practice_transaction():
        connection = current_connection()
        if connection is None or not connection.business_id:
            return None
        run = run_to_do(SyncRun.Kind.EXISTING)
        ours = _held(connection.business_id)
    try:
        with open_sage(connection) as sage:
            stored = {row["id"]: row for row in sage.sales_invoices.list()} if ours else {}
    except SageError as error:
        outcomes.pause_business(error, connection.business_id)
        log.warning("reading invoices from before failed", error=type(error).__name__, status=error.status)
        with practice_transaction():
            finish_run(run, problem=str(error))
        return run
    with practice_transaction():
        known = SageLink.objects.filter(business_id=connection.business_id)
        linked = set(known.values_list("sage_id", flat=True))
        free = {key: row for key, row in stored.items() if key not in linked}
        book = SageContact.objects.of_business(connection.business_id)
        names = dict(book.values_list("sage_id", "name"))
        pairs = pair_up(ours, list(_readable(free.values(), names)))
        _keep(pairs, free, connection.business_id)
        counts = {"held": len(ours), "in_sage": len(stored), "sure": sum(pair.is_sure for pair in pairs)}
        finish_run(run, counts=counts | {"unsure": len(pairs) - counts["sure"]})
    return run


def _held(business_id: str) -> list[Ours]:
    """The invoices that wait to be released and were never sent."""
    held = Posting.objects.filter(
        kind=Posting.Kind.INVOICE_CREATE, status=Posting.Status.HELD, attempted_at=None
    )
    by_subject = dict(held.values_list("subject_id", "pk"))
    links = ContactLink.objects.filter(business_id=business_id)
    contacts = dict(links.values_list("client_id", "sage_contact_id"))
    invoices = Invoice.objects.filter(pk__in=by_subject, number__isnull=False).select_related("client")
    return [
        Ours(
            key=by_subject[invoice.pk],
            number=invoice.number or 0,
            dated_on=invoice.tax_point,
            net=invoice.net,
            vat=invoice.vat,
            client_name=invoice.client.name,
            sage_contact_id=contacts.get(invoice.client_id, ""),
        )
        for invoice in invoices.order_by("pk")
    ]


def _readable(rows: Iterable[SalesInvoice], names: Mapping[str, str]) -> Iterator[Theirs]:
    """Invoices that count over there and can be understood; void ones are nobody's.

    ``names`` are the contacts' names: what Sage displays may have a reference in brackets behind it (FACTS.md 6).
    """
    for row in rows:
        try:
            amounts, dated_on = amounts_of(row), date.fromisoformat(row["date"])
        except (UnexpectedAnswer, KeyError, ValueError):
            continue
        if row["status"]["id"] != VOID:
            yield Theirs(
                key=row["id"],
                number=number_of(row),
                reference=str(row.get("reference") or ""),
                dated_on=dated_on,
                net=amounts.net,
                vat=amounts.vat,
                contact_id=row["contact"]["id"],
                contact_name=names.get(row["contact"]["id"], row["contact"]["displayed_as"]),
            )


def _keep(pairs: list[Pair], stored: dict[str, SalesInvoice], business_id: str) -> None:
    """Replace the offers by these."""
    AdoptionOffer.objects.all().delete()
    AdoptionOffer.objects.bulk_create(
        AdoptionOffer(
            posting_id=pair.ours.key,
            business_id=business_id,
            sage_id=pair.theirs.key,
            sage_number=pair.theirs.number,
            reference=pair.theirs.reference[:60],
            dated_on=pair.theirs.dated_on,
            net=pair.theirs.net,
            vat=pair.theirs.vat,
            sage_contact_id=pair.theirs.contact_id,
            contact_name=pair.theirs.contact_name[:255],
            is_draft=stored[pair.theirs.key]["status"]["id"] == DRAFT,
            fingerprint=fingerprint_of(stored[pair.theirs.key]),
            web_address=(web_address(stored[pair.theirs.key].get("links")) or "")[:300],
            evidence=[each.name for each in pair.evidence],
            is_sure=pair.is_sure,
            found_at=timezone.now(),
        )
        for pair in pairs
    )

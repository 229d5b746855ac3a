"""Posting an invoice when nothing goes wrong, and refusing to post what is not ready."""

from decimal import Decimal

from ledger.models import Posting
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from sage_integration.models import ContactLink, SageLink
from tests.integration.sage_integration.posting import (
    issued_invoice,
    posting_of,
    push_once,
)


def test_an_issued_invoice_reaches_sage_with_our_total_to_the_penny_f60_f66(brook, enabled, sage):
    invoice = issued_invoice(brook, prices=("33.335", "0.01"))
    assert push_once(brook) == 1
    posting = posting_of(invoice)
    [stored] = sage.sales_invoices(reference=posting.reference)
    assert posting.status == Posting.Status.POSTED, posting.failure_detail
    assert posting.external_id == stored["id"]
    assert posting.external_number == stored["invoice_number"]
    assert posting.external_url.startswith(("http://", "https://"))
    assert Decimal(stored["total_amount"]) == invoice.gross
    assert Decimal(stored["tax_amount"]) == invoice.vat
    assert (stored["date"], stored["due_date"]) == (invoice.tax_point.isoformat(), invoice.due_on.isoformat())
    with practice_scope(brook.pk):
        link = SageLink.objects.get(posting=posting)
        assert (link.sage_id, link.net, link.vat) == (stored["id"], invoice.net, invoice.vat)
        assert not link.was_adopted
        assert AuditEntry.objects.filter(action="posting.posted", subject_id=posting.pk).count() == 1
        assert ContactLink.objects.get().sage_contact_id == stored["contact"]["id"]

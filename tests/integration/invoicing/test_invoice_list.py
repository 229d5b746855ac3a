"""What the list of invoices says beside their figures."""

from datetime import UTC, datetime, timedelta

from invoicing.models import Invoice
from ledger.models import Posting
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import an_invoice


def test_the_list_says_how_late_an_invoice_is_and_its_file_when_sage_was_looked_at(brook, client_of):
    with practice_scope(brook.pk):
        late = an_invoice(on=brook.today() - timedelta(days=30))
        Invoice.objects.filter(pk=late.pk).update(due_on=brook.today() - timedelta(days=12))
        checked = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
        Posting.objects.filter(subject_id=late.pk).update(checked_at=checked)
    browser = client_of("alice")
    assert "Overdue 12 days" in browser.get("/p/brook-co/invoices/").text
    assert "Overdue 12 days" in browser.get(f"/p/brook-co/invoices/{late.pk}/").text
    file = browser.get("/p/brook-co/invoices/?columns=state&columns=checked&file=csv")
    rows = b"".join(file.streaming_content).decode().splitlines()
    assert rows[1].split(",")[1:] == ["Overdue", "2026-11-20 09:30:00+00:00"]

"""The main path of screens that no longer journey passes: bulk acts, a credit note, what needs somebody, settings."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from invoicing.models import Invoice
from ledger.models import Posting
from ledger.outbox import mark_failed
from practices.job_steps import run_live_jobs
from practices.tenancy import acting_for, practice_scope
from tests.browser.workers import work
from tests.integration.invoicing.documents import MONTHLY, a_client, a_schedule, an_invoice
from tests.sage import connected


@pytest.fixture
def invoiced(brook, sage) -> list[Invoice]:
    """A connected practice with two invoices of one client, copied to Sage."""
    connected(brook, sage)
    with practice_scope(brook.pk):
        client = a_client("Acme Dental Ltd")
        invoices = [an_invoice(client, on=brook.today()) for _ in range(2)]
    work(brook)
    return invoices


def test_4_10_4_14_invoices_are_paid_in_bulk_and_one_is_credited(invoiced, brook, alice):
    alice.get_by_role("link", name="Invoices", exact=True).click()
    alice.get_by_label("Select INV-000002").check()
    alice.get_by_label("With those").select_option(label="Mark as paid today")
    alice.get_by_role("button", name="Do it").click()
    expect(alice.get_by_role("heading", level=1)).to_contain_text("Mark as paid")
    with acting_for(brook.pk):
        run_live_jobs()
    alice.reload()
    expect(alice.get_by_role("region", name="Rows", exact=True)).to_contain_text("INV-000002")

    alice.goto(f"/p/{brook.slug}/invoices/payments/")
    expect(alice.locator("tfoot")).to_contain_text("1 payment")
    alice.get_by_label("Client, reference or invoice number").fill("nobody")
    expect(alice.get_by_text("No payment matches")).to_be_visible()

    alice.goto(f"/p/{brook.slug}/invoices/{invoiced[0].pk}/credit/")
    alice.get_by_label("Reason").fill("Billed twice")
    alice.get_by_role("button", name="Issue and copy to Sage").click()
    expect(alice.get_by_role("heading", level=1)).to_contain_text("CN-")
    alice.goto(f"/p/{brook.slug}/credit-notes/")
    expect(alice.locator(".row-link")).to_have_count(1)


def test_4_17_4_19_what_needs_somebody_is_put_off_and_settings_say_what_is_not_saved(invoiced, brook, alice):
    with practice_scope(brook.pk):
        refused = an_invoice(invoiced[0].client, on=brook.today())
        mark_failed(Posting.objects.get(subject_id=refused.pk, status="pending"), failure="RateNotMapped")
    alice.goto(f"/p/{brook.slug}/inbox/")
    alice.get_by_label("Select INV-").check()
    alice.get_by_role("button", name="Put off for a week").click()
    expect(alice.get_by_text("1 thing is put off for a week.")).to_be_visible()
    alice.get_by_role("link", name="Put off").click()
    expect(alice.locator(".row-link")).to_have_count(1)

    alice.goto(f"/p/{brook.slug}/sage/settings/")
    bar = alice.get_by_label("Unsaved changes")
    expect(bar).to_be_hidden()
    alice.get_by_label("Include service descriptions").click()
    expect(bar).to_contain_text("1 unsaved change")
    bar.get_by_role("button", name="Discard").click()
    expect(bar).to_be_hidden()


def test_4_18_services_are_paused_together_from_the_billing_page(brook, alice):
    with practice_scope(brook.pk):
        client = a_client("Acme Dental Ltd")
        for name in ("Payroll", "Bookkeeping"):
            a_schedule(MONTHLY | {"name": name, "price": str(Decimal(100))}, client=client, on=brook.today())
    alice.get_by_role("link", name="Billing", exact=True).click()
    alice.get_by_label("Select all services of this page").check()
    alice.get_by_label("Selected rows").get_by_role("button", name="Pause").click()
    expect(alice.get_by_text("2 services are paused.")).to_be_visible()
    expect(alice.get_by_text("Paused", exact=True)).to_have_count(2)

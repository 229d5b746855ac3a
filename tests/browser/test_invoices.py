"""From an accepted proposal to an invoice in Sage and its payments, and billing that bills once."""

import pytest
from playwright.sync_api import Page, expect

from practices.tenancy import practice_scope
from tests.browser.workers import work
from tests.integration.proposals.offers import (
    MONTHLY,
    ON_COMPLETION,
    UPFRONT,
    a_client,
    a_line,
    a_sent,
    sign,
)
from tests.sage import connected


@pytest.fixture
def engaged(brook, sage) -> None:
    """A connected practice whose client has accepted work of each billing rule."""
    connected(brook, sage)
    today = brook.today()
    with practice_scope(brook.pk):
        lines = [
            a_line(UPFRONT, "Company set-up", "250"),
            a_line(ON_COMPLETION, "Annual accounts", "850"),
            a_line(MONTHLY, "Bookkeeping", "180"),
        ]
        client = a_client("Mara Hill", name="Acme Dental Ltd")
        sign(a_sent(*lines, client=client, on=today, starts_on=today.replace(day=1)), on=today)


def test_an_invoice_reaches_sage_and_what_is_paid_there_comes_back(engaged, brook, alice):
    work(brook)
    alice.get_by_role("link", name="Invoices", exact=True).click()
    alice.locator(".row-link").first.click()
    rail, head = alice.get_by_label("About this invoice"), alice.locator(".page-header")
    expect(rail).to_contain_text("In Sage")
    expect(head).to_contain_text("Unpaid")
    number = rail.get_by_role("link", name="SI-")

    with alice.context.expect_page() as opened:
        number.click()
    sage: Page = opened.value
    for amount, left, standing in (("100.00", "200.0", "Part paid"), ("200.00", "0.0", "Paid")):
        sage.get_by_label("Amount").last.fill(amount)
        sage.get_by_role("button", name="Record payment").click()
        expect(sage.locator("main")).to_contain_text(f"outstanding {left}")
        work(brook)
        alice.reload()
        expect(head.get_by_text(standing, exact=True)).to_be_visible()
    expect(alice.get_by_role("row").filter(has_text="Paid, credited or written off so far")).to_contain_text(
        "£300.00"
    )


def test_work_marked_complete_and_a_billing_run_pressed_twice_bill_once(engaged, brook, alice):
    alice.get_by_role("link", name="Billing", exact=True).click()
    alice.get_by_role("link", name="To complete").click()
    alice.get_by_role("button", name="Mark complete", exact=True).click()
    expect(alice.get_by_role("heading", name="INV-000002")).to_be_visible()
    for _ in range(2):
        alice.get_by_role("link", name="Billing", exact=True).click()
        alice.get_by_role("link", name="To complete").click()
        expect(alice.get_by_text("No work waits to be marked complete.")).to_be_visible()
        alice.get_by_role("button", name="Run billing now").click()
    alice.get_by_role("link", name="Invoices", exact=True).click()
    rows = alice.locator("tbody tr")
    expect(rows).to_have_count(3)
    for gross in ("£300.00", "£1,020.00", "£216.00"):
        expect(rows.filter(has_text=gross)).to_have_count(1)

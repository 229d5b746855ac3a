"""A month end with 400 clients, approved, billed and signed off without touching the mouse (G75)."""

import os

import pytest
from playwright.sync_api import Page, expect

from invoicing.models import ComingBill, Invoice
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import (
    MONTHLY,
    a_client,
    a_schedule,
    bill_without_asking,
    many_schedules,
)

CLIENTS = 400


@pytest.fixture
def month_end(brook) -> None:
    """A practice that approves its bills, with 400 clients billed today."""
    with practice_scope(brook.pk):
        bill_without_asking(needs_approval=True)
        many_schedules(CLIENTS, on=brook.today())


def press(page: Page, label: str) -> None:
    page.get_by_role("button", name=label, exact=True).press("Enter")


def picture(page: Page, name: str) -> None:
    """A look for whoever asks for one."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_g75_a_month_of_400_clients_is_approved_billed_and_signed_off_by_keyboard(month_end, brook, alice):
    alice.get_by_role("link", name="Billing", exact=True).press("Enter")
    alice.get_by_role("link", name="Month end", exact=True).press("Enter")
    expect(alice.locator("#balance")).to_contain_text("£48,000.00 waiting")
    picture(alice, "month-end-before")
    alice.wait_for_load_state()  # a key pressed before the scripts are there is nobody's
    alice.keyboard.press("j")
    alice.keyboard.press("x")
    alice.get_by_label("Everybody in this view").press("Space")
    press(alice, "Approve")
    expect(alice.get_by_text("400 bills are approved")).to_be_visible()
    expect(alice.locator("#balance")).to_contain_text("£48,000.00 ready")
    press(alice, "Run billing now")
    expect(alice.get_by_text("400 invoices issued for 400 periods")).to_be_visible()
    alice.get_by_role("link", name="Month end", exact=True).press("Enter")
    expect(alice.locator("#balance")).to_contain_text("£48,000.00 billed")
    press(alice, "Sign off…")
    press(alice, "Sign off")
    expect(alice.get_by_text("Signed off by Alice")).to_be_visible()
    picture(alice, "month-end-after")
    with practice_scope(brook.pk):
        assert ComingBill.objects.filter(approved_at__isnull=False).count() == CLIENTS
        assert Invoice.objects.issued().count() == CLIENTS


def test_g65_g68_a_bill_is_changed_and_issued_from_the_clients_schedule(brook, alice):
    with practice_scope(brook.pk):
        client = a_client("Mara Hill Ltd")
        a_schedule(
            MONTHLY | {"name": "Bookkeeping"}, client=client, starts_on=brook.today(), on=brook.today()
        )
    alice.get_by_role("link", name="Clients", exact=True).click()
    alice.get_by_role("link", name="Mara Hill Ltd").first.click()
    alice.get_by_role("link", name="Billing schedule").click()
    picture(alice, "client-schedule")
    alice.get_by_role("link", name="Change this bill").first.click()
    alice.get_by_label("Price each, net").fill("80")
    picture(alice, "bill-edit")
    alice.get_by_role("button", name="Save").click()
    expect(alice.get_by_text("Changed this once")).to_be_visible()
    alice.get_by_label("Select Bookkeeping").first.check()
    alice.get_by_role("button", name="Review and issue what is ticked").click()
    expect(alice.get_by_text("One invoice results")).to_be_visible()
    picture(alice, "client-bill")
    alice.get_by_role("button", name="Issue", exact=True).click()
    expect(alice.get_by_text("1 invoice is issued, £96.00 including VAT")).to_be_visible()
    alice.get_by_role("link", name="Billing schedule").click()
    alice.get_by_role("link", name="Bookkeeping").first.click()
    expect(alice.get_by_text("INV-000001")).to_be_visible()
    picture(alice, "schedule-detail")

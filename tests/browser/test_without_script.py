"""The pages of the staff with JavaScript switched off: slower, and nothing is missing."""

import re

import pytest
from playwright.sync_api import Page, expect

from practices.tenancy import practice_scope
from tests.integration.proposals.offers import a_client, a_service


@pytest.fixture
def plain(cast, browser_of) -> Page:
    """Alice's browser, which runs no script, on the home page of Brook & Co."""
    plain = browser_of(cast.alice, java_script_enabled=False)
    plain.goto(f"/p/{cast.brook.slug}/")
    return plain


def test_a_client_is_added_and_found_again(plain):
    plain.get_by_role("link", name="Clients", exact=True).click()
    plain.get_by_role("link", name="Add client").first.click()
    plain.get_by_label("Client name").fill("Birch Ltd")
    plain.get_by_label("Name", exact=True).fill("Bea Birch")
    plain.get_by_label("E-mail address").fill("bea@birch.example")
    plain.get_by_label("Signs proposals").check()
    plain.get_by_role("button", name="Save client").click()
    expect(plain.get_by_role("heading", name="Birch Ltd", level=1)).to_be_visible()
    plain.get_by_role("link", name="Clients", exact=True).first.click()
    plain.get_by_label("Name, number, postcode or e-mail").fill("bir")
    plain.keyboard.press("Enter")
    expect(plain.locator(".row-link")).to_have_text(["Birch Ltd"])


def test_a_service_is_added(plain):
    plain.get_by_role("link", name="Library", exact=True).click()
    plain.get_by_role("link", name="Add service").first.click()
    plain.get_by_label("Service", exact=True).fill("Payroll")
    plain.get_by_label("Price before VAT").fill("6.50")
    plain.get_by_label("VAT rate").select_option(label="Standard rate")
    plain.get_by_role("button", name="Save service").click()
    expect(plain.get_by_role("heading", name="Payroll", level=1)).to_be_visible()
    expect(plain.locator("main")).to_contain_text("£6.50")


def test_a_proposal_is_drafted_step_by_step_and_sent(plain, brook):
    with practice_scope(brook.pk):
        a_client("Mara Hill")
        a_service()
    plain.get_by_role("link", name="Proposals", exact=True).click()
    plain.get_by_role("link", name="New proposal").first.click()
    plain.get_by_label(re.compile("^Find a client")).fill("Acme")
    plain.get_by_role("button", name="Find").click()
    plain.get_by_label(re.compile("Acme Dental Ltd")).check()
    plain.get_by_label("Internal name").fill("Books")
    plain.get_by_role("button", name="Start the draft").click()
    plain.get_by_label("Service", exact=True).select_option(label="Bookkeeping")
    plain.get_by_role("button", name="Add service").click()
    plain.get_by_label("Quantity of Bookkeeping").fill("2")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.locator("main")).to_contain_text("£200.00")
    plain.get_by_role("link", name="Check and send").click()
    plain.get_by_role("button", name="Send", exact=True).click()
    expect(plain.locator("main")).to_contain_text("Sent")
    expect(plain.get_by_label("Whoever has this link can read and sign")).to_have_value(
        re.compile("/proposals/")
    )


def test_an_instant_bill_is_issued(plain, brook):
    with practice_scope(brook.pk):
        a_client("Mara Hill")
        a_service()
    plain.get_by_role("link", name="Invoices", exact=True).click()
    plain.get_by_role("link", name="Instant bill").first.click()
    plain.get_by_label("Client", exact=True).select_option(label="Acme Dental Ltd")
    plain.get_by_label(re.compile("^Service")).first.select_option(label="Bookkeeping")
    plain.get_by_role("button", name="Issue now").click()
    expect(plain.get_by_role("heading", level=1)).to_contain_text("INV-")
    expect(plain.locator("main")).to_contain_text("£120.00")

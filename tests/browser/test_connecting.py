"""F03–F07: connecting Sage through its own sign-in page, in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.sage import COMPANY


@pytest.fixture
def sage_tab(alice) -> Page:
    """Sage's consent page, in the tab that Connect opened."""
    alice.get_by_role("link", name="Sage", exact=True).click()
    alice.get_by_role("link", name="Connect Sage").click()
    with alice.context.expect_page() as opened:
        alice.get_by_role("button", name="Connect Sage").click()
    expect(opened.value.get_by_role("heading", name="Connect to the Sage sandbox")).to_be_visible()
    return opened.value


def test_f03_f07_connecting_leads_from_sages_own_page_through_every_step_to_enable(sage_tab):
    page = sage_tab
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Which company do invoices go to?")).to_be_visible()
    page.get_by_label(COMPANY).check()
    page.get_by_role("button", name="Connect this company").click()
    expect(page.get_by_role("heading", name="Is this company ready for invoices?")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Sales accounts of services")).to_be_visible()
    page.get_by_role("button", name="Save accounts").click()
    expect(page.get_by_role("heading", name="Which VAT rate is which")).to_be_visible()
    page.get_by_role("button", name="Save VAT rates").click()
    expect(page.get_by_role("heading", name="Which contact will each client be?")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Invoices made before Sage was connected")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="How invoices arrive in Sage")).to_be_visible()
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("heading", name="The next bills, as Sage will show them")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="Sage", exact=True).click()
    page.get_by_role("link", name="Open", exact=True).click()
    page.get_by_role("button", name="Enable app").first.click()
    expect(page.locator(".toast")).to_contain_text(f"invoices are copied to {COMPANY}")
    expect(page.get_by_role("button", name="Enable app")).to_have_count(0)


def test_a_company_outside_the_united_kingdom_cannot_be_chosen(sage_tab):
    page = sage_tab
    page.get_by_role("button", name="Allow").click()
    irish = page.get_by_role("row").filter(has=page.get_by_role("cell", name=re.compile("Ireland|^IE$")))
    expect(irish.get_by_role("radio")).to_be_disabled()
    expect(irish).to_contain_text("only companies in the United Kingdom can be connected")


def test_denied_consent_ends_on_a_page_that_says_nothing_was_connected(sage_tab):
    page = sage_tab
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="Apps")).to_be_visible()
    expect(page.locator(".toast")).to_be_visible()
    expect(page.get_by_role("link", name="Connect Sage")).to_be_visible()

"""From a draft to a signature: the practice sends, the client signs on a phone that runs no script."""

from playwright.sync_api import expect

from practices.tenancy import practice_scope
from tests.browser.conftest import PHONE
from tests.browser.messages import link_in_newest_message
from tests.integration.proposals.offers import MONTHLY, ON_COMPLETION, a_draft, a_line


def test_a_draft_is_sent_and_signed_on_a_phone_without_script(brook, alice, visitor):
    with practice_scope(brook.pk):
        lines = [a_line(), a_line(ON_COMPLETION, "Annual accounts", "850"), a_line(MONTHLY, "Payroll", "78")]
        a_draft(*lines, on=brook.today())
    alice.get_by_role("link", name="Proposals", exact=True).click()
    alice.locator(".row-link").first.click()
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(alice.get_by_role("button", name="Send again")).to_be_visible()

    phone = visitor(**PHONE, java_script_enabled=False)
    phone.goto(link_in_newest_message(alice))
    expect(phone.get_by_role("heading", level=1)).to_contain_text("£120.00 when you accept")
    phone.get_by_label("Type your full name to sign").fill("Mara Hill")
    phone.get_by_role("button", name="Sign and accept").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("You have accepted this proposal")
    expect(phone.locator("#signed")).to_contain_text("Mara Hill")

    phone.reload()
    expect(phone.get_by_role("heading", level=1)).to_have_text("You have accepted this proposal")
    alice.get_by_role("link", name="Invoices", exact=True).click()
    expect(alice.locator("tbody tr")).to_have_count(1)
    expect(alice.locator("tbody tr")).to_contain_text("£120.00")


def test_without_a_name_nothing_is_signed_and_the_page_says_so(brook, alice, visitor, watch):
    with practice_scope(brook.pk):
        a_draft(on=brook.today())
    alice.get_by_role("link", name="Proposals", exact=True).click()
    alice.locator(".row-link").first.click()
    alice.get_by_role("button", name="Send", exact=True).click()

    phone = visitor(**PHONE, java_script_enabled=False)
    phone.goto(link_in_newest_message(alice))
    phone.get_by_label("Type your full name to sign").fill("   ")
    phone.get_by_role("button", name="Sign and accept").click()
    expect(phone.locator("[data-form-errors]")).to_be_visible()
    watch.expect_refusals(422)

"""The copy dialog refreshes what it shows while a person goes on typing: nothing typed or ticked is lost."""

from playwright.sync_api import Route, expect

from practices.tenancy import practice_scope
from tests.browser.workers import work
from tests.integration.sage_integration.posting import add_client, issue, line
from tests.sage import connected


def test_f75_what_is_typed_and_ticked_while_the_dialog_refreshes_stays(brook, sage, alice):
    connected(brook, sage)
    with practice_scope(brook.pk):
        invoice = issue(add_client(), line(), on=brook.today())
    work(brook)
    page = alice
    page.goto(f"{page.url.split('/p/')[0]}/p/brook-co/sage/invoices/{invoice.pk}/copy/")
    why, again = page.get_by_label("Why a second one"), page.get_by_label("Sage is to hold this once more")
    without = page.get_by_label("Copy it without VAT all the same")
    expect(without).to_be_hidden()
    page.get_by_label("VAT of every line").select_option("none")
    expect(without).to_be_visible()

    slow: list[Route] = []
    page.route("**/copy/", lambda route: route.continue_() if slow else slow.append(route))
    page.get_by_label("Number in Sage").fill("X-77")
    why.focus()
    while not slow:
        page.wait_for_timeout(50)
    why.press_sequentially("Lost")
    without.check()
    again.check()
    slow[0].continue_()
    expect(page.locator("#beside")).to_contain_text("X-77")

    expect(why).to_have_value("Lost")
    expect(without).to_be_checked()
    expect(again).to_be_checked()
    page.get_by_label("VAT of every line").select_option("")
    expect(without).to_be_hidden()

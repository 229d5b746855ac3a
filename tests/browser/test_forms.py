"""What a refused form and a dialog do with the focus, and that a click in a row opens it."""

from playwright.sync_api import expect

from practices.tenancy import practice_scope
from tests.browser.soundness import findings_on
from tests.integration.invoicing.documents import an_invoice


def test_a_refused_form_says_why_at_its_head_and_takes_the_focus_there(alice, watch):
    alice.get_by_role("link", name="Clients", exact=True).click()
    alice.get_by_role("link", name="Add client").first.click()
    alice.get_by_label("Client name").fill("Ash Ltd")
    alice.get_by_label("Name", exact=True).fill("Ann Ash")
    alice.get_by_label("Signs proposals").check()
    with alice.expect_navigation() as answer:
        alice.get_by_role("button", name="Save client").click()
    expect(alice.locator(".field[data-invalid] .error")).to_have_text(
        "Whoever signs proposals needs an e-mail address."
    )
    expect(alice.get_by_label("Client name")).to_have_value("Ash Ltd")
    expect(alice.locator("[data-form-errors]")).to_be_focused()
    watch.expect_refusals(422)
    assert findings_on(alice, answer.value.text()) == []


def test_a_dialog_takes_the_focus_to_its_harmless_button_and_gives_it_back(brook, alice):
    with practice_scope(brook.pk):
        an_invoice(on=brook.today())
    alice.get_by_role("link", name="Invoices", exact=True).click()
    alice.get_by_role("cell", name="Acme Dental Ltd").click()
    opener = alice.get_by_role("button", name="Void…")
    opener.click()
    expect(alice.get_by_role("button", name="Keep it")).to_be_focused()
    alice.keyboard.press("Escape")
    expect(opener).to_be_focused()
    expect(alice.get_by_role("dialog", name="Void this invoice?")).to_be_hidden()

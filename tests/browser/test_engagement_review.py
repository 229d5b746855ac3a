"""A junior drafts, a manager reviews and sends, two people sign, the evidence holds; then a fee changes."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from playwright.sync_api import expect

from practices.tenancy import practice_scope
from tests.browser.conftest import PHONE
from tests.browser.messages import link_in_newest_message
from tests.integration.proposals.offers import MONTHLY, a_client, a_draft, a_line


def test_a_junior_drafts_a_manager_reviews_and_sends_two_sign_and_the_evidence_holds(
    brook, cast, browser_of, alice, visitor, capsys
):
    """G19, G26, G27, G43: draft, in review, given back, approved, sent, part signed, accepted, verified."""
    with practice_scope(brook.pk):
        client = a_client("Mara Hill", "Noor Aziz")
        draft = a_draft(a_line(price="250"), a_line(MONTHLY), client=client, on=brook.today())
    page = f"/p/{brook.slug}/proposals/{draft.pk}/"
    bob = browser_of(cast.bob)
    bob.goto(f"{page}edit/check/")
    expect(bob.get_by_role("button", name="Send", exact=True)).to_have_count(0)
    bob.get_by_role("button", name="Ask for review").click()
    expect(bob.locator(".page-header")).to_contain_text("In review")

    alice.goto(page)
    alice.get_by_text("Give it back with a comment").click()
    alice.get_by_label("What is to be changed").fill("Please check the price.")
    alice.get_by_role("button", name="Give back").click()
    bob.goto(f"{page}edit/services/")
    expect(bob.locator("main")).to_contain_text("Please check the price.")
    price = bob.get_by_label("Price of each Bookkeeping").first
    price.fill("260")
    expect(bob.locator("#save-state")).to_contain_text("Saved at")
    bob.goto(f"{page}edit/check/")
    bob.get_by_role("button", name="Ask for review").click()

    alice.goto(page)
    alice.locator("#review").get_by_role("button", name="Approve").click()
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(alice.get_by_role("button", name="Send again")).to_be_visible()
    for name in ("Mara Hill", "Noor Aziz"):
        phone = visitor(**PHONE, java_script_enabled=False)
        phone.goto(link_in_newest_message(alice))
        phone.get_by_label("Type your full name to sign").fill(name)
        phone.get_by_role("button", name="Sign and accept").click()
        if name == "Mara Hill":
            alice.goto(f"/p/{brook.slug}/proposals/?status=part_signed")
            expect(alice.locator("tbody")).to_contain_text("1 of 2 signed")
    expect(phone.get_by_role("heading", level=1)).to_have_text("You have accepted this proposal")
    expect(phone.locator("main")).to_contain_text("£312.00")

    alice.goto(page)
    with alice.expect_download() as download:
        alice.get_by_role("link", name="Evidence file").first.click()
    file = Path(download.value.path())
    call_command("verify_evidence", str(file))
    assert "As it was handed out" in capsys.readouterr().out
    altered = bytearray(file.read_bytes())
    altered[len(altered) // 2] ^= 1
    file.write_bytes(altered)
    with pytest.raises(CommandError, match="NOT as it was handed out"):
        call_command("verify_evidence", str(file))


def test_an_active_service_is_changed_with_before_and_after_and_a_letter(brook, alice, visitor):
    """G35: the change is looked at before it is saved, and waits for its day."""
    with practice_scope(brook.pk):
        a_draft(a_line(MONTHLY), on=brook.today())
        day = brook.today() + timedelta(days=40)
    alice.goto(f"/p/{brook.slug}/proposals/")
    alice.locator(".row-link").first.click()
    alice.get_by_role("button", name="Send", exact=True).click()
    phone = visitor(**PHONE, java_script_enabled=False)
    phone.goto(link_in_newest_message(alice))
    phone.get_by_label("Type your full name to sign").fill("Mara Hill")
    phone.get_by_role("button", name="Sign and accept").click()

    alice.goto(f"/p/{brook.slug}/proposals/")
    alice.get_by_role("button", name="More for P-0001").click()
    alice.get_by_role("link", name="Change or end its services").click()
    alice.locator("tbody .row-link").first.click()
    alice.get_by_role("link", name="Change", exact=True).first.click()
    alice.get_by_label("Price each").fill("115")
    alice.get_by_label("From", exact=True).fill(f"{day:%Y-%m-%d}")
    alice.get_by_label("Write to the client").check()
    alice.get_by_role("button", name="Look at before and after").click()
    expect(alice.locator(".diff")).to_contain_text("£115.00")
    alice.get_by_role("button", name="Save the change").click()
    expect(alice.locator("#changes")).to_contain_text("£100.00 becomes £115.00")
    expect(alice.locator("#changes")).to_contain_text("mara@acme.example")
    alice.locator("#changes").get_by_role("button", name="Undo").click()
    expect(alice.locator("#changes")).to_contain_text("Undone")


def test_the_pipeline_is_walked_and_acted_on_with_keys_alone(brook, alice):
    """j walks, m opens the actions of the row, Enter takes one."""
    with practice_scope(brook.pk):
        a_draft(on=brook.today())
    alice.goto(f"/p/{brook.slug}/proposals/pipeline/")
    alice.keyboard.press("j")
    alice.keyboard.press("m")
    expect(alice.get_by_role("link", name="Edit", exact=True)).to_be_focused()
    review = alice.get_by_role("button", name="Ask for review")
    for _ in range(6):
        if review.evaluate("node => node === document.activeElement"):
            break
        alice.keyboard.press("ArrowDown")
    alice.keyboard.press("Enter")
    expect(alice.locator(".page-header")).to_contain_text("In review")

"""A proposal is written in the browser: it saves by itself, and a second window overwrites nothing."""

import re

from playwright.sync_api import expect

from practices.tenancy import practice_scope
from proposals.models import Proposal
from tests.integration.proposals.offers import MONTHLY, a_draft, a_line


def test_g01_a_row_saves_by_itself_and_a_second_window_is_told(alice, brook, watch):
    with practice_scope(brook.pk):
        draft = a_draft(a_line(MONTHLY), on=brook.today())
    page = alice
    address = re.sub(r"/p/brook-co.*", "", page.url) + f"/p/brook-co/proposals/{draft.pk}/edit/services/"
    page.goto(address)
    second = page.context.new_page()
    second.goto(address)
    page.get_by_label("Quantity of Bookkeeping").fill("3")
    page.get_by_label("Price of each Bookkeeping, before VAT").focus()
    expect(page.locator("#save-state")).to_contain_text("Saved at")
    expect(page.locator("#bills")).to_contain_text("£360.00")
    expect(page.get_by_label("Price of each Bookkeeping, before VAT")).to_be_focused()
    second.get_by_label("Quantity of Bookkeeping").fill("5")
    second.get_by_label("Price of each Bookkeeping, before VAT").focus()
    expect(second.locator("#save-state")).to_contain_text("Not saved: there is a newer version")
    expect(second.get_by_label("Quantity of Bookkeeping")).to_have_value("5")
    page.get_by_label("Quantity of Bookkeeping").fill("4")
    page.get_by_label("Discount on Bookkeeping in percent").fill("10")
    expect(page.locator("#bills")).to_contain_text("£432.00")
    with practice_scope(brook.pk):
        assert Proposal.objects.get().lines.get().quantity == 4
    watch.expect_refusals(409)

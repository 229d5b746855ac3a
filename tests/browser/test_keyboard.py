"""Single keys: search, the sheet, rows of a list."""

import pytest
from playwright.sync_api import expect

from clients.models import Client
from clients.operations import add_client
from practices.tenancy import practice_scope


@pytest.fixture
def three_clients(brook) -> None:
    with practice_scope(brook.pk):
        for name in ("Ash Ltd", "Birch Ltd", "Cherry Ltd"):
            add_client(Client(name=name), [])


def test_slash_focuses_search_and_typing_there_is_only_typing(alice):
    alice.keyboard.press("/")
    search = alice.get_by_role("searchbox", name="Search clients, proposals and invoices")
    expect(search).to_be_focused()
    alice.keyboard.type("/?j")
    expect(search).to_have_value("/?j")


def test_question_mark_opens_the_sheet_and_escape_gives_the_focus_back(alice):
    start = alice.get_by_role("link", name="Clients", exact=True)
    start.focus()
    alice.keyboard.press("?")
    sheet = alice.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    alice.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(start).to_be_focused()


def test_j_and_k_walk_through_a_list_and_enter_opens(three_clients, alice):
    alice.get_by_role("link", name="Clients", exact=True).click()
    expect(alice.get_by_role("heading", name="Clients", level=1)).to_be_visible()
    alice.wait_for_load_state()  # a key pressed before the scripts are there is nobody's
    for key, name in (("j", "Ash Ltd"), ("j", "Birch Ltd"), ("ArrowDown", "Cherry Ltd"), ("k", "Birch Ltd")):
        alice.keyboard.press(key)
        expect(alice.get_by_role("link", name=name)).to_be_focused()
    alice.keyboard.press("Enter")
    expect(alice.get_by_role("heading", name="Birch Ltd", level=1)).to_be_visible()


def test_c_opens_the_create_menu_at_its_first_entry(alice):
    alice.keyboard.press("c")
    expect(alice.locator("#create-menu").get_by_role("link").first).to_be_focused()

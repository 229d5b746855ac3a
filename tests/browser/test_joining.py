"""Signing up and inviting, in two browsers."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.messages import link_in_newest_message
from tests.factories import PASSWORD


def test_a_practice_signs_up_and_a_colleague_joins_from_an_invitation(cast, visitor):
    owner = visitor()
    owner.goto("/accounts/signup/")
    owner.get_by_label("Your name").fill("Dora Dale")
    owner.get_by_label("Practice name").fill("Dale Accountants")
    owner.get_by_label("E-mail address").fill("dora@dale.example")
    owner.get_by_label("Password").fill(PASSWORD)
    owner.get_by_role("button", name="Open the practice").click()
    expect(owner.get_by_role("heading", name="First steps")).to_be_visible()
    assert urlsplit(owner.url).path == "/p/dale-accountants/"

    owner.get_by_role("link", name="Settings", exact=True).click()
    owner.get_by_role("link", name="Team").click()
    owner.get_by_label("E-mail address").fill("eve@dale.example")
    owner.get_by_role("button", name="Send invitation").click()
    expect(owner.get_by_role("rowheader", name="eve@dale.example")).to_be_visible()

    colleague = visitor()
    colleague.goto(link_in_newest_message(owner))
    colleague.get_by_label("Your name").fill("Eve East")
    colleague.get_by_label("Password").fill(PASSWORD)
    colleague.get_by_role("button", name="Join").click()
    expect(colleague.get_by_role("heading", name="Home")).to_be_visible()
    assert urlsplit(colleague.url).path == "/p/dale-accountants/"

    colleague.get_by_role("button", name="Your account").click()
    colleague.get_by_role("button", name="Sign out").click()
    colleague.get_by_label("E-mail address").fill("eve@dale.example")
    colleague.get_by_label("Password").fill(PASSWORD)
    colleague.get_by_role("button", name="Sign in", exact=True).click()
    expect(colleague.get_by_role("heading", name="Home")).to_be_visible()

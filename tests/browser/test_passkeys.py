"""A passkey signs in alone or after a password, and lets nobody in once it is removed: Chromium plays the device."""

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.factories import PASSWORD

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def site(site, settings):
    """The application by a name: no browser keeps a passkey for a number."""
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.PUBLIC_URL = site.replace("127.0.0.1", "localhost")
    return settings.PUBLIC_URL


@pytest.fixture
def device(visitor) -> tuple[Page, CDPSession, str]:
    """A browser on a machine that keeps passkeys and takes every finger for its owner's."""
    page = visitor()
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return page, session, made["authenticatorId"]


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill("alice@brook.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.goto("/p/brook-co/")
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def add_a_passkey(page: Page) -> None:
    page.goto("/accounts/second-factor/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)  # Whoever adds a key proves once more who they are.
    page.get_by_label("Password").press("Enter")
    page.get_by_label("Name").fill("Alice's laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add it").click()


def test_a_passkey_signs_in_without_a_password_and_after_one(cast, device):
    page, session, key_store = device
    sign_in(page)
    page.wait_for_url("**/p/brook-co/")
    add_a_passkey(page)
    page.wait_for_url("**/recovery-codes/**")
    [kept] = session.send("WebAuthn.getCredentials", {"authenticatorId": key_store})["credentials"]
    assert kept["rpId"] == "localhost"
    assert kept["isResidentCredential"] is True

    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/p/brook-co/")

    sign_out(page)
    sign_in(page)
    page.get_by_role("button", name="Use a passkey or security key").click()
    page.wait_for_url("**/p/brook-co/")
    [used] = session.send("WebAuthn.getCredentials", {"authenticatorId": key_store})["credentials"]
    assert used["signCount"] > kept["signCount"]


def test_a_passkey_that_was_removed_lets_nobody_in(cast, device):
    page, session, key_store = device
    sign_in(page)
    page.wait_for_url("**/p/brook-co/")
    add_a_passkey(page)
    page.wait_for_url("**/recovery-codes/**")
    page.goto("/accounts/second-factor/webauthn/")
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove it").click()
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This code or passkey was not accepted.")).to_be_visible()
    page.goto("/p/brook-co/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert session.send("WebAuthn.getCredentials", {"authenticatorId": key_store})["credentials"]

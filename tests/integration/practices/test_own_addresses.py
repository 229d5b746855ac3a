"""The pages on which people look after the addresses they sign in with."""

from allauth.account.models import EmailAddress

from tests.integration.practices.test_second_factors import confirmed

ADDRESSES, ONLY = "/accounts/email/", "It is your only address. Add another first."


def an_address(person, email: str, *, verified: bool, primary: bool = False) -> None:
    EmailAddress.objects.update_or_create(
        user=person, email=email, defaults={"verified": verified, "primary": primary}
    )


def test_the_only_address_says_why_it_is_neither_removed_nor_replaced(cast):
    an_address(cast.alice, cast.alice.email, verified=True, primary=True)
    browser = confirmed(cast.alice.email)
    assert browser.get(ADDRESSES).content.decode().count(ONLY) == 2
    an_address(cast.alice, "alice@second.example", verified=True)
    assert ONLY not in browser.get(ADDRESSES).content.decode()


def test_a_confirmation_is_offered_only_while_an_address_is_unconfirmed(cast):
    an_address(cast.alice, cast.alice.email, verified=True, primary=True)
    browser = confirmed(cast.alice.email)
    assert "Send the confirmation again" not in browser.get(ADDRESSES).content.decode()
    an_address(cast.alice, "alice@second.example", verified=False)
    assert "Send the confirmation again" in browser.get(ADDRESSES).content.decode()


def test_only_whoever_is_signed_out_is_led_back_to_sign_in(client, cast):
    page = "/accounts/password/reset/"
    assert "Back to sign in" in client.get(page).content.decode()
    client.force_login(cast.alice)
    assert "Back to sign in" not in client.get(page).content.decode()

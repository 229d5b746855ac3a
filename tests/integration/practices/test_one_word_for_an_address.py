"""An address for mail is called an e-mail address on the pages about the account too."""

import re

import pytest
from django.urls import reverse

WORDS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


@pytest.mark.parametrize(
    ("page", "is_signed_in"),
    [
        ("account_login", False),
        ("account_signup", False),
        ("account_reset_password", False),
        ("account_email", True),
    ],
)
def test_an_account_page_calls_it_an_e_mail_address(client_of, client, page, is_signed_in):
    browser = client_of("alice") if is_signed_in else client
    shown = browser.get(reverse(page)).content.decode()
    assert "E-mail address" in shown
    assert not re.search(r"\bemails?\b", WORDS.sub(" ", shown), re.IGNORECASE)
    assert 'placeholder="Email' not in shown


def test_a_refused_sign_in_names_an_e_mail_address(cast, client):
    answer = client.post(reverse("account_login"), {"login": "alice@brook.example", "password": "wrong"})
    assert "The e-mail address and/or password you specified are not correct." in answer.content.decode()

"""An address for mail is called an e-mail address on the pages about the account too."""

import re
from pathlib import Path

import allauth
import pytest
from django.conf import settings
from django.core import mail
from django.template.loader import get_template
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
    assert "This e-mail address and password do not match." in answer.content.decode()


def test_every_message_about_an_account_is_in_our_words():
    theirs = Path(allauth.__file__).parent / "templates"
    texts = [path.relative_to(theirs) for app in ("account", "mfa") for path in theirs.glob(f"{app}/*/*.txt")]
    texts = [text for text in texts if text.parent.name in ("email", "messages") and "phone" not in text.name]
    assert len(texts) > 40
    not_ours = [
        str(text)
        for text in texts
        if not Path(get_template(str(text)).origin.name).is_relative_to(settings.BASE_DIR / "templates")
    ]
    assert not_ours == []


def test_who_forgot_the_password_gets_a_link_from_ignition(cast, client, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("account_reset_password"), {"email": "alice@brook.example"})
        client.post(reverse("account_reset_password"), {"email": "nobody+a&b@brook.example"})

    link, no_account = mail.outbox
    assert link.subject == "Choose a new password"
    assert re.search(r"^http\S+/accounts/password/reset/key/\S+$", link.body, re.MULTILINE)
    assert "Ignition, testserver" in link.body
    assert no_account.subject == "No account with this e-mail address"
    assert "nobody+a&b@brook.example" in no_account.body

import pytest

from sage_integration.sage.redaction import redacted

JWT = "eyJhbGciOiJSUzUxMiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl"  # secret-scan: allow (made up)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Authorization: Bearer {JWT}", JWT),
        ("Authorization: bearer opaque-token", "opaque-token"),
        ('{"refresh_token":"abc", "access_token": "def"}', "abc"),
        ('{"refresh_token":"abc", "access_token": "def"}', "def"),
        ("grant_type=refresh_token&refresh_token=abc&client_secret=shh", "shh"),
        ('{"client_secret": "shh"}', "shh"),
        ("https://accounts-extra.sageone.com/advanced_uk/online_payment/gb00042", "gb00042"),
    ],
)
def test_secrets_are_removed(text, secret):
    assert secret in text
    assert secret not in redacted(text)


def test_ordinary_words_stay():
    text = '{"$message": "This field is required.", "$source": "line_items.tax_rate_id"}'
    assert redacted(text) == text


def test_long_text_is_cut():
    assert len(redacted("x" * 10_000)) == 500

"""Sage's own words made fit to keep: short, and without secrets."""

import re

#: What gives a secret away, in lower case, and the secret behind it: looking for the sign costs less than a pattern.
_SECRETS = {
    "eyj": re.compile(r"()eyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?", re.IGNORECASE),
    "bearer ": re.compile(r"""(bearer )[^\s"',]+""", re.IGNORECASE),
    '_token":': re.compile(r"""(_token": ?")[^"]+""", re.IGNORECASE),
    "_token=": re.compile(r"""(_token=)[^&\s"]+""", re.IGNORECASE),
    'client_secret":': re.compile(r"""(client_secret": ?")[^"]+""", re.IGNORECASE),
    "client_secret=": re.compile(r"""(client_secret=)[^&\s"]+""", re.IGNORECASE),
    # A link of rel "bookmark" lets anybody who has it pay and see the invoice (FACTS.md 9.7).
    "/online_payment/": re.compile(r"(/online_payment/)[\w-]+", re.IGNORECASE),
}


def redacted(text: str, limit: int = 500) -> str:
    """The text without tokens, client secrets and payment links, at most `limit` characters."""
    lowered = text.lower()
    for sign, secret in _SECRETS.items():
        if sign in lowered:
            text = secret.sub(r"\1[removed]", text)
    return text if len(text) <= limit else text[: limit - 1] + "…"

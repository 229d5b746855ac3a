"""Sage's own words made fit to keep: short, and without secrets."""

import re

_SECRETS = re.compile(
    r"""
    (?P<jwt> eyJ[\w-]+\.[\w-]+(?:\.[\w-]+)? )
    | (?P<bearer> (?<=bearer\ )[^\s"',]+ )
    | (?P<field> (?<=_token":")[^"]+ | (?<=_token":\ ")[^"]+ | (?<=client_secret":")[^"]+
               | (?<=client_secret":\ ")[^"]+ | (?<=_token=)[^&\s"]+ | (?<=client_secret=)[^&\s"]+ )
    # A link of rel "bookmark" lets anybody who has it pay and see the invoice (FACTS.md 9.7).
    | (?P<payment_link> (?<=/online_payment/)[\w-]+ )
    """,
    re.VERBOSE | re.IGNORECASE,
)


#: Without one of these in it (in lower case) a text holds no secret; looking for them costs far less than the pattern.
_SIGNS = ("eyj", "bearer ", "_token", "client_secret", "/online_payment/")


def redacted(text: str, limit: int = 500) -> str:
    """The text without tokens, client secrets and payment links, at most `limit` characters."""
    lowered = text.lower()
    clean = _SECRETS.sub("[removed]", text) if any(sign in lowered for sign in _SIGNS) else text
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"

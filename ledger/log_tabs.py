"""The views of what goes on between here and Sage, as tabs."""

from typing import Any

from django.urls import reverse

TABS = (
    ("Needs you", "sage:inbox"),
    ("Events", "sage:log-list"),
    ("Readings", "sage:run-list"),
    ("Queue", "ledger:posting-list"),
    ("Balance", "sage:balance"),
)


def log_tabs(practice: str, active: str) -> list[dict[str, Any]]:
    """The tabs for a practice's slug, one of them the page itself."""
    return [
        {"label": label, "url": reverse(name, args=[practice]), "active": label == active}
        for label, name in TABS
    ]

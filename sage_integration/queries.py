"""Reads about the connection, for pages that only show it."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from practices import audit
from practices.models import Practice
from sage_integration.models import SageConnection
from sage_integration.readiness import readiness, unmapped_rates

Status = SageConnection.Status

#: What the trail calls each act, as a person would say it.
ACTS = {
    "sage.connected": "Signed in to Sage",
    "sage.reauthorised": "Signed in to Sage again",
    "sage.business_chosen": "Company chosen",
    "sage.settings_changed": "Settings changed",
    "sage.tax_rate_mapped": "VAT rate mapped",
    "sage.account_mapped": "Account of a service changed",
    "sage.enabled": "Enabled",
    "sage.needs_reauthorisation": "Sage ended the authorisation",
}
ACTS_SHOWN = 10


@dataclass(frozen=True)
class Tile:
    """Sage on the apps page: its state in a word, and what it means."""

    state: str
    tone: str
    text: str
    #: Why Sage cannot be connected here at all; empty when it can.
    unavailable: str = ""


def connection_in_words(practice: Practice) -> dict[str, Any] | None:
    """The dot in the top bar: tone, words and where to look; None where Sage is not offered (F01)."""
    if practice.country != "GB":
        return None
    url = reverse("sage:connection-detail", args=[practice.slug])
    found = SageConnection.objects.live().only("status", "business_name", "trouble")
    connection: SageConnection | None = found.first()
    if connection is None:
        return {"tone": "neutral", "words": "Sage: not connected", "url": url}
    if connection.status == Status.NEEDS_REAUTHORISATION:
        return {"tone": "bad", "words": "Sage: needs reconnecting", "url": url}
    if connection.status == Status.CONNECTED:
        return {"tone": "warn", "words": "Sage: not enabled yet", "url": url}
    if connection.trouble:
        return {"tone": "warn", "words": "Sage: needs a look", "url": url}
    return {"tone": "good", "words": f"Sage: connected to {connection.business_name}", "url": url}


def tile_of(connection: SageConnection | None, practice: Practice) -> Tile:
    """How the connection stands, for the apps page (F03, F31)."""
    if connection is None:
        return _tile_without_connection(practice)
    if connection.status == Status.NEEDS_REAUTHORISATION:
        return Tile(
            "Needs reconnecting",
            "bad",
            "Sage has ended the authorisation. What waits leaves once you signed in.",
        )
    if connection.status == Status.CONNECTED:
        return Tile(
            "Not enabled yet", "warn", "Signed in to Sage; nothing is copied before it is set up and enabled."
        )
    if unmapped := unmapped_rates():
        names = ", ".join(rate.name for rate in unmapped)
        return Tile("Needs a look", "warn", f"Not mapped to a VAT rate of Sage yet: {names}.")
    if connection.trouble:
        return Tile("Needs a look", "warn", "Something is wrong with the connection; its page says what.")
    return Tile("Connected", "good", f"Invoices are copied to {connection.business_name}.")


def _tile_without_connection(practice: Practice) -> Tile:
    if practice.country != "GB":
        why = "Sage is offered to practices in the United Kingdom only. The practice's country is a setting."
        return Tile("Unavailable", "neutral", why, unavailable=why)
    return Tile(
        "Not connected", "neutral", "Copies invoices to Sage Accounting and brings their payments back."
    )


def set_up_steps(connection: SageConnection, practice: Practice, current: str) -> list[dict[str, str]]:
    """The way from signing in to enabling, for the stepper; empty once it was walked."""
    if connection.enabled_at:
        return []
    checks = [check for check in readiness(connection) if check.page != "sage:connection-detail"]
    pages = [(check.label, check.page, not check.problem) for check in checks]
    pages.append(("Enable", "sage:connection-enable", False))
    steps = []
    for label, page, is_done in pages:
        state = (
            "current"
            if page == f"sage:{current}"
            else "done"
            if is_done and connection.business_id
            else "todo"
        )
        can_go = page == "sage:business-choose" or bool(connection.business_id)
        target = "sage:connection-detail" if page == "sage:connection-enable" else page
        steps.append(
            {"label": label, "state": state, "url": reverse(target, args=[practice.slug]) if can_go else ""}
        )
    return steps


def activity_of(connection: SageConnection) -> list[dict[str, object]]:
    """What was done about the connection, by whom and when, newest first (F26)."""
    return [
        {
            "text": ACTS.get(entry.action, entry.action),
            "at": entry.at,
            "who": entry.actor or "Ignition",
            "detail": entry.data.get("tax_rate")
            or entry.data.get("service")
            or entry.data.get("business", ""),
        }
        for entry in audit.trail_of(connection)[:ACTS_SHOWN]
    ]

"""Reads about the connection, for pages that only show it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timesince import timesince

from practices import audit
from practices.models import Practice
from practices.permissions import Can, may
from sage_integration.health import troubles
from sage_integration.models import SageConnection, SyncRun
from sage_integration.offer import refusal_to_connect
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
    "sage.queue_withdrawn": "Waiting documents withdrawn after ninety days",
}
ACTS_SHOWN = 10
#: Every step between signing in and enabling: label, page.
STEPS = (
    ("Company", "sage:business-choose"),
    ("Health check", "sage:health-check"),
    ("Accounts", "sage:account-map"),
    ("VAT rates", "sage:tax-rate-map"),
    ("Clients", "sage:clients-foreseen"),
    ("Existing invoices", "sage:invoices-foreseen"),
    ("Rules", "sage:settings-edit"),
    ("Dry run", "sage:dry-run"),
)
#: Steps that are done when what posting needs is settled; the others once somebody went on from them.
SETTLED_BY_THEMSELVES = {"sage:business-choose", "sage:account-map", "sage:tax-rate-map"}


#: What every page shows of the connection.
SHOWN = ("status", "business_id", "business_name", "trouble", "enabled_at")


@dataclass(frozen=True)
class Tile:
    """Sage on the apps page: its state in a word, and what it means."""

    state: str
    tone: str
    text: str
    #: Why Sage cannot be connected here at all; empty when it can.
    unavailable: str = ""
    #: The words of the button that settles it and the page it leads to, where that is one page.
    remedy: str = ""
    page: str = ""


def connection_for_the_shell() -> SageConnection | None:
    """As much of the live connection as every page shows."""
    connection: SageConnection | None = SageConnection.objects.live().only(*SHOWN).first()
    return connection


def last_reading() -> Subquery:
    """When payments were last read from Sage to the end, as a column of `figures`; None before the first time."""
    runs = SyncRun.objects.filter(kind=SyncRun.Kind.PAYMENTS, finished_at__isnull=False)
    return Subquery(runs.order_by("-id").values("finished_at")[:1])


def column_of_connection() -> Subquery:
    """The same as a column of `practices.scalars.figures`, for `shown_connection`."""
    shown = JSONObject(id="pk", **{name: name for name in SHOWN})
    return Subquery(SageConnection.objects.live().order_by("-id").values(shown=shown)[:1])


def shown_connection(written: str | None) -> SageConnection | None:
    """The connection of `column_of_connection`; everything else of it is read if somebody asks."""
    if written is None:
        return None
    found = json.loads(written)
    found["enabled_at"] = found["enabled_at"] and parse_datetime(found["enabled_at"])
    # Values are taken in the order of the model's columns, whatever order the database writes its object in.
    names = [field.attname for field in SageConnection._meta.concrete_fields if field.attname in found]
    return SageConnection.from_db(DEFAULT_DB_ALIAS, names, [found[name] for name in names])


def connection_in_words(
    connection: SageConnection | None, practice: Practice, checked_at: datetime | None = None
) -> dict[str, Any] | None:
    """The dot in the top bar: tone, words and where to look; None where Sage is not offered (F01, F09)."""
    url = reverse("sage:connection-detail", args=[practice.slug])
    if connection is None:
        if refusal_to_connect(practice):
            return None
        return {"tone": "neutral", "words": "Sage: not connected", "url": url}
    if connection.status == Status.NEEDS_REAUTHORISATION:
        return {"tone": "bad", "words": "Sage: needs reconnecting", "url": url}
    if connection.status == Status.CONNECTED:
        return {"tone": "warn", "words": "Sage: not enabled yet", "url": url}
    if connection.trouble:
        return {"tone": "warn", "words": "Sage: needs a look", "url": url}
    if checked_at is None or checked_at < (connection.enabled_at or checked_at):
        return {"tone": "good", "words": f"Sage: connected to {connection.business_name}", "url": url}
    minutes = int((timezone.now() - checked_at).total_seconds() // 60)
    when = (
        "just now"
        if minutes < 1
        else f"{minutes} min ago"
        if minutes < 60
        else f"{timesince(checked_at)} ago"
    )
    return {"tone": "good", "words": f"Sage: connected, checked {when}", "url": url}


def banner_for(
    connection: SageConnection | None, practice: Practice, role: str, *, is_paused: bool
) -> dict[str, str] | None:
    """What every page says while nothing can leave: title, text, tone, and where it is mended; mostly None."""
    url = reverse("sage:connection-detail", args=[practice.slug])
    if connection is None or not connection.enabled_at:
        return None
    if connection.status == Status.NEEDS_REAUTHORISATION and may(role, Can.MANAGE_CONNECTION):
        return {
            "tone": "bad",
            "title": "Sage needs reconnecting",
            "text": "Sage has ended the authorisation, so nothing is copied. What waits leaves by itself once you "
            "have signed in again.",
            "url": url,
            "action": "Sign in again",
        }
    if is_paused and may(role, Can.POST_TO_LEDGER):
        return {
            "tone": "warn",
            "title": "Copying to Sage is paused",
            "text": "What is due waits in the queue until somebody resumes it.",
            "url": url,
            "action": "Open Sage",
        }
    return None


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
        rates, it = ("rate", "it") if len(unmapped) == 1 else ("rates", "them")
        return Tile(
            "Needs a look",
            "warn",
            f"VAT {rates} without a match in Sage: {names}. Invoices with {it} wait here.",
            remedy=f"Map the VAT {rates}",
            page="sage:tax-rate-map",
        )
    if problems := [check.problem for check in readiness(connection) if check.problem]:
        return Tile("Needs a look", "warn", " ".join(problems))
    if connection.trouble:
        return Tile("Needs a look", "warn", "Something is wrong with the connection; its page says what.")
    return Tile("Connected", "good", f"Invoices are copied to {connection.business_name}.")


def _tile_without_connection(practice: Practice) -> Tile:
    if refusal := refusal_to_connect(practice):
        return Tile("Unavailable", "neutral", refusal.message, unavailable=refusal.message)
    return Tile(
        "Not connected", "neutral", "Copies invoices to Sage Accounting and brings their payments back."
    )


def set_up_steps(connection: SageConnection, practice: Practice, current: str) -> list[dict[str, str]]:
    """The way from the first sign-in to enabling, for the stepper; empty once it was walked."""
    if connection.enabled_at:
        return []
    unsettled = {check.page for check in readiness(connection) if check.problem}
    if "sage:settings-edit" in unsettled:
        unsettled.add("sage:account-map")
    steps = [{"label": "Sign in", "state": "done", "url": ""}]
    for label, page in STEPS:
        is_open = bool(connection.business_id) or page == "sage:business-choose"
        url = reverse(page, args=[practice.slug]) if is_open else ""
        steps.append({"label": label, "state": _state(connection, page, unsettled, current), "url": url})
    return [*steps, _last_step(connection, practice, is_current=current == "sage:connection-detail")]


def _state(connection: SageConnection, page: str, unsettled: set[str], current: str) -> str:
    if page == current:
        return "current"
    if not connection.business_id or page in unsettled:
        return "todo"
    if page not in SETTLED_BY_THEMSELVES and page not in connection.steps_read:
        return "todo"
    return "warn" if page == "sage:health-check" and troubles(connection) else "done"


def step_after(page: str) -> str:
    """The URL name of the step that follows one; the connection's own page, with Enable, after the last."""
    pages = [name for _, name in STEPS] + ["sage:connection-detail"]
    return pages[pages.index(page) + 1]


def _last_step(connection: SageConnection, practice: Practice, *, is_current: bool) -> dict[str, str]:
    url = reverse("sage:connection-detail", args=[practice.slug]) if connection.business_id else ""
    return {"label": "Enable", "state": "current" if is_current else "todo", "url": url}


def activity_of(connection: SageConnection) -> list[dict[str, object]]:
    """What was done about the connection, by whom and when, newest first (F26)."""
    return [
        {
            "text": ACTS.get(entry.action, entry.action),
            "at": entry.at,
            "who": entry.who,
            "detail": entry.data.get("tax_rate")
            or entry.data.get("service")
            or entry.data.get("business", ""),
        }
        for entry in audit.trail_of(connection)[:ACTS_SHOWN]
    ]

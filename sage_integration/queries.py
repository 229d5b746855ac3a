"""Reads about the connection, for pages that only show it."""

from typing import Any

from django.urls import reverse

from practices.models import Practice
from sage_integration.models import SageConnection

Status = SageConnection.Status


def connection_in_words(practice: Practice) -> dict[str, Any] | None:
    """The dot in the top bar: tone, words and where to look; None where Sage is not offered (F01)."""
    if practice.country != "GB":
        return None
    url = reverse("sage:app-list", args=[practice.slug])
    connection: SageConnection | None = (
        SageConnection.objects.live().only("status", "business_name", "trouble").first()
    )
    if connection is None:
        return {"tone": "neutral", "words": "Sage: not connected", "url": url}
    if connection.status == Status.NEEDS_REAUTHORISATION:
        return {"tone": "bad", "words": "Sage: needs reconnecting", "url": url}
    if connection.status == Status.CONNECTED:
        return {"tone": "warn", "words": "Sage: not enabled yet", "url": url}
    if connection.trouble:
        return {"tone": "warn", "words": "Sage: needs a look", "url": url}
    return {"tone": "good", "words": f"Sage: connected to {connection.business_name}", "url": url}

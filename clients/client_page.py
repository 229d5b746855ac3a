"""What every page of one client shares: its head and its tabs.

Tabs of higher apps are pages of those apps, linked by the names of their addresses.
"""

from typing import Any

from django.urls import reverse

from clients import contributions
from clients.models import Client
from practices.requests import PracticeRequest

TABS = [
    ("Summary", "clients:client-detail"),
    ("Services", "invoicing:client-services"),
    ("Billing schedule", "invoicing:client-schedule"),
    ("Invoices", "invoicing:client-invoices"),
    ("Letters", "proposals:client-letters"),
    ("Sage", "sage:client-sage"),
    ("Activity", "clients:client-activity"),
]
TONES: dict[str, str] = {Client.Status.ACTIVE: "good", Client.Status.LEAD: "info"}


def client_page(request: PracticeRequest, client: Client, tab: str) -> dict[str, Any]:
    """The context of `clients/_client_page.html`, which each tab's page extends; ``tab`` is its label."""
    address = [request.practice.slug, client.pk]
    return {
        "client": client,
        "client_tone": TONES.get(client.status, "neutral"),
        "client_tabs": [
            {"label": label, "url": reverse(name, args=address), "active": label == tab}
            for label, name in TABS
        ],
        "head": contributions.head_of(client, request.practice.today()),
        "client_tab": tab,
    }

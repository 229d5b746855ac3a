"""The way from an empty practice to the first posted invoice."""

from typing import Any

from django.db.models import Exists
from django.urls import reverse

from clients.models import Client
from ignition.shell import connection_of
from practices.requests import PracticeRequest
from proposals.models import Proposal
from sage_integration.models import SageConnection
from services.models import Service


def columns_of_first_steps() -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: what there is of each step already."""
    return {
        "services": Exists(Service.objects.all()),
        "clients": Exists(Client.objects.all()),
        "offers": Exists(Proposal.objects.exclude(status=Proposal.Status.DRAFT)),
    }


def first_steps(request: PracticeRequest, known: dict[str, Any]) -> list[dict[str, Any]]:
    """The way to the first posted invoice; empty once it is behind."""
    slug, connection = request.practice.slug, connection_of(request)
    is_enabled = bool(connection and connection.status == SageConnection.Status.ENABLED)
    steps = [
        ("Add the services you sell", "services:service-list", "Open the library", known["services"]),
        ("Connect Sage", "sage:app-list", "Open apps", is_enabled),
        ("Add a client", "clients:client-list", "Open clients", known["clients"]),
        ("Send the first proposal", "proposals:proposal-list", "Open proposals", known["offers"]),
    ]
    if all(done for *_, done in steps):
        return []
    return [
        {"label": label, "state": "done"}
        if done
        else {"label": label, "state": "todo", "url": reverse(name, args=[slug]), "action": action}
        for label, name, action, done in steps
    ]

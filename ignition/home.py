"""The first page of a practice: what needs somebody, this month's money, proposals, what happened."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from clients.models import Client
from ignition.activity import recent_activity
from invoicing.models import BillingSchedule, Invoice
from invoicing.queries import month_figures
from ledger.queries import counters
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from proposals.models import Proposal
from sage_integration.models import SageConnection
from services.models import Service


@requires(Can.SEE)
def home(request: PracticeRequest, practice: str) -> HttpResponse:
    """What a person should know before anything else."""
    today = request.practice.today()
    context = {
        "needs": [need for need in needs(request) if need["count"]],
        "month": month_figures(today),
        "first_steps": first_steps(request),
        "proposals": Proposal.objects.awaiting().select_related("client")[:8],
        "recent": recent_activity(12),
        "today": today,
    }
    return render(request, "home.html", context)


def needs(request: PracticeRequest) -> list[dict[str, Any]]:
    """What waits for a person: a count, words and the list behind it."""
    slug, today = request.practice.slug, request.practice.today()
    needs_you, _ = counters()
    to_complete = BillingSchedule.objects.to_complete().count()
    overdue = Invoice.objects.overdue(today).count()
    return [
        {
            "count": needs_you,
            "words": "invoice did not reach Sage" if needs_you == 1 else "invoices did not reach Sage",
            "url": reverse("ledger:posting-list", args=[slug]) + "?view=needs-you",
            "tone": "bad",
        },
        {
            "count": to_complete,
            "words": "piece of work to bill when complete"
            if to_complete == 1
            else "pieces of work to bill when complete",
            "url": reverse("invoicing:billing", args=[slug]),
            "tone": "info",
        },
        {
            "count": overdue,
            "words": "invoice is overdue" if overdue == 1 else "invoices are overdue",
            "url": reverse("invoicing:invoice-list", args=[slug]) + "?view=overdue",
            "tone": "warn",
        },
    ]


def first_steps(request: PracticeRequest) -> list[dict[str, Any]]:
    """The way to the first posted invoice; empty once it is behind."""
    slug = request.practice.slug
    connection = SageConnection.objects.live().first()
    steps = [
        ("Add the services you sell", "services:service-list", "Open the library", Service.objects.exists()),
        (
            "Connect Sage",
            "sage:app-list",
            "Open apps",
            bool(connection and connection.status == SageConnection.Status.ENABLED),
        ),
        ("Add a client", "clients:client-list", "Open clients", Client.objects.exists()),
        (
            "Send the first proposal",
            "proposals:proposal-list",
            "Open proposals",
            Proposal.objects.exclude(status=Proposal.Status.DRAFT).exists(),
        ),
    ]
    if all(done for *_, done in steps):
        return []
    return [
        {"label": label, "state": "done"}
        if done
        else {"label": label, "state": "todo", "url": reverse(name, args=[slug]), "action": action}
        for label, name, action, done in steps
    ]

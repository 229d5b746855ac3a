"""The steps of the set-up that only have to be read; each is behind once somebody went on from it."""

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from sage_integration.app_clients.standing import contacts_of
from sage_integration.connections import current_connection
from sage_integration.dry_run import next_documents
from sage_integration.freshness import freshen_contacts
from sage_integration.health import findings
from sage_integration.models import SageConnection, SyncRun
from sage_integration.queries import set_up_steps
from sage_integration.setup import mark_step_read
from sage_integration.views.adoption import adoption_page
from sage_integration.views.app_clients import TABS
from sage_integration.views.onwards import onwards, to_connection

#: What a person should look at comes first.
URGENCY = {"bad": 0, "warn": 1}


@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def health_check(request: PracticeRequest, practice: str) -> HttpResponse:
    """Plan, access, country, VAT, lock dates and the rest, each with what it means and what helps."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    found = findings(connection)
    runs = SyncRun.objects.filter(kind=SyncRun.Kind.REFERENCE_DATA)
    about = {
        "findings": sorted(found, key=lambda finding: URGENCY.get(finding.tone, len(URGENCY))),
        "look_at": sum(finding.tone in ("bad", "warn") for finding in found),
        "is_unproved": not any(finding.is_proof for finding in found),
        "run": runs.first(),
    }
    return _step(request, connection, "sage:health-check", "health_check", about)


@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def clients_foreseen(request: PracticeRequest, practice: str) -> HttpResponse:
    """Which clients Sage has already, and which it will get with their first invoice (F56)."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    freshen_contacts()
    about = {
        "foreseen": connection.health.get("clients", {}),
        "contacts": connection.health.get("contacts", 0),
        "run": SyncRun.objects.filter(kind=SyncRun.Kind.CONTACTS).first(),
        "counts": {name: contacts_of(name, connection.business_id).count() for name, _, _ in TABS},
    }
    return _step(request, connection, "sage:clients-foreseen", "clients_foreseen", about)


@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def invoices_foreseen(request: PracticeRequest, practice: str) -> HttpResponse:
    """What is in Sage already, and what was made here before it was connected."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    last_invoice_on = connection.health.get("last_invoice_on")
    about = {
        "invoices": connection.health.get("invoices", 0),
        "last_invoice_on": date.fromisoformat(last_invoice_on) if last_invoice_on else None,
        **adoption_page(connection),
    }
    return _step(request, connection, "sage:invoices-foreseen", "invoices_foreseen", about)


@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def dry_run(request: PracticeRequest, practice: str) -> HttpResponse:
    """The next bills as Sage would show them; nothing is sent."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    documents = next_documents(connection)
    about = {"documents": documents, "refused": sum(bool(document.refusals) for document in documents)}
    return _step(request, connection, "sage:dry-run", "dry_run", about)


def _step(
    request: PracticeRequest, connection: SageConnection, page: str, template: str, about: dict[str, Any]
) -> HttpResponse:
    """The page of a step, or onwards from it."""
    if request.method == "POST":
        mark_step_read(page)
        return onwards(request, connection, page)
    context = {"sage": connection, "steps": set_up_steps(connection, request.practice, page), **about}
    return render(request, f"sage_integration/{template}.html", context)

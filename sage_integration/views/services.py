"""What a service's own page and the price list show of Sage, loaded by them as fragments (F16)."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from sage_integration.connections import current_connection
from sage_integration.errors import NotConnected
from sage_integration.forms import AccountMapForm
from sage_integration.line_previews import preview_of
from sage_integration.models import (
    AccountMapping,
    ItemMapping,
    SageConnection,
    SageItem,
    SageLedgerAccount,
)
from sage_integration.readiness import service_problems
from sage_integration.setup import map_account, map_item
from services.models import Service

#: Items of Sage's catalogue offered in a list.
MOST_ITEMS = 500


@requires(Can.SEE)
@require_safe
def service_in_sage(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The account of one service, what stands in its way, and its line as Sage shows it."""
    service = get_object_or_404(Service.objects.select_related("tax_rate"), pk=pk)
    connection = current_connection()
    own = AccountMapping.objects.filter(service=service).values_list("ledger_account_id", flat=True).first()
    account_id = own or (connection.default_account_id if connection else "")
    context = {
        "sage": connection,
        "service": service,
        "account": SageLedgerAccount.objects.filter(sage_id=account_id).first(),
        "is_own": bool(own),
        "problems": service_problems([service], connection).get(service.pk, []),
        "preview": preview_of(service),
        "form": map_form(service, connection) if connection and connection.business_id else None,
    }
    return render(request, "sage_integration/service_in_sage.html" + _part(request), context)


def map_form(
    service: Service, connection: SageConnection, data: Mapping[str, Any] | None = None
) -> AccountMapForm:
    """The account and the item of one service, to be chosen on its own page."""
    return AccountMapForm(
        data,
        services=[service],
        mapped=dict(
            AccountMapping.objects.filter(service=service).values_list("service", "ledger_account_id")
        ),
        accounts=list(SageLedgerAccount.objects.all()),
        default_account_id=connection.default_account_id,
        items=list(SageItem.objects.filter(is_usable=True)[:MOST_ITEMS]),
        linked_items=dict(ItemMapping.objects.filter(service=service).values_list("service", "sage_item_id")),
    )


@requires(Can.MANAGE_CONNECTION)
@require_POST
def service_map(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Choose the account and the item of one service."""
    service, connection = get_object_or_404(Service, pk=pk), current_connection()
    if connection is None or not connection.business_id:
        raise NotConnected(service)
    form = map_form(service, connection, request.POST)
    if form.is_valid():
        for _, account_id in form.chosen():
            map_account(service, account_id)
        for _, item_id in form.chosen_items():
            map_item(service, item_id)
        messages.success(request, "Saved, for invoices copied from now on.")
    else:
        messages.error(request, "Choose an account of the list. Nothing was changed.")
    return see_other(request, "services:service-detail", practice=practice, pk=pk)


@requires(Can.SEE)
@require_safe
def services_in_sage(request: PracticeRequest, practice: str) -> HttpResponse:
    """The services whose next line Sage would refuse, for the top of the price list."""
    services = list(Service.objects.offered().select_related("tax_rate"))
    found = service_problems(services, current_connection())
    affected = [(service, found[service.pk]) for service in services if service.pk in found]
    context = {"affected": affected}
    return render(request, "sage_integration/services_in_sage.html" + _part(request), context)


def _part(request: PracticeRequest) -> str:
    """The part of a page that another page asks for; the whole page for somebody who follows the link."""
    return "#shown" if request.htmx else ""


@requires(Can.MANAGE_SERVICES)
@require_POST
def line_preview(request: PracticeRequest, practice: str) -> HttpResponse:
    """The line of a service as it is being typed; nothing is stored."""
    name, description = request.POST.get("name", ""), request.POST.get("description", "")
    preview = preview_of(Service(name=name[:200], description=description[:20_000]))
    return render(request, "sage_integration/_line_preview.html", {"preview": preview})

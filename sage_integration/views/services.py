"""What a service's own page and the price list show of Sage, loaded by them as fragments (F16)."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from sage_integration.connections import current_connection
from sage_integration.line_previews import preview_of
from sage_integration.models import AccountMapping, SageLedgerAccount
from sage_integration.readiness import service_problems
from services.models import Service


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
    }
    return render(request, "sage_integration/_service.html", context)


@requires(Can.SEE)
@require_safe
def services_in_sage(request: PracticeRequest, practice: str) -> HttpResponse:
    """The services whose next line Sage would refuse, for the top of the price list."""
    services = list(Service.objects.offered().select_related("tax_rate"))
    found = service_problems(services, current_connection())
    affected = [(service, found[service.pk]) for service in services if service.pk in found]
    return render(request, "sage_integration/_services.html", {"affected": affected})


@requires(Can.MANAGE_SERVICES)
@require_POST
def line_preview(request: PracticeRequest, practice: str) -> HttpResponse:
    """The line of a service as it is being typed; nothing is stored."""
    name, description = request.POST.get("name", ""), request.POST.get("description", "")
    preview = preview_of(Service(name=name[:200], description=description[:20_000]))
    return render(request, "sage_integration/_line_preview.html", {"preview": preview})

"""Where the services of the library are used, and what they bring."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from invoicing.models import BillingSchedule
from invoicing.service_use import Use, use_by_service
from practices.lists import Column, List, ShownList
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from practices.worked_lists import worked_file, worked_page
from proposals.queries import Worth
from services.models import Service
from services.views.services import library_tabs

#: Of a row: the service, and its use.
USES = List(
    "service-use",
    "invoicing:service-use-list",
    ("service", "services"),
    (
        Column("service", "Service", lambda row: row[0].name, fixed=True),
        Column("category", "Category", lambda row: row[0].category.name if row[0].category else ""),
        Column("clients", "Clients", lambda row: row[1].clients, is_figure=True),
        Column("monthly", "A month", lambda row: row[1].worth.monthly, is_figure=True),
        Column("yearly", "A year", lambda row: row[1].worth.yearly, is_figure=True),
        Column("one_off", "Once, to be billed", lambda row: row[1].worth.one_off, is_figure=True),
    ),
    {
        "yearly": ("-",),
        "service": ("service",),
        "category": ("category",),
        "clients": ("-clients",),
        "monthly": ("-monthly",),
        "one_off": ("-one_off",),
    },
)


@requires(Can.SEE)
@require_safe
def service_use_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Every service in use, the one that brings most first."""
    uses = use_by_service()
    services = Service.objects.filter(pk__in=uses).select_related("category")
    rows = sorted(
        ((service, uses[service.pk]) for service in services),
        key=lambda row: (-row[1].worth.yearly, -row[1].worth.one_off, row[0].name),
    )
    shown = ShownList(request, USES)
    if file := worked_file(shown, rows):
        return file
    page = worked_page(shown, rows)
    context = {
        "list": shown,
        "page": page,
        "total": sum((use.worth for _, use in page.everything), Worth()),
        "tabs": library_tabs(request, "Use and income"),
    }
    part = "#rows" if request.htmx else ""
    return render(request, f"invoicing/service_use_list.html{part}", context)


@requires(Can.SEE)
@require_safe
def service_use(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One service: who has it, at which price; a page, and a part of the service's own page."""
    service = get_object_or_404(Service, pk=pk)
    schedules = BillingSchedule.objects.filter(service=service)
    live = schedules.exclude(status=BillingSchedule.Status.ENDED)
    context = {
        "service": service,
        "use": use_by_service(schedules).get(service.pk, Use()),
        "schedules": live.select_related("client", "proposal_line__proposal").order_by("client__name", "id")[
            :200
        ],
        "ended": schedules.filter(status=BillingSchedule.Status.ENDED).count(),
    }
    template = "invoicing/service_use.html" + ("#use" if request.htmx else "")
    return render(request, template, context)

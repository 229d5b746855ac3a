"""The pages about the price list and VAT rates."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from practices import audit
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from services import operations
from services.errors import NameTaken
from services.forms import LONG_DESCRIPTION, PriceForm, RenameForm, ServiceForm, TaxRateForm
from services.models import Service, TaxRate
from services.queries import with_price

PAGE = 50


def library_tabs(request: PracticeRequest, active: str) -> list[dict[str, Any]]:
    """The views of the library, for `components/tabs.html`."""
    pages = [("Services", "services:service-list"), ("VAT rates", "services:tax-rate-list")]
    return [
        {"label": label, "url": reverse(name, args=[request.practice.slug]), "active": label == active}
        for label, name in pages
    ]


@requires(Can.SEE)
def service_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """The price list."""
    words, archived = request.GET.get("q", ""), request.GET.get("archived") == "1"
    status = Service.Status.ARCHIVED if archived else Service.Status.ACTIVE
    services = Service.objects.filter(status=status, name__icontains=words).select_related("tax_rate")
    page = Paginator(with_price(services, request.practice.today()), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "words": words, "archived": archived, "tabs": library_tabs(request, "Services")}
    template = "services/service_list.html" + ("#rows" if request.htmx else "")
    return render(request, template, context)


@requires(Can.SEE)
def service_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One service with its prices by date."""
    service = get_object_or_404(Service.objects.select_related("tax_rate"), pk=pk)
    form = PriceForm(initial={"effective_from": request.practice.today()})
    return _render_service(request, service, form)


def _render_service(
    request: PracticeRequest, service: Service, form: PriceForm, status: int = 200
) -> HttpResponse:
    context = {
        "service": service,
        "prices": service.prices.all(),
        "form": form,
        "trail": audit.trail_of(service)[:20],
        "tone": "good" if service.status == Service.Status.ACTIVE else "neutral",
        "is_long": len(service.description) > LONG_DESCRIPTION,
    }
    return render(request, "services/service_detail.html", context, status=status)


@requires(Can.MANAGE_SERVICES)
def service_new(request: PracticeRequest, practice: str) -> HttpResponse:
    """Add a service with its first price."""
    form = ServiceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            service = operations.add_service(
                form.save(commit=False),
                unit_price=form.cleaned_data["unit_price"],
                effective_from=request.practice.today(),
            )
        except NameTaken as problem:
            form.add_error("name", problem.message)
        else:
            messages.success(request, f"{service.name} is in the library.")
            return see_other(request, "services:service-detail", practice=practice, pk=service.pk)
    return _render_edit(request, form)


@requires(Can.MANAGE_SERVICES)
def service_edit(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Change a service's particulars; proposals already made keep their copy."""
    form = ServiceForm(request.POST or None, instance=get_object_or_404(Service, pk=pk))
    if request.method == "POST" and form.is_valid():
        try:
            operations.amend_service(form.save(commit=False))
        except NameTaken as problem:
            form.add_error("name", problem.message)
        else:
            messages.success(request, "Saved.")
            return see_other(request, "services:service-detail", practice=practice, pk=pk)
    return _render_edit(request, form)


def _render_edit(request: PracticeRequest, form: ServiceForm) -> HttpResponse:
    context = {"form": form, "service": form.instance, "long_description": LONG_DESCRIPTION}
    status = 422 if request.method == "POST" else 200
    return render(request, "services/service_edit.html", context, status=status)


@requires(Can.MANAGE_SERVICES)
@require_POST
def service_reprice(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Add a price from a date on."""
    service = get_object_or_404(Service.objects.select_related("tax_rate"), pk=pk)
    form = PriceForm(request.POST)
    if not form.is_valid():
        return _render_service(request, service, form, status=422)
    operations.reprice_service(service, **form.cleaned_data)
    messages.success(request, "The new price is in the list. Proposals already made keep theirs.")
    return see_other(request, "services:service-detail", practice=practice, pk=pk)


@requires(Can.MANAGE_SERVICES)
@require_POST
def service_archive(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take a service out of the offer."""
    operations.archive_service(get_object_or_404(Service, pk=pk))
    messages.success(request, "Archived. What was sold goes on being billed.")
    return see_other(request, "services:service-detail", practice=practice, pk=pk)


@requires(Can.MANAGE_SERVICES)
@require_POST
def service_restore(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Offer an archived service again."""
    operations.restore_service(get_object_or_404(Service, pk=pk))
    messages.success(request, "The service is offered again.")
    return see_other(request, "services:service-detail", practice=practice, pk=pk)


@requires(Can.SEE)
def tax_rate_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """The VAT rates the practice uses."""
    return _render_rates(request, TaxRateForm())


def _render_rates(
    request: PracticeRequest, form: TaxRateForm | RenameForm, status: int = 200
) -> HttpResponse:
    used = Count("services", filter=Q(services__status=Service.Status.ACTIVE))
    today = request.practice.today()
    rates = [(rate, rate.percent_on(today)) for rate in TaxRate.objects.annotate(used=used)]
    context = {"rates": rates, "form": form, "tabs": library_tabs(request, "VAT rates")}
    return render(request, "services/tax_rate_list.html", context, status=status)


@requires(Can.MANAGE_SERVICES)
@require_POST
def tax_rate_add(request: PracticeRequest, practice: str) -> HttpResponse:
    """Add a VAT rate."""
    form = TaxRateForm(request.POST)
    if form.is_valid():
        try:
            rate = operations.add_tax_rate(form.save(commit=False))
        except NameTaken as problem:
            form.add_error("name", problem.message)
        else:
            messages.success(request, f"{rate.name} is added. Map it to Sage before you use it.")
            return see_other(request, "services:tax-rate-list", practice=practice)
    return _render_rates(request, form, status=422)


@requires(Can.MANAGE_SERVICES)
@require_POST
def tax_rate_rename(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Give a VAT rate another name."""
    rate = get_object_or_404(TaxRate, pk=pk)
    form = RenameForm(request.POST, instance=get_object_or_404(TaxRate, pk=pk))
    if not form.is_valid():
        return _render_rates(request, TaxRateForm(), status=422)
    operations.rename_tax_rate(rate, form.cleaned_data["name"])
    messages.success(request, "Renamed.")
    return see_other(request, "services:tax-rate-list", practice=practice)


@requires(Can.MANAGE_SERVICES)
@require_POST
def tax_rate_archive(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take a VAT rate out of the offer."""
    operations.archive_tax_rate(get_object_or_404(TaxRate, pk=pk))
    messages.success(request, "Archived.")
    return see_other(request, "services:tax-rate-list", practice=practice)


@requires(Can.MANAGE_SERVICES)
@require_POST
def tax_rate_restore(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Offer an archived VAT rate again."""
    operations.restore_tax_rate(get_object_or_404(TaxRate, pk=pk))
    messages.success(request, "The rate is offered again.")
    return see_other(request, "services:tax-rate-list", practice=practice)

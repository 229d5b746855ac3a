"""The pages about VAT rates, and whether VAT is charged at all."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from practices.lists import Column, List, ShownList
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.worked_lists import worked_file, worked_page
from services import operations
from services.errors import NameTaken, RateInUse
from services.forms import RenameForm, TaxRateForm, VatSettingsForm
from services.models import Service, TaxRate, VatSettings
from services.queries import usual_tax_rate, vat_settings
from services.views.services import library_tabs

#: Of a row: the rate, and its percentage today.
RATES = List(
    "vat-rates",
    "services:tax-rate-list",
    ("rate", "rates"),
    (
        Column("name", "Name", lambda row: row[0].name, fixed=True),
        Column("treatment", "Treatment", lambda row: row[0].get_vat_code_display()),
        Column("today", "Today", lambda row: row[1], is_figure=True),
        Column("services", "Services", lambda row: row[0].used, is_figure=True),
        Column("state", "State", lambda row: row[0].get_status_display()),
    ),
    {"today": (), "name": ("name",), "services": ("-services",), "state": ("state",)},
)


@requires(Can.SEE)
@require_safe
def tax_rate_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """The VAT rates the practice uses."""
    return _render_rates(request, TaxRateForm())


def _render_rates(
    request: PracticeRequest,
    form: TaxRateForm,
    *,
    settings_form: VatSettingsForm | None = None,
    status: int = 200,
) -> HttpResponseBase:
    used = Count("services", filter=Q(services__status=Service.Status.ACTIVE))
    today = request.practice.today()
    rates = [(rate, rate.percent_on(today)) for rate in TaxRate.objects.annotate(used=used)]
    shown = ShownList(request, RATES)
    if file := worked_file(shown, rates):
        return file
    vat, offered = vat_settings(), [rate for rate, _ in rates if rate.status == TaxRate.Status.ACTIVE]
    settings_form = settings_form or VatSettingsForm(instance=vat, prefix="vat")
    settings_form.say_fallback(usual_tax_rate(VatSettings(), offered))
    context = {
        "list": shown,
        "page": worked_page(shown, rates),
        "form": form,
        "settings_form": settings_form,
        "usual": usual_tax_rate(vat, offered),
        "tabs": library_tabs(request, "VAT rates"),
    }
    return render(request, "services/tax_rate_list.html", context, status=status)


@requires(Can.MANAGE_SERVICES)
@require_POST
def tax_rate_add(request: PracticeRequest, practice: str) -> HttpResponseBase:
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
def tax_rate_rename(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Give a VAT rate another name."""
    rate = get_object_or_404(TaxRate, pk=pk)
    form = RenameForm(request.POST, instance=get_object_or_404(TaxRate, pk=pk))
    if not form.is_valid():
        messages.error(request, "A VAT rate needs a name that no other has. Nothing was changed.")
        return _render_rates(request, TaxRateForm(), status=422)
    operations.rename_tax_rate(rate, form.cleaned_data["name"])
    messages.success(request, "Renamed.")
    return see_other(request, "services:tax-rate-list", practice=practice)


@requires(Can.MANAGE_SERVICES)
@require_POST
def tax_rate_archive(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Take a VAT rate out of the offer."""
    operations.archive_tax_rate(get_object_or_404(TaxRate, pk=pk))
    messages.success(request, "Archived.")
    return see_other(request, "services:tax-rate-list", practice=practice)


@requires(Can.MANAGE_SERVICES)
@require_POST
def tax_rate_restore(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Offer an archived VAT rate again."""
    operations.restore_tax_rate(get_object_or_404(TaxRate, pk=pk))
    messages.success(request, "The rate is offered again.")
    return see_other(request, "services:tax-rate-list", practice=practice)


@requires(Can.SEE)
@require_safe
def tax_rate_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Where a VAT rate is used, and whether it is offered."""
    rate = get_object_or_404(TaxRate, pk=pk)
    today, services = request.practice.today(), list(rate.services.all())
    is_in_use = any(service.status == Service.Status.ACTIVE for service in services)
    context = {
        "rate": rate,
        "percent": rate.percent_on(today),
        "services": services,
        "why_not_archive": RateInUse.message if is_in_use else "",
    }
    return render(request, "services/tax_rate_detail.html", context)


@requires(Can.MANAGE_SETTINGS)
@require_POST
def vat_settings_edit(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Say whether VAT is charged, which rate new services get and how prices are written."""
    form = VatSettingsForm(request.POST, instance=vat_settings(), prefix="vat")
    if not form.is_valid():
        return _render_rates(request, TaxRateForm(), settings_form=form, status=422)
    moved = operations.set_vat_settings(form.save(commit=False))
    words = f"Saved. {moved} services are without VAT now." if moved else "Saved."
    messages.success(request, words)
    return see_other(request, "services:tax-rate-list", practice=practice)

"""The price list as a file: out for a spreadsheet, in from one."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from practices.errors import DomainError
from practices.limits import costly
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.spreadsheets import csv_response
from services.csv_rows import COLUMNS, exported, rows_in, start_import
from services.models import Service
from services.queries import with_price


class FileForm(forms.Form):
    """A CSV file with services."""

    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=(
            f"The first line names the columns: {', '.join(COLUMNS)}. Only “Service” has to be there; what a file"
            " leaves out stays as it is. An exported file can be changed and brought back."
        ),
    )


@requires(Can.SEE)
@require_safe
@costly
def service_export(request: PracticeRequest, practice: str) -> HttpResponse:
    """Every service that is offered, with today's price, as a file that comes back in."""
    services = with_price(Service.objects.offered(), request.practice.today())
    rows = exported(services.select_related("category", "tax_rate").order_by("name"))
    return csv_response("services", list(COLUMNS), rows)


@requires(Can.MANAGE_SERVICES)
@require_http_methods(["GET", "HEAD", "POST"])
def service_import(request: PracticeRequest, practice: str) -> HttpResponse:
    """Take services from a file: new ones are added, those of the same name changed."""
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return see_other(request, start_import(rows_in(form.cleaned_data["file"])))
        except DomainError as problem:
            form.add_error("file", problem.message)
    status = 422 if form.is_bound else 200
    return render(request, "services/service_import.html", {"form": form}, status=status)

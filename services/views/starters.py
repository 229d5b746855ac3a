"""The starter catalogue: what practices commonly sell, to tick and price."""

from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from money.amounts import to_pence
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from services.forms import price_field
from services.models import Service
from services.operations import add_starters
from services.queries import vat_settings
from services.starter_catalogue import CATALOGUE, Starter


class StartersForm(forms.Form):
    """A tick and a price for each service of the catalogue that the library does not have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = {name.casefold() for name in Service.objects.values_list("name", flat=True)}
        self.items: list[tuple[int, Starter]] = [
            (number, item) for number, item in enumerate(CATALOGUE) if item.name.casefold() not in held
        ]
        for number, item in self.items:
            self.fields[f"take-{number}"] = forms.BooleanField(label=item.name, required=False)
            if item.price is not None:
                field = price_field(f"Price of {item.name}")
                field.initial = to_pence(item.price)
                self.fields[f"price-{number}"] = field

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for number, item in self.items:
            wants_price = cleaned.get(f"take-{number}") and item.price is not None
            if (
                wants_price
                and cleaned.get(f"price-{number}") is None
                and f"price-{number}" not in self.errors
            ):
                self.add_error(f"price-{number}", f"{item.name} needs a price.")
        return cleaned

    @property
    def chosen(self) -> dict[str, Any]:
        """The price of each ticked service, by name."""
        return {
            item.name: self.cleaned_data.get(f"price-{number}")
            for number, item in self.items
            if self.cleaned_data.get(f"take-{number}")
        }

    @property
    def groups(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """The rows under their headings."""
        rows: list[dict[str, Any]] = [
            {
                "item": item,
                "take": self[f"take-{number}"],
                "price": self[f"price-{number}"] if item.price is not None else None,
            }
            for number, item in self.items
        ]
        return [(name, list(found)) for name, found in groupby(rows, lambda row: row["item"].category)]


@requires(Can.MANAGE_SERVICES)
@require_http_methods(["GET", "POST"])
def starter_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """Common services to take into the library, each at a price of one's own."""
    form = StartersForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        added = add_starters(form.chosen, on=request.practice.today())
        if added:
            words = "1 service is" if len(added) == 1 else f"{len(added)} services are"
            messages.success(request, f"{words} in your library. Prices can be changed from any day on.")
            return see_other(request, "services:service-list", practice=practice)
        messages.info(request, "No service was ticked, so none was added.")
    status = 422 if request.method == "POST" and form.errors else 200
    return render(request, "services/starter_list.html", {"form": form, "vat": vat_settings()}, status=status)

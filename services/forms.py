"""Forms about services, prices and VAT rates."""

from decimal import Decimal
from typing import Any

from django import forms

from services.models import Price, Service, TaxRate

#: Length from which an invoice line becomes hard to read, and a second page likely (F20).
LONG_DESCRIPTION = 1000


class ServiceForm(forms.ModelForm):
    """A service's particulars; its price is given once here and repriced by date later."""

    unit_price = forms.DecimalField(
        label="Price before VAT", min_value=Decimal(0), max_digits=12, decimal_places=4, required=False
    )

    class Meta:
        model = Service
        fields = ["name", "description", "billing_basis", "tax_rate"]
        widgets = {"description": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "description": "Printed on invoices where the practice chose so. Plain text reaches Sage."
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rates: forms.ModelChoiceField[TaxRate] = self.fields["tax_rate"]  # type: ignore[assignment]
        rates.queryset, rates.empty_label = TaxRate.objects.offered(), "Choose a VAT rate"
        if self.instance.pk:
            del self.fields["unit_price"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "unit_price" in self.fields and "unit_price" not in self.errors:
            self._clean_price(cleaned)
        return cleaned

    def _clean_price(self, cleaned: dict[str, Any]) -> None:
        included = cleaned.get("billing_basis") == Service.BillingBasis.INCLUDED
        if included:
            cleaned["unit_price"] = Decimal(0)
        elif cleaned.get("unit_price") is None:
            self.add_error("unit_price", "Enter a price, or choose Included (no price).")


class PriceForm(forms.ModelForm):
    """A price from a date on."""

    class Meta:
        model = Price
        fields = ["unit_price", "effective_from"]
        labels = {"unit_price": "Price before VAT", "effective_from": "From"}
        help_texts = {"unit_price": ""}
        widgets = {"effective_from": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})}


class TaxRateForm(forms.ModelForm):
    """A VAT rate under the practice's own name."""

    vat_code = forms.ChoiceField(label="VAT treatment", choices=[("", "Choose a treatment"), *TaxRate.CODES])

    class Meta:
        model = TaxRate
        fields = ["name", "vat_code"]


class RenameForm(forms.ModelForm):
    """Another name for a VAT rate."""

    class Meta:
        model = TaxRate
        fields = ["name"]

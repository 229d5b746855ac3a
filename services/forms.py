"""Forms about services, prices and VAT rates."""

from decimal import Decimal
from typing import Any

from django import forms

from practices.rich_text import plain, sanitised
from services.models import Price, Service, ServiceCategory, TaxRate, VatSettings
from services.queries import default_tax_rate, vat_settings

#: Length from which an invoice line becomes hard to read, and a second page likely (F20).
LONG_DESCRIPTION = 1000
LONGEST_DESCRIPTION, LONGEST_TERMS = 20_000, 100_000
Basis = Service.BillingBasis
PRICE_TYPES = {
    Basis.FIXED: "Fixed price: the same for every client",
    Basis.UNIT: "Per unit: a price for each employee, return or site",
    Basis.MINIMUM: "From a minimum: confirmed before it is billed",
    Basis.RANGE: "Range: confirmed before it is billed",
    Basis.HOURLY: "Per hour: the hours are confirmed before they are billed",
    Basis.INCLUDED: "Included: no price of its own",
}
MODES = {
    Service.BillingMode.AUTOMATIC: "Automatic: billed when it falls due",
    Service.BillingMode.MANUAL: "By hand: somebody looks at it first",
}


class RichTextField(forms.CharField):
    """Text with harmless markup alone; plain text stays plain."""

    def __init__(self, *, rows: int = 4, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), required=False, **kwargs)

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        return sanitised(text)


def price_field(label: str, **kwargs: Any) -> forms.DecimalField:
    """An optional price before VAT: not negative, four decimal places at most."""
    return forms.DecimalField(
        label=label, min_value=Decimal(0), max_digits=12, decimal_places=4, required=False, **kwargs
    )


class ServiceForm(forms.ModelForm):
    """A service's particulars; its price is given once here and repriced by date later."""

    category_name = forms.CharField(
        label="Category",
        max_length=60,
        required=False,
        help_text="A heading of your price list. A new word makes a new heading.",
        widget=forms.TextInput(attrs={"list": "categories"}),
    )
    unit_price = price_field("Price before VAT")
    highest_price = price_field("Up to", help_text="Only for a range.")
    description = RichTextField(
        max_length=LONGEST_DESCRIPTION,
        help_text="Shown in proposals, and printed on invoices where the practice chose so. Sage gets plain text.",
    )
    terms = RichTextField(
        rows=6,
        label="Terms of this service",
        max_length=LONGEST_TERMS,
        help_text="Go into the engagement letter only when this service is part of the proposal.",
    )

    class Meta:
        model = Service
        fields = ["name", "description", "billing_basis", "unit_name", "billing_mode", "tax_rate", "terms"]

    field_order = [
        "name",
        "category_name",
        "billing_basis",
        "unit_name",
        "unit_price",
        "highest_price",
        "tax_rate",
        "billing_mode",
        "description",
        "terms",
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rates: forms.ModelChoiceField[TaxRate] = self.fields["tax_rate"]  # type: ignore[assignment]
        rates.queryset, rates.empty_label = TaxRate.objects.offered(), "Choose a VAT rate"
        say_vat(self)
        self.fields["billing_basis"].choices = list(PRICE_TYPES.items())  # type: ignore[attr-defined]
        self.fields["billing_mode"].choices = list(MODES.items())  # type: ignore[attr-defined]
        if self.instance.pk:
            del self.fields["unit_price"], self.fields["highest_price"]
            self.initial["category_name"] = self.instance.category or ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        basis = cleaned.get("billing_basis")
        if basis == Basis.UNIT and not cleaned.get("unit_name"):
            self.add_error("unit_name", "Say what is counted, for example “employee”.")
        if basis != Basis.UNIT:
            cleaned["unit_name"] = ""
        if "unit_price" in self.fields:
            clean_prices(self, cleaned, basis)
        return cleaned


def say_vat(form: forms.BaseForm) -> None:
    """Call VAT what the practice calls it; ask for no rate where it charges none."""
    vat = vat_settings()
    if vat.charges_vat:
        form.fields["tax_rate"].label = f"{vat.label} rate"
        return
    form.fields["tax_rate"].widget = forms.HiddenInput()
    form.fields["tax_rate"].initial = form.initial["tax_rate"] = default_tax_rate()
    if "unit_price" in form.fields:
        form.fields["unit_price"].label = "Price"


def clean_prices(form: forms.BaseForm, cleaned: dict[str, Any], basis: str | None) -> None:
    """Settle price and upper end for a price type; adds an error for what is missing or the wrong way round."""
    if basis == Basis.INCLUDED:
        cleaned["unit_price"], cleaned["highest_price"] = Decimal(0), None
        return
    if cleaned.get("unit_price") is None and "unit_price" not in form.errors:
        form.add_error("unit_price", "Enter a price, or choose Included (no price).")
    if basis != Basis.RANGE:
        cleaned["highest_price"] = None
    elif "highest_price" not in form.errors and not _goes_up(cleaned):
        form.add_error("highest_price", "Enter the upper end of the range, higher than the price.")


def _goes_up(cleaned: dict[str, Any]) -> bool:
    lowest, highest = cleaned.get("unit_price"), cleaned.get("highest_price")
    return highest is not None and (lowest is None or highest > lowest)


class PriceForm(forms.ModelForm):
    """A price from a date on."""

    class Meta:
        model = Price
        fields = ["unit_price", "highest_price", "effective_from"]
        labels = {"unit_price": "Price before VAT", "effective_from": "From"}
        help_texts = {"unit_price": "", "highest_price": ""}
        widgets = {"effective_from": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})}

    def __init__(self, *args: Any, basis: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.basis = basis
        if not vat_settings().charges_vat:
            self.fields["unit_price"].label = "Price"
        if basis != Basis.RANGE:
            del self.fields["highest_price"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        clean_prices(self, cleaned, self.basis)
        return cleaned


LEAVE = ("", "Leave as it is")


class BulkEditForm(forms.Form):
    """Changes to many services at once; what is left empty stays as it is."""

    category_name = forms.CharField(
        label="Category", max_length=60, required=False, widget=forms.TextInput(attrs={"list": "categories"})
    )
    tax_rate = forms.ModelChoiceField(
        TaxRate.objects.none(), label="VAT rate", required=False, empty_label=LEAVE[1]
    )
    billing_mode = forms.ChoiceField(label="Billing", choices=[LEAVE, *MODES.items()], required=False)
    percent = forms.DecimalField(
        label="Change prices by percent",
        min_value=Decimal("-99.99"),
        max_value=Decimal(1000),
        max_digits=6,
        decimal_places=2,
        required=False,
        help_text="5 makes them five percent dearer, to the penny. Earlier prices stay in the history.",
    )
    effective_from = forms.DateField(
        label="New prices from",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    status = forms.ChoiceField(
        label="Offer", choices=[LEAVE, ("archived", "Archive"), ("active", "Offer again")], required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rates: forms.ModelChoiceField[TaxRate] = self.fields["tax_rate"]  # type: ignore[assignment]
        rates.queryset = TaxRate.objects.offered()
        if not vat_settings().charges_vat:
            rates.widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if (
            cleaned.get("percent")
            and not cleaned.get("effective_from")
            and "effective_from" not in self.errors
        ):
            self.add_error("effective_from", "Say from which day the new prices count.")
        changes = ["category_name", "tax_rate", "billing_mode", "percent", "status"]
        if not self.errors and not any(cleaned.get(name) for name in changes):
            raise forms.ValidationError("Nothing is to be changed yet. Choose at least one change.")
        return cleaned


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


class VatSettingsForm(forms.ModelForm):
    """Whether VAT is charged, which rate new services get, and how prices are written."""

    class Meta:
        model = VatSettings
        fields = ["charges_vat", "default_tax_rate", "shown", "label"]
        help_texts = {"label": "Written beside prices in the library and in proposals."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rates: forms.ModelChoiceField[TaxRate] = self.fields["default_tax_rate"]  # type: ignore[assignment]
        rates.queryset, rates.empty_label = TaxRate.objects.offered(), "None"

    def say_fallback(self, rate: TaxRate | None) -> None:
        """Name the rate that new services get where none is chosen."""
        if rate:
            rates: forms.ModelChoiceField[TaxRate] = self.fields["default_tax_rate"]  # type: ignore[assignment]
            rates.empty_label = f"The first one: {rate}"


class CategoryForm(forms.ModelForm):
    """Another name for a category."""

    class Meta:
        model = ServiceCategory
        fields = ["name"]


def is_long(description: str) -> bool:
    """Whether invoices with this description run over several pages."""
    return len(plain(description)) > LONG_DESCRIPTION

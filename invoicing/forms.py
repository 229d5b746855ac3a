"""The form of an instant bill and of a draft: whom, what, at which price, dated when."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django import forms

from clients.models import Client
from invoicing.models import InvoiceLine
from money.amounts import to_pence
from practices.templatetags.money_tags import typed_price, written
from services.models import Service, TaxRate, VatSettings
from services.queries import price_on, vat_settings

MOST_LINES = 100
BLANK_ROWS = 3
#: Clients in a list to choose from; of more, those are listed that were looked for.
MOST_CLIENTS = 200
#: Digits of an id.
LONGEST_ID = 18
#: By field, the ids with the words for them.
Offered = dict[str, list[tuple[Any, str]]]


class InvoiceForm(forms.Form):
    """Whom an invoice is for and the date it carries."""

    client = forms.ModelChoiceField(Client.objects.current(), empty_label="Choose a client")
    tax_point = forms.DateField(
        label="Invoice date",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, data: Any = None, *, initial: dict[str, Any], words: str = "") -> None:
        super().__init__(data, initial=initial)
        found = Client.objects.current().matching(words).order_by("name_key", "pk").only("name")
        listed = list(found[: MOST_CLIENTS + 1])
        #: Whether there are more than a person could look through, so that they have to be looked for.
        self.has_many = bool(words) or len(listed) > MOST_CLIENTS
        #: Whether the practice has nobody to bill yet.
        self.has_nobody = not words and not listed
        listed = listed[:MOST_CLIENTS]
        chosen = str((data or initial).get("client") or "")
        if (
            chosen.isdecimal()
            and len(chosen) <= LONGEST_ID
            and all(str(each.pk) != chosen for each in listed)
        ):
            listed = [*Client.objects.current().filter(pk=int(chosen)), *listed]
        field = self.fields["client"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        offered = [(each.pk, each.name) for each in listed]
        # What is offered is part of what may be chosen: the field itself still accepts every current client.
        field.choices = offered if words and len(offered) == 1 else [("", "Choose a client"), *offered]


class AmendForm(forms.Form):
    """The dates an issued invoice is to carry, and why it changes."""

    tax_point = forms.DateField(
        label="Invoice date", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    due_on = forms.DateField(label="Due", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    reason = forms.CharField(
        max_length=200, label="Why it changes", help_text="Kept with the invoice, and not sent to anybody."
    )


class CreditForm(forms.Form):
    """Why an invoice is taken back, and the date of the credit note."""

    reason = forms.CharField(max_length=200, label="Reason")
    issued_on = forms.DateField(
        label="Date", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )


class LineForm(forms.Form):
    """One line of an invoice; a row without a service is left out."""

    service = forms.ModelChoiceField(
        Service.objects.offered().exclude(billing_basis=Service.BillingBasis.INCLUDED),
        required=False,
        empty_label="No service",
    )
    description = forms.CharField(
        required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}), label="Description"
    )
    quantity = forms.DecimalField(min_value=0, max_digits=10, decimal_places=2, initial=1, required=False)
    unit_price = forms.DecimalField(
        label="Price each", min_value=0, max_digits=12, decimal_places=4, required=False
    )
    with_vat = forms.BooleanField(required=False)
    tax_rate = forms.ModelChoiceField(
        TaxRate.objects.offered(), required=False, empty_label="As in the library"
    )

    def __init__(self, *arguments: Any, vat: VatSettings, offered: Offered, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # What is offered is part of what may be chosen: the fields themselves look among all of it.
        for name, choices in offered.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
            field.choices = choices
        self.fields["with_vat"].label = f"This price includes {vat.label}"
        self.fields["tax_rate"].label = f"{vat.label} rate"
        if not vat.charges_vat:
            del self.fields["with_vat"], self.fields["tax_rate"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = self.cleaned_data
        if cleaned.get("service") is None:
            if cleaned.get("unit_price") is not None and "service" not in self.errors:
                self.add_error("service", "Choose the service this price is for.")
        elif "quantity" not in self.errors and not cleaned.get("quantity"):
            self.add_error("quantity", "Enter a quantity above zero.")
        return cleaned

    def line(self, on: date) -> InvoiceLine | None:
        """The unsaved line, with the library's price and VAT rate where none was entered; None for an empty row.

        Adds an error and gives None where the library has no price on that date either.
        """
        cleaned = self.cleaned_data
        service: Service | None = cleaned.get("service")
        if service is None or cleaned.get("DELETE"):
            return None
        price = cleaned.get("unit_price")
        if price is None:
            price = price_on(service, on)
        if price is None:
            self.add_error("unit_price", "The library has no price for this service on that date. Enter one.")
            return None
        line = InvoiceLine(
            service=service,
            name=service.name,
            description=cleaned.get("description") or service.description,
            quantity=cleaned["quantity"],
            unit_price=price,
            tax_rate=cleaned.get("tax_rate") or service.tax_rate,
        )
        if cleaned.get("with_vat") and cleaned.get("unit_price") is not None:
            _price_with_vat(line)
        return line


def _price_with_vat(line: InvoiceLine) -> None:
    """The line at a price that has VAT in it: one whole, since a net price times a quantity may miss the penny."""
    each, quantity = line.unit_price, line.quantity
    line.gross_price = to_pence(quantity * each)
    if quantity != 1:
        words = f"{quantity.normalize():f} × {written(each)} including VAT"
        line.description = f"{words}\n{line.description}".strip()
        line.quantity = Decimal(1)


class BaseLineFormSet(forms.BaseFormSet):
    """The lines of an invoice."""

    @property
    def has_no_service(self) -> bool:
        """Whether the library has nothing to bill yet, without which every row is left out."""
        return not any(value for value, _ in self.form_kwargs["offered"]["service"])

    def lines(self, on: date) -> list[InvoiceLine]:
        """The lines in their order, without rows that are left out."""
        return [line for form in self.forms if (line := form.line(on)) is not None]


def line_formset(
    data: Any = None, *, lines: Sequence[InvoiceLine] = (), more_rows: int = 0
) -> BaseLineFormSet:
    """The rows as entered, or those of a draft, with empty ones below."""
    if data is not None and more_rows:
        data = data.copy()
        data["lines-TOTAL_FORMS"] = str(min(_entered_rows(data) + more_rows, MOST_LINES))
    factory = forms.formset_factory(
        LineForm,
        formset=BaseLineFormSet,
        extra=1 if lines else BLANK_ROWS,
        max_num=MOST_LINES,
        absolute_max=MOST_LINES,
        can_delete=True,
    )
    initial = [
        {
            "service": line.service_id,
            "description": line.description,
            "quantity": line.quantity,
            "unit_price": typed_price(line.unit_price if line.gross_price is None else line.gross_price),
            "with_vat": line.gross_price is not None,
            "tax_rate": line.tax_rate_id,
        }
        for line in lines
    ]
    kwargs = {"vat": vat_settings(), "offered": _offered()}
    words = (
        f"An invoice entered here has at most {MOST_LINES} lines. Nothing was saved: take some out, and put them on a"
        " second invoice."
    )
    rows = factory(
        data, initial=initial, prefix="lines", form_kwargs=kwargs, error_messages={"too_many_forms": words}
    )
    return cast(BaseLineFormSet, rows)


def _offered() -> Offered:
    """What every row offers, asked for once for all of them."""
    found = {}
    for name, field in LineForm.base_fields.items():
        if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
            # A question of its own: the field's would remember its rows for whoever comes next.
            rows = [(row.pk, field.label_from_instance(row)) for row in field.queryset.all()]
            found[name] = [("", str(field.empty_label)), *rows]
    return found


def _entered_rows(data: Any) -> int:
    entered = data.get("lines-TOTAL_FORMS", "")
    return int(entered) if entered.isdecimal() and len(entered) < 4 else 0

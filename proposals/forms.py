"""Forms of the proposal editor, of signing and of deciding."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.http import QueryDict

from clients.models import Client
from proposals.billing_rules import BillingRule
from proposals.models import EARLIEST, LATEST, Proposal, ProposalLine
from services.models import Service, TaxRate
from services.queries import with_price

#: What the editor offers; a rule made elsewhere stays as it is.
OFFERED_RULES = [
    ("upfront", None, ""),
    ("on_completion", None, ""),
    ("recurring", 1, "week"),
    ("recurring", 2, "week"),
    ("recurring", 4, "week"),
    ("recurring", 1, "month"),
    ("recurring", 3, "month"),
    ("recurring", 6, "month"),
    ("recurring", 12, "month"),
]
MOST_LINES = 100
BLANK_ROWS = 3


def rule_key(billing: str, every: int | None, period: str) -> str:
    """A billing rule as one word for a drop-down: `upfront`, `recurring:3:month`."""
    return f"{billing}:{every}:{period}" if billing == BillingRule.Billing.RECURRING else billing


def rule_of(key: str) -> tuple[str, int | None, str]:
    """The billing, interval and period of such a word; raises `ValueError` for anything else."""
    billing, _, rest = key.partition(":")
    if billing != BillingRule.Billing.RECURRING:
        if rest:
            raise ValueError(key)
        return BillingRule.Billing(billing).value, None, ""
    every, _, period = rest.partition(":")
    if not 1 <= int(every) <= 120:
        raise ValueError(key)
    return billing, int(every), BillingRule.Period(period).value


def rule_words(key: str) -> str:
    """The rule as people read it: `Every 3 months`."""
    billing, every, period = rule_of(key)
    return ProposalLine(billing=billing, every=every, period=period).rule_in_words


class RuleField(forms.ChoiceField):
    """A billing rule; the usual ones are offered, any well-formed one is accepted."""

    def valid_value(self, value: Any) -> bool:
        try:
            rule_of(str(value))
        except ValueError:
            return False
        return True


WRONG_YEAR = "Check the year: dates from 2000 to 2100 make sense here."


class DateField(forms.DateField):
    """A civil date from the browser's own picker."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"type": "date", "min": EARLIEST.isoformat(), "max": LATEST.isoformat()}
        widget = forms.DateInput(format="%Y-%m-%d", attrs=attributes)
        limits = [MinValueValidator(EARLIEST, WRONG_YEAR), MaxValueValidator(LATEST, WRONG_YEAR)]
        super().__init__(widget=widget, validators=limits, **kwargs)


class ProposalForm(forms.ModelForm):
    """Whom a proposal is for, from when and until when."""

    starts_on = DateField(
        label="Starts on", help_text="The first day of the engagement and of recurring billing."
    )
    valid_until = DateField(label="Valid until", help_text="The last day on which it can be signed.")

    class Meta:
        model = Proposal
        fields = ["client", "title", "starts_on", "valid_until", "message"]
        help_texts = {
            "title": "Only you see this name.",
            "message": "Shown above the prices and in the e-mail.",
        }
        widgets = {"message": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clients = self.fields["client"]
        clients.queryset = Client.objects.current()  # type: ignore[attr-defined]
        clients.empty_label = "Choose a client"  # type: ignore[attr-defined]


class Library:
    """The services and VAT rates a proposal can use, with today's prices, read once for all of its rows."""

    def __init__(self, proposal: Proposal, today: date) -> None:
        used = ProposalLine.objects.filter(proposal=proposal.pk)
        services = Service.objects.filter(Q(status=Service.Status.ACTIVE) | Q(pk__in=used.values("service")))
        rates = TaxRate.objects.filter(Q(status=TaxRate.Status.ACTIVE) | Q(pk__in=used.values("tax_rate")))
        priced = with_price(services, today).select_related("tax_rate")
        self.services: dict[str, Service] = {str(service.pk): service for service in priced}
        self.rates: dict[str, TaxRate] = {str(rate.pk): rate for rate in rates}

    def price_of(self, service: Service) -> Decimal | None:
        """The service's unit price today, before VAT; zero where it is included, None where there is none."""
        if service.billing_basis == Service.BillingBasis.INCLUDED:
            return Decimal(0)
        return self.services[str(service.pk)].unit_price  # type: ignore[attr-defined,no-any-return]


def _row_of(rows: Mapping[str, Service | TaxRate], key: object) -> Service | TaxRate:
    """The row that was chosen; raises `ValueError`, which a field understands, for one that is not offered."""
    if (row := rows.get(str(key))) is None:
        raise ValueError(key)
    return row


class LineForm(forms.Form):
    """One service of a proposal; a row without a service is left out."""

    service = forms.TypedChoiceField(required=False, empty_value=None)
    quantity = forms.DecimalField(min_value=0, max_digits=10, decimal_places=2, initial=1, required=False)
    unit_price = forms.DecimalField(
        label="Price each, before VAT", min_value=0, max_digits=12, decimal_places=4, required=False
    )
    tax_rate = forms.TypedChoiceField(label="VAT rate", required=False, empty_value=None)
    rule = RuleField(label="Billed", initial="upfront", required=False)

    def __init__(self, *args: Any, library: Library, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.library = library
        # Choosing a service fills in its price and VAT rate; without a script saving does.
        self.fields["service"].widget.attrs = {
            "hx-post": "",
            "hx-target": "#lines",
            "hx-vals": json.dumps({"priced": self.prefix}),
        }
        self._offer("service", library.services, "No service")
        self._offer("tax_rate", library.rates, "As in the library")
        keys = [rule_key(*rule) for rule in OFFERED_RULES]
        rules: RuleField = self.fields["rule"]  # type: ignore[assignment]
        current = self["rule"].value()
        if current and current not in keys and rules.valid_value(current):
            keys.append(current)
        rules.choices = [(key, rule_words(key)) for key in keys]

    def _offer(self, name: str, rows: Mapping[str, Service | TaxRate], nothing: str) -> None:
        field: forms.TypedChoiceField = self.fields[name]  # type: ignore[assignment]
        field.choices = [("", nothing), *((key, str(row)) for key, row in rows.items())]
        field.coerce = partial(_row_of, rows)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = self.cleaned_data
        service: Service | None = cleaned.get("service")
        if service is None:
            if cleaned.get("unit_price") is not None and "service" not in self.errors:
                self.add_error("service", "Choose the service this price is for.")
            return cleaned
        if "quantity" not in self.errors and not cleaned.get("quantity"):
            self.add_error("quantity", "Enter a quantity above zero.")
        cleaned["tax_rate"] = cleaned.get("tax_rate") or service.tax_rate
        cleaned["rule"] = cleaned.get("rule") or "upfront"
        if "unit_price" not in self.errors and cleaned.get("unit_price") is None:
            cleaned["unit_price"] = self.library.price_of(service)
            if cleaned["unit_price"] is None:
                self.add_error("unit_price", "The library has no price for this service yet. Enter one.")
        return cleaned

    def line(self) -> ProposalLine | None:
        """The line as entered, a copy of the library's words; None for a row that is left out."""
        cleaned = self.cleaned_data
        service: Service | None = cleaned.get("service")
        if service is None or cleaned.get("DELETE"):
            return None
        billing, every, period = rule_of(cleaned["rule"])
        is_included = service.billing_basis == Service.BillingBasis.INCLUDED
        return ProposalLine(
            service=service,
            name=service.name,
            description=service.description,
            is_included=is_included,
            quantity=cleaned["quantity"],
            unit_price=0 if is_included else cleaned["unit_price"],
            tax_rate=cleaned["tax_rate"],
            billing=billing,
            every=every,
            period=period,
        )


class LineFormSet(forms.BaseFormSet):
    """The services of a proposal."""

    def lines(self) -> list[ProposalLine]:
        """The lines in their order, without rows that are left out."""
        return [line for form in self.forms if (line := form.line()) is not None]


ProposalLines: type[LineFormSet] = forms.formset_factory(  # type: ignore[assignment]  # the stubs forget its base
    LineForm, formset=LineFormSet, extra=BLANK_ROWS, max_num=MOST_LINES, validate_max=True, can_delete=True
)


def entered_line(line: ProposalLine) -> dict[str, Any]:
    """A saved line as the editor shows it."""
    return {
        "service": line.service_id,
        "quantity": line.quantity,
        "unit_price": "" if line.is_included else plain(line.unit_price),
        "tax_rate": line.tax_rate_id,
        "rule": rule_key(line.billing, line.every, line.period),
    }


def plain(price: Decimal) -> str:
    """A unit price as somebody would type it: `100`, `6.50`, `0.333`."""
    shortest = price.normalize()
    return f"{price:.2f}" if shortest.as_tuple().exponent == -1 else f"{shortest:f}"


def entered_rows(data: QueryDict, library: Library, *, priced: str = "") -> list[dict[str, Any]]:
    """What has been typed into the rows so far, unchecked, without empty and removed ones.

    The row named by ``priced`` (`lines-3`) takes price and VAT rate from the library, for its service may
    have changed; so does any row without a price.
    """
    names = ["service", "quantity", "unit_price", "tax_rate", "rule"]
    rows = []
    for number in range(rows_sent(data)):
        prefix = f"lines-{number}"
        row: dict[str, Any] = {name: data.get(f"{prefix}-{name}", "") for name in names}
        if data.get(f"{prefix}-DELETE") or not (row["service"] or row["unit_price"]):
            continue
        service = library.services.get(row["service"])
        if service and (priced == prefix or not row["unit_price"]):
            price = library.price_of(service)
            row["unit_price"] = plain(price) if price else ""
            row["tax_rate"] = service.tax_rate_id
        rows.append(row)
    return rows


def rows_sent(data: QueryDict) -> int:
    """How many rows the browser had, empty ones included; never more than a proposal may have."""
    total = data.get("lines-TOTAL_FORMS", "")
    return min(int(total), MOST_LINES) if total.isdecimal() and len(total) < 10 else 0

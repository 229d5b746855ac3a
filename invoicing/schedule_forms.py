"""Forms about services being billed: pausing, moving, one bill changed, split, or issued by hand."""

from decimal import Decimal
from typing import Any

from django import forms

from invoicing.models import InvoicingSettings


def _date(**options: object) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **options)  # type: ignore[arg-type]


def _quantity() -> forms.DecimalField:
    return forms.DecimalField(min_value=Decimal("0.01"), max_digits=10, decimal_places=2)


def _price() -> forms.DecimalField:
    return forms.DecimalField(label="Price each, net", min_value=Decimal(0), max_digits=12, decimal_places=4)


class PauseForm(forms.Form):
    """How long a service is not billed, and why."""

    until = _date(label="Billing goes on from", required=False, help_text="Empty: until somebody resumes it.")
    reason = forms.CharField(max_length=150, required=False)


class EndForm(forms.Form):
    """The last day of what is billed; empty for today."""

    on = _date(
        label="Last day", required=False, help_text="Periods that began by then are still billed, once each."
    )


class MoveForm(forms.Form):
    """The day from which the coming periods are counted."""

    starts_on = _date(label="The next period begins on")


class ChangeBillForm(forms.Form):
    """One bill with another date, quantity or price, this once."""

    bills_on = _date(label="Invoice date", required=False, help_text="Empty: as the service is billed.")
    quantity = _quantity()
    unit_price = _price()


class SplitForm(forms.Form):
    """The part of a bill that is billed on another day."""

    amount = forms.DecimalField(
        label="Part to bill later, net", min_value=Decimal("0.01"), max_digits=12, decimal_places=2
    )
    bills_on = _date(label="Billed on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "split_%s"  # It stands beside the form of the whole bill.


class HandItemForm(forms.Form):
    """Quantity and price of one bill that is issued by hand."""

    quantity = _quantity()
    unit_price = _price()


class BillingRulesForm(forms.ModelForm):
    """How the practice bills."""

    class Meta:
        model = InvoicingSettings
        fields = (
            "grouping",
            "merges_recurring",
            "merges_one_off",
            "needs_approval",
            "asks_about_missed",
            "quiet_minutes",
            "quiet_until",
        )
        widgets = {"quiet_until": forms.TimeInput(format="%H:%M", attrs={"type": "time"})}

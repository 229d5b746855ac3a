"""Forms with which an invoice is settled here: what was paid, or why it is given up."""

from decimal import Decimal

from django import forms


class PaidForm(forms.Form):
    """Money that was received on an invoice."""

    amount = forms.DecimalField(min_value=Decimal("0.01"), max_digits=12, decimal_places=2)
    received_on = forms.DateField(
        label="Received on", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    reference = forms.CharField(
        max_length=255, required=False, help_text="Such as what the bank statement says."
    )


class WriteOffForm(forms.Form):
    """Why an invoice is given up."""

    reason = forms.CharField(max_length=200, label="Why it is written off")

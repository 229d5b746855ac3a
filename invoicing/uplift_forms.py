"""Forms about changing fees: many together, or one service that is being billed."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms

from clients.models import Client, ClientGroup, Tag
from invoicing.models import BillingSchedule, FeeUplift
from invoicing.raising import Raise
from invoicing.uplifts import Reach
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import typed_price
from proposals.models import EARLIEST, LATEST
from services.models import Service

NOTICE = "We have reviewed our fees, as we do once a year. What you get from us stays as it is."


def _date(**options: Any) -> forms.DateField:
    return forms.DateField(
        widget=forms.DateInput(
            format="%Y-%m-%d", attrs={"type": "date", "min": str(EARLIEST), "max": str(LATEST)}
        ),
        **options,
    )


def _check_year(day: date) -> None:
    if day > LATEST:
        raise forms.ValidationError(f"Choose a day until {written_date(LATEST)}. Check the year.")


class UpliftForm(forms.Form):
    """Which fees change, by how much, from when, and what clients are told."""

    title = forms.CharField(label="Name", max_length=100, help_text="Only you see this name.")
    percent = forms.DecimalField(
        label="By percent",
        required=False,
        min_value=Decimal(-90),
        max_value=Decimal(500),
        max_digits=6,
        decimal_places=2,
    )
    amount = forms.DecimalField(
        label="Or by an amount",
        required=False,
        min_value=Decimal(-100000),
        max_value=Decimal(100000),
        max_digits=10,
        decimal_places=2,
    )
    rounding = forms.ChoiceField(
        label="New prices are rounded", choices=FeeUplift.Rounding.choices, initial=FeeUplift.Rounding.PENNY
    )
    effective_on = _date(
        label="New fees from",
        help_text="Bills dated on this day or later. It can be undone until the day before.",
    )
    services = forms.MultipleChoiceField(
        label="Services",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: every service that recurs.",
    )
    tag = forms.ModelChoiceField(
        Tag.objects.none(), label="Clients with the tag", required=False, empty_label="All clients"
    )
    group = forms.ModelChoiceField(
        ClientGroup.objects.none(), label="Clients of the group", required=False, empty_label="All groups"
    )
    tells = forms.BooleanField(label="Write to the clients", required=False, initial=True)
    notice = forms.CharField(
        label="What the letter says",
        required=False,
        max_length=5000,
        initial=NOTICE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The fees before and after, and the day, are added automatically.",
    )

    def __init__(self, *args: Any, services: Sequence[tuple[str, str]], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["services"].choices = services  # type: ignore[attr-defined]
        self.fields["tag"].queryset = Tag.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["group"].queryset = ClientGroup.objects.order_by("name")  # type: ignore[attr-defined]

    def clean_effective_on(self) -> date:
        day: date = self.cleaned_data["effective_on"]
        if not self.today < day <= LATEST:
            _check_year(day)
            raise forms.ValidationError("Choose a day after today.")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = [name for name in ("percent", "amount") if cleaned.get(name)]
        if not chosen and not {"percent", "amount"} & self.errors.keys():
            self.add_error("percent", "Enter a percentage, or an amount.")
        if len(chosen) == 2:
            self.add_error("amount", "Enter a percentage or an amount, not both.")
        if cleaned.get("tells") and not cleaned.get("notice", "").strip():
            self.add_error("notice", "Say what the letter tells, or write to nobody.")
        return cleaned

    @property
    def uplift(self) -> FeeUplift:
        """What was entered, not saved."""
        entered = self.cleaned_data
        return FeeUplift(
            title=entered["title"],
            percent=entered["percent"] or None,
            amount=None if entered["percent"] else entered["amount"],
            rounding=entered["rounding"],
            effective_on=entered["effective_on"],
            notice=entered["notice"].strip() if entered["tells"] else "",
        )

    @property
    def raised_by(self) -> Raise:
        """By how much, as values."""
        uplift = self.uplift
        return Raise(uplift.percent, uplift.amount, Decimal(uplift.rounding))

    def reach(self, left_out: Sequence[int] = ()) -> Reach:
        """Which services of which clients, but those left out."""
        tag, group = self.cleaned_data["tag"], self.cleaned_data["group"]
        services = [int(key) for key in self.cleaned_data["services"]]
        if not (tag or group or left_out):
            return Reach(services)
        clients = Client.objects.exclude(pk__in=left_out)
        if tag:
            clients = clients.filter(tags=tag)
        if group:
            clients = clients.filter(group=group)
        return Reach(services, list(clients.order_by().values_list("pk", flat=True)))


class AmendForm(forms.Form):
    """Other particulars for a service that is being billed, and whether the client is told."""

    name = forms.CharField(label="Service as the client reads it", max_length=120)
    quantity = forms.DecimalField(min_value=Decimal("0.01"), max_digits=10, decimal_places=2)
    unit_price = forms.DecimalField(
        label="Price each, net", min_value=Decimal(0), max_digits=12, decimal_places=4
    )
    service = forms.ModelChoiceField(
        Service.objects.none(),
        label="Service of the library",
        empty_label=None,
        help_text="It decides the account in Sage from the next bill on.",
    )
    effective_on = _date(label="From", help_text="Bills dated on this day or later.")
    tells = forms.BooleanField(label="Write to the client", required=False)
    notice = forms.CharField(
        label="What the letter says",
        required=False,
        max_length=5000,
        initial="We have talked about this change.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, schedule: BillingSchedule, today: date, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {})
        kwargs["initial"] = {
            "name": schedule.name,
            "quantity": typed_price(schedule.quantity),
            "unit_price": typed_price(schedule.unit_price),
            "service": schedule.service_id,
            "effective_on": today + timedelta(days=1),
            **kwargs["initial"],
        }
        super().__init__(*args, **kwargs)
        self.today = today
        offered = Service.objects.offered() | Service.objects.filter(pk=schedule.service_id)
        self.fields["service"].queryset = offered.distinct()  # type: ignore[attr-defined]

    def clean_effective_on(self) -> date:
        day: date = self.cleaned_data["effective_on"]
        if not self.today <= day <= LATEST:
            _check_year(day)
            raise forms.ValidationError("Choose today or a later day: what was billed before stays as it is.")
        return day

    @property
    def after(self) -> dict[str, Any]:
        """The particulars that were entered."""
        return {name: self.cleaned_data[name] for name in ("name", "quantity", "unit_price", "service")}

    @property
    def letter(self) -> str:
        """What the client is told; empty where nobody is."""
        return self.cleaned_data["notice"].strip() if self.cleaned_data["tells"] else ""

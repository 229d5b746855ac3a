"""Forms of the proposal editor: one for each step, each group and each line."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator

from clients.models import Client, ContactPerson
from practices.rich_text import sanitised
from practices.templatetags.money_tags import typed_price
from proposals.billing_rules import MOST, BillingRule, Rule
from proposals.models import (
    EARLIEST,
    LATEST,
    Proposal,
    ProposalGroup,
    ProposalLine,
    ProposalOption,
    ProposalTemplate,
)
from services.models import Service, TaxRate
from services.queries import vat_settings

WRONG_YEAR = "Check the year: dates from 2000 to 2100 make sense here."
LONGEST_MESSAGE, LONGEST_DESCRIPTION = 5_000, 20_000
Billing = BillingRule.Billing
#: How the editor counts, and what the rule keeps: a quarter is three months.
UNITS = {
    "day": ("days", "day", 1),
    "week": ("weeks", "week", 1),
    "month": ("months", "month", 1),
    "quarter": ("quarters", "month", 3),
    "year": ("years", "month", 12),
}


class DateField(forms.DateField):
    """A civil date from the browser's own picker."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"type": "date", "min": EARLIEST.isoformat(), "max": LATEST.isoformat()}
        widget = forms.DateInput(format="%Y-%m-%d", attrs=attributes)
        limits = [MinValueValidator(EARLIEST, WRONG_YEAR), MaxValueValidator(LATEST, WRONG_YEAR)]
        super().__init__(widget=widget, validators=limits, **kwargs)


class PeopleField(forms.ModelMultipleChoiceField):
    """People of the client, with their addresses."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, {obj.email}" if obj.email else f"{obj.name}, no e-mail address"


class ClientChoice(forms.ModelChoiceField):
    """A client; what the picker offers from the ledger (`sage:7`) is none yet, and the refusal says what to do."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("sage:"):
            raise ValidationError(
                "This contact is only in Sage so far, and a proposal needs a client. Press “Save as a client” beside "
                "it, then go on."
            )
        return super().to_python(value)


class ParticularsForm(forms.ModelForm):
    """Whom a proposal is for, who signs it, from when and until when."""

    client = ClientChoice(
        Client.objects.all(), error_messages={"required": "Choose the client this proposal is for."}
    )
    starts_on = DateField(
        label="Starts on",
        help_text="The first day of the engagement. Billing can begin on other dates, group by group.",
    )
    valid_until = DateField(label="Valid until", help_text="The last day on which it can be signed.")
    people = PeopleField(
        ContactPerson.objects.none(),
        label="Who signs",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Nobody ticked: everybody who signs proposals for this client.",
    )
    primary = forms.ModelChoiceField(
        ContactPerson.objects.none(),
        label="Who signs first",
        required=False,
        empty_label="The first person listed",
        help_text="The primary signatory chooses the package and the add-ons.",
    )

    class Meta:
        model = Proposal
        fields = ["client", "title", "starts_on", "valid_until", "minimum_months"]
        labels = {"minimum_months": "Minimum length"}
        help_texts = {"title": "Only your practice sees this name."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].queryset = Client.objects.current()  # type: ignore[attr-defined]
        if self.instance.pk is None:
            del self.fields["people"], self.fields["primary"]
            return
        people = self.instance.client.people.filter(has_left=False)
        chosen = list(self.instance.signatories.values_list("person", flat=True))
        for name in ("people", "primary"):
            self.fields[name].queryset = people  # type: ignore[attr-defined]
        self.initial.update(people=chosen, primary=chosen[0] if chosen else None)

    def clean_people(self) -> Any:
        people = self.cleaned_data["people"]
        for person in people:
            if not person.email:
                raise ValidationError(
                    f"{person.name} has no e-mail address, so the proposal cannot be sent there. "
                    "Add one on the client's page."
                )
        return people

    @property
    def signatories(self) -> list[ContactPerson]:
        """Those who sign, the primary one first."""
        people = list(self.cleaned_data.get("people") or [])
        primary = self.cleaned_data.get("primary")
        return sorted(people, key=lambda person: person != primary)


class GroupForm(forms.Form):
    """A heading and when its services are billed."""

    heading = forms.CharField(max_length=80)
    billing = forms.ChoiceField(label="Billed", choices=Billing.choices)
    completes_on = DateField(
        label="At the latest on",
        required=False,
        help_text="Billed by itself on that day if it is not done before.",
    )
    every = forms.IntegerField(label="Every", min_value=1, max_value=MOST, required=False, initial=1)
    unit = forms.ChoiceField(
        label="Period",
        choices=[(key, words[0]) for key, words in UNITS.items()],
        required=False,
        initial="month",
    )
    counts_from = forms.ChoiceField(
        label="Counted from", choices=BillingRule.CountsFrom.choices, required=False, initial="start"
    )
    first_on = DateField(label="The date", required=False)
    delay = forms.IntegerField(
        label="Begin later by", min_value=0, max_value=MOST, required=False, help_text="For a free start."
    )
    delay_unit = forms.ChoiceField(
        label="Of", choices=[(key, words[0]) for key, words in UNITS.items()], required=False, initial="month"
    )
    times = forms.IntegerField(
        label="Times", min_value=1, max_value=MOST, required=False, help_text="Empty: until somebody ends it."
    )
    option = forms.ModelChoiceField(
        ProposalOption.objects.none(), label="Package", required=False, empty_label="In every package"
    )

    def __init__(
        self, *args: Any, group: ProposalGroup, options: list[ProposalOption], **kwargs: Any
    ) -> None:
        kwargs.setdefault("initial", entered_group(group))
        super().__init__(*args, **kwargs)
        if options:
            field: forms.ModelChoiceField[ProposalOption] = self.fields["option"]  # type: ignore[assignment]
            field.queryset = ProposalOption.objects.filter(proposal=group.proposal_id)
        else:
            del self.fields["option"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("billing") == Billing.RECURRING:
            self._clean_recurring(cleaned)
        return cleaned

    def _clean_recurring(self, cleaned: dict[str, Any]) -> None:
        if "every" not in self.errors and not cleaned.get("every"):
            self.add_error("every", "Say every how many.")
        is_dated = cleaned.get("counts_from") == BillingRule.CountsFrom.DATE
        if is_dated and not cleaned.get("first_on") and "first_on" not in self.errors:
            self.add_error("first_on", "Enter the date billing is counted from.")
        every = (cleaned.get("every") or 1) * UNITS[cleaned.get("unit") or "month"][2]
        delay = (cleaned.get("delay") or 0) * UNITS[cleaned.get("delay_unit") or "month"][2]
        if every > MOST:
            self.add_error("every", "Ten years are the longest period.")
        if delay > MOST:
            self.add_error("delay", "Ten years are the longest wait.")

    @property
    def rule(self) -> Rule:
        """The rule as entered, without what its kind does not use."""
        entered = self.cleaned_data
        if entered["billing"] == Billing.UPFRONT:
            return Rule()
        if entered["billing"] == Billing.ON_COMPLETION:
            return Rule(billing=entered["billing"], completes_on=entered["completes_on"])
        _, period, size = UNITS[entered["unit"] or "month"]
        counts_from = entered["counts_from"] or BillingRule.CountsFrom.START.value
        delay = entered["delay"] or 0
        _, delay_period, delay_size = UNITS[entered["delay_unit"] or "month"]
        return Rule(
            billing=entered["billing"],
            every=entered["every"] * size,
            period=period,
            counts_from=counts_from,
            first_on=entered["first_on"] if counts_from == BillingRule.CountsFrom.DATE else None,
            delay=delay * delay_size,
            delay_period=delay_period if delay else "",
            times=entered["times"],
        )


def entered_group(group: ProposalGroup) -> dict[str, Any]:
    """A saved group as the editor shows it: twelve months are a year, three a quarter."""
    every, unit = counted(group.every or 1, group.period or "month")
    delay, delay_unit = counted(group.delay, group.delay_period or "month")
    return {
        "heading": group.heading,
        "billing": group.billing,
        "completes_on": group.completes_on,
        "every": every,
        "unit": unit,
        "counts_from": group.counts_from,
        "first_on": group.first_on,
        "delay": delay or None,
        "delay_unit": delay_unit,
        "times": group.times,
        "option": group.option_id,
    }


def counted(number: int, period: str) -> tuple[int, str]:
    """The largest unit that says it in whole numbers: 12 months are (1, `year`)."""
    if period == "month" and number:
        for unit in ("year", "quarter"):
            if number % UNITS[unit][2] == 0:
                return number // UNITS[unit][2], unit
    return number, period


class _PricedForm(forms.ModelForm):
    """Quantity, price, discount and rate of a line, and what they have to be."""

    quantity = forms.DecimalField(min_value=Decimal("0.01"), max_digits=10, decimal_places=2)
    unit_price = forms.DecimalField(label="Price each", min_value=Decimal(0), max_digits=12, decimal_places=4)
    discount_percent = forms.DecimalField(
        label="Discount in percent", min_value=Decimal(0), max_value=Decimal(100), max_digits=5, decimal_places=2,
        required=False,
    )  # fmt: skip

    class Meta:
        model = ProposalLine
        fields = ["quantity", "unit_price", "discount_percent", "tax_rate"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = TaxRate.objects.offered() | TaxRate.objects.filter(pk=self.instance.tax_rate_id)
        self.fields["tax_rate"].queryset = offered  # type: ignore[attr-defined]
        self.fields["quantity"].error_messages["min_value"] = "Enter a quantity above zero."
        if self.instance.is_included:
            for name in ("unit_price", "discount_percent", "tax_rate"):
                del self.fields[name]

    def clean_discount_percent(self) -> Decimal:
        return self.cleaned_data["discount_percent"] or Decimal(0)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        entered = ProposalLine(
            quantity=cleaned["quantity"],
            unit_price=cleaned.get("unit_price", Decimal(0)),
            discount_percent=cleaned.get("discount_percent", Decimal(0)),
        )
        deposit = cleaned.get("deposit", self.instance.deposit)
        if deposit and deposit >= entered.quantity * entered.billed_price:
            self.add_error(None, "The deposit has to be less than the whole price of the service.")
        return cleaned


class RowForm(_PricedForm):
    """What is changed most often of a line, in its row."""

    def _post_clean(self) -> None:
        """The limits of the fields say the same as the row's constraints, without asking the database for each."""


class LineForm(_PricedForm):
    """Everything about one line."""

    deposit = forms.DecimalField(
        label="Deposit on acceptance", min_value=Decimal(0), max_digits=12, decimal_places=2, required=False,
        help_text="Taken off when the work is billed.",
    )  # fmt: skip
    description = forms.CharField(
        required=False, max_length=LONGEST_DESCRIPTION, widget=forms.Textarea(attrs={"rows": 4})
    )

    class Meta:
        model = ProposalLine
        fields = [
            "name",
            "description",
            "group",
            "quantity",
            "unit_price",
            "highest_price",
            "discount_percent",
            "tax_rate",
            "deposit",
            "is_optional",
            "billing_mode",
        ]
        labels = {"highest_price": "Up to", "is_optional": "Optional: the client may add it"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("unit_price", "highest_price"):
            if (price := self.initial.get(name)) is not None:
                self.initial[name] = Decimal(typed_price(price))
        for name in ("quantity", "discount_percent"):
            self.initial[name] = Decimal(f"{self.initial[name].normalize():f}")
        groups: forms.ModelChoiceField[ProposalGroup] = self.fields["group"]  # type: ignore[assignment]
        groups.queryset = ProposalGroup.objects.filter(proposal=self.instance.proposal_id)
        groups.empty_label, groups.required = None, True
        basis = self.instance.billing_basis
        if basis != Service.BillingBasis.RANGE:
            del self.fields["highest_price"]
        if self.instance.billing != Billing.ON_COMPLETION or self.instance.is_included:
            del self.fields["deposit"]
        vat = vat_settings()
        if vat.charges_vat:
            for name in self.fields.keys() & {"unit_price", "deposit"}:
                self.fields[name].label = f"{self.fields[name].label}, before {vat.label}"
        elif "tax_rate" in self.fields:
            self.fields["tax_rate"].widget = forms.HiddenInput()

    def clean_deposit(self) -> Decimal:
        return self.cleaned_data["deposit"] or Decimal(0)

    def clean_description(self) -> str:
        return sanitised(self.cleaned_data["description"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        highest, lowest = cleaned.get("highest_price"), cleaned.get("unit_price")
        if "highest_price" in self.fields and not self.errors and (highest is None or highest <= lowest):
            self.add_error("highest_price", "Enter the upper end of the range, higher than the price.")
        return cleaned


class AddServiceForm(forms.Form):
    """A service of the library for a group of the proposal."""

    service = forms.ModelChoiceField(Service.objects.none(), empty_label="Choose a service")
    group = forms.ModelChoiceField(ProposalGroup.objects.none(), required=False, empty_label="A new group")
    quantity = forms.DecimalField(
        min_value=Decimal("0.01"), max_digits=10, decimal_places=2, initial=1, required=False
    )

    def __init__(self, *args: Any, proposal: Proposal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        services: forms.ModelChoiceField[Service] = self.fields["service"]  # type: ignore[assignment]
        services.queryset = Service.objects.offered()
        groups: forms.ModelChoiceField[ProposalGroup] = self.fields["group"]  # type: ignore[assignment]
        groups.queryset = proposal.groups.all()
        self.fields["quantity"].error_messages["min_value"] = "Enter a quantity above zero."


class PresentationForm(forms.ModelForm):
    """What the client sees of prices, and the packages to choose from."""

    class Meta:
        model = Proposal
        fields = ["shows_prices", "shows_completion_dates", "shows_minimum_value"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = list(self.instance.options.all())
        for number in range(3):
            option = present[number] if number < len(present) else None
            self.fields[f"name_{number}"] = forms.CharField(
                label=f"Package {number + 1}",
                max_length=60,
                required=False,
                initial=option.name if option else "",
            )
            self.fields[f"description_{number}"] = forms.CharField(
                label=f"What package {number + 1} is for",
                max_length=300,
                required=False,
                initial=option.description if option else "",
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        names = [name.casefold() for name, _ in self.options]
        if len(names) == 1:
            self.add_error("name_1", "One package is no choice. Name a second one, or leave all empty.")
        if len(set(names)) < len(names):
            raise ValidationError("Give each package a name of its own.")
        return cleaned

    @property
    def options(self) -> list[tuple[str, str]]:
        """The packages that have a name, each with its description."""
        entered = self.cleaned_data
        pairs = [(entered.get(f"name_{n}", ""), entered.get(f"description_{n}", "")) for n in range(3)]
        return [pair for pair in pairs if pair[0]]


class MessageForm(forms.ModelForm):
    """What goes along when it is sent, and whether those who do not sign are reminded."""

    message = forms.CharField(
        label="Message to the client",
        required=False,
        max_length=LONGEST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Shown above the services and in the e-mail.",
    )
    valid_until = DateField(label="Valid until", help_text="The last day on which it can be signed.")

    class Meta:
        model = Proposal
        fields = ["message", "valid_until", "reminds_every"]


class NameForm(forms.ModelForm):
    """What a template is called."""

    class Meta:
        model = ProposalTemplate
        fields = ["name", "description"]

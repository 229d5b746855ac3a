"""Forms that set up the connection to Sage."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator

from sage_integration.models import SageConnection, SageItem, SageLedgerAccount, SageTaxRate
from sage_integration.rate_matching import Suggestion, suggestion
from sage_integration.setup import Settings
from services.models import Service, TaxRate

LONGEST_TERMS = 365


class DefaultAccountForm(forms.Form):
    """The account of every service without one of its own (F13)."""

    default_account_id = forms.ChoiceField(
        label="Default sales account",
        help_text="Every service without an account of its own is posted to this one.",
        error_messages={"required": "Choose the account that fees are posted to."},
    )

    def __init__(self, *args: Any, accounts: Iterable[SageLedgerAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Choose an account"), *((account.sage_id, str(account)) for account in accounts)]
        self.fields["default_account_id"].choices = choices  # type: ignore[attr-defined]


class ClientAccountForm(forms.Form):
    """The account of one client's fees, where it is not the default one."""

    account = forms.ChoiceField(
        label="Sales account of this client",
        required=False,
        help_text="For services without an account of their own, from the next invoice on.",
    )

    def __init__(
        self, *args: Any, accounts: Iterable[SageLedgerAccount], default: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", f"The default one: {default}"), *((each.sage_id, str(each)) for each in accounts)]
        self.fields["account"].choices = choices  # type: ignore[attr-defined]


class TermsForm(forms.Form):
    """The two payment terms, F23 to F25."""

    manual_terms_days = forms.IntegerField(
        label="Days to pay other invoices",
        min_value=0,
        validators=[MaxValueValidator(LONGEST_TERMS)],
        help_text="Upfront, on-completion and one-off invoices are due this many days after their date.",
    )
    automatic_terms_days = forms.IntegerField(
        label="Days to pay recurring invoices",
        min_value=0,
        validators=[MaxValueValidator(LONGEST_TERMS)],
        help_text="Recurring invoices are due this many days after the practice's invoice day.",
    )


class SettingsForm(DefaultAccountForm, TermsForm):
    """How invoices arrive in Sage."""

    posts_new_clients = forms.BooleanField(
        label="Create invoices in Sage for new clients",
        required=False,
        help_text="Each client can be switched on its own page; clients that are here already stay as they are.",
    )
    arrives_as = forms.ChoiceField(
        label="Invoices arrive in Sage as",
        choices=SageConnection.ArrivesAs.choices,
        help_text="A draft counts for nothing in Sage, and has no number, before somebody releases it there.",
    )
    number_owner = forms.ChoiceField(
        label="Invoices are numbered by",
        choices=SageConnection.NumberOwner.choices,
        help_text="Sage: its next number is shown here as soon as it is known. Ignition: our number is sent "
        "along; should Sage alter it, both are shown.",
    )
    vat_by_hand = forms.ChoiceField(
        label="Copying by hand starts with",
        choices=SageConnection.VatByHand.choices,
        help_text="What the copy dialog begins with. Invoices that are copied by themselves always use the VAT map.",
    )
    pdf_owner = forms.ChoiceField(
        label="A download gives",
        choices=SageConnection.PdfOwner.choices,
        help_text="One is never given under the other's name: while Sage cannot be reached, its PDF cannot either.",
    )
    includes_descriptions = forms.BooleanField(
        label="Include service descriptions",
        required=False,
        help_text="Off: an invoice line in Sage shows the service's name only. Plain text reaches Sage, no formatting.",
    )
    syncs_names = forms.BooleanField(
        label="Keep client names the same on both sides",
        required=False,
        help_text="Off: no contact in Sage is ever renamed.",
    )
    name_direction = forms.ChoiceField(
        label="A changed name goes",
        choices=SageConnection.NameDirection.choices,
        help_text="One side leads, never both. Nothing is renamed while the switch above is off.",
    )
    pulls_payments = forms.BooleanField(
        label="Bring payments back from Sage",
        required=False,
        help_text="Payments are recorded in Sage and mirrored here, never the other way round. "
        "Switched on later, it first reads once what is outstanding in Sage on every invoice copied so far, "
        "so earlier payments of those invoices count too. Expenses are never read.",
    )

    alert_after_minutes = forms.IntegerField(
        label="Tell the owners by e-mail after",
        min_value=0,
        max_value=10_080,
        required=False,
        help_text="One digest of everything that has needed somebody this long, never one message for each failure. "
        "0 sends none.",
    )

    def clean_alert_after_minutes(self) -> int:
        """The minutes; as before where nothing is typed."""
        minutes: int | None = self.cleaned_data["alert_after_minutes"]
        return self.initial.get("alert_after_minutes", 60) if minutes is None else minutes

    def wanted(self) -> Settings:
        """The choices made, once the form is valid."""
        return Settings(**self.cleaned_data)


class DisconnectForm(forms.Form):
    """The company's name once more, so that nobody disconnects it by a slip."""

    business_name = forms.CharField(
        label="Type the company's name to disconnect it",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, business_name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._business_name = business_name
        self._as_written = f"Type “{business_name}” here, as it is written."
        self.fields["business_name"].error_messages["required"] = self._as_written
        if not business_name:  # Nothing was chosen yet, so there is nothing to type.
            del self.fields["business_name"]

    def clean_business_name(self) -> str:
        """The name as typed, which has to be the company's; case and spaces at the ends do not matter."""
        typed: str = self.cleaned_data["business_name"].strip()
        if typed.casefold() != self._business_name.strip().casefold():
            raise forms.ValidationError(self._as_written)
        return typed


class SwitchForm(DisconnectForm):
    """The name of the company that is left, and what becomes of the documents that wait for it (D16)."""

    queue = forms.ChoiceField(
        label="Documents that wait for it",
        choices=[
            ("hold", "Hold what was never sent for the new company; each leaves once somebody releases it"),
            ("withdraw", "Withdraw them; they stay here as invoices and go to no company by themselves"),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, business_name: str, is_waiting: bool, **kwargs: Any) -> None:
        super().__init__(*args, business_name=business_name, **kwargs)
        self.fields["business_name"].label = "Type the name of the company you leave"
        self.order_fields(["queue", "business_name"])
        if not is_waiting:
            del self.fields["queue"]


class TaxRateMapForm(forms.Form):
    """One row for each of the practice's VAT rates, filled in with what it most likely is (F28, F30)."""

    def __init__(
        self,
        *args: Any,
        rates: Sequence[TaxRate],
        mapped: dict[int, str],
        offered: Sequence[SageTaxRate],
        tax_scheme: str,
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._rates, self._mapped, self._today = rates, mapped, today
        usable = {rate.sage_id for rate in offered}
        choices = [("", "Choose a rate"), *((rate.sage_id, rate.name) for rate in offered)]
        self._suggestions: dict[int, Suggestion] = {}
        for rate in rates:
            likeliest = suggestion(rate.vat_code, rate.percent_on(today), offered, tax_scheme)
            self._suggestions[rate.pk] = likeliest
            current = mapped.get(rate.pk, "")
            self.fields[f"rate_{rate.pk}"] = forms.ChoiceField(
                label=f"Sage's rate for {rate.name}",
                choices=choices,
                initial=current if current in usable else likeliest.sage_id,
                error_messages={"required": f"Choose the rate of Sage that “{rate.name}” stands for."},
            )

    def rows(self) -> Iterator[tuple[TaxRate, Decimal, forms.BoundField, Suggestion]]:
        """Our rate, its percentage today, the choice of Sage's, and whether that is saved."""
        for rate in self._rates:
            field = self[f"rate_{rate.pk}"]
            yield rate, rate.percent_on(self._today), field, self._standing(rate)

    def is_saved(self) -> bool:
        """Whether what the page shows first is what is in force: then only a change has to be saved (F32)."""
        return all(self._mapped.get(rate.pk) == self[f"rate_{rate.pk}"].initial for rate in self._rates)

    def _standing(self, rate: TaxRate) -> Suggestion:
        likeliest = self._suggestions[rate.pk]
        saved = self._mapped.get(rate.pk, "")
        if not saved or saved != self[f"rate_{rate.pk}"].initial:  # Sage does not offer that one any more.
            return likeliest
        word, tone = ("Saved", "good") if saved == likeliest.sage_id else ("Saved, your choice", "info")
        return Suggestion(saved, word, tone)

    def chosen(self) -> Iterator[tuple[TaxRate, str]]:
        """Each rate with Sage's id of the chosen one, once the form is valid."""
        for rate in self._rates:
            yield rate, self.cleaned_data[f"rate_{rate.pk}"]


class AccountMapForm(forms.Form):
    """One row for each service of a page: its own sales account or the default one (F14, F16), and perhaps an item."""

    def __init__(
        self,
        *args: Any,
        services: Sequence[Service],
        mapped: dict[int, str],
        accounts: Sequence[SageLedgerAccount],
        default_account_id: str,
        items: Sequence[SageItem] = (),
        linked_items: dict[int, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._services, self._linked_items = services, linked_items or {}
        #: Whether Sage's catalogue has anything that a service could be linked to.
        self.has_items = bool(items)
        self._item_choices = [("", "No item"), *((item.sage_id, item.name) for item in items)]
        names = {account.sage_id: str(account) for account in accounts}
        usable = [(account.sage_id, str(account)) for account in accounts if account.is_usable]
        usable_ids = {sage_id for sage_id, _ in usable}
        nothing = [("", f"Default: {names.get(default_account_id, 'not chosen yet')}")]
        for service in services:
            current = mapped.get(service.pk, "")
            # What is mapped stays choosable, so that saving the page changes nothing unasked.
            gone = (
                [(current, f"{names.get(current, 'An account')} (not usable any more)")]
                if current and current not in usable_ids
                else []
            )
            self.fields[f"service_{service.pk}"] = forms.ChoiceField(
                label=f"Account of {service.name}",
                choices=[*nothing, *usable, *gone],
                initial=current,
                required=False,
            )
            if self.has_items:
                self.fields[f"item_{service.pk}"] = self._item_field(service)

    def _item_field(self, service: Service) -> forms.ChoiceField:
        linked = self._linked_items.get(service.pk, "")
        known = {sage_id for sage_id, _ in self._item_choices}
        gone = [] if linked in known else [(linked, "An item that is gone from Sage")]
        return forms.ChoiceField(
            label=f"Item of {service.name} in Sage",
            choices=[*self._item_choices, *gone],
            initial=linked,
            required=False,
        )

    def rows(self) -> Iterator[tuple[Service, forms.BoundField, forms.BoundField | None]]:
        """Each service with the choice of its account, and of its item where there are any."""
        for service in self._services:
            item = self[f"item_{service.pk}"] if self.has_items else None
            yield service, self[f"service_{service.pk}"], item

    def chosen_items(self) -> Iterator[tuple[Service, str]]:
        """Each service with Sage's id of its item, empty for none, once the form is valid."""
        for service in self._services if self.has_items else ():
            yield service, self.cleaned_data[f"item_{service.pk}"]

    def chosen(self) -> Iterator[tuple[Service, str]]:
        """Each service with Sage's id of its account, empty for the default, once the form is valid."""
        for service in self._services:
            yield service, self.cleaned_data[f"service_{service.pk}"]

"""The form of the copy dialog: customer, VAT and account per line, dates, number, and what to confirm."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from practices.templatetags.money_tags import written
from sage_integration.choices import AS_MAPPED, NO_VAT, BilledLine, Choices, LineChoice
from sage_integration.copying.dialog import Dialog, starts_untaxed
from sage_integration.mappers import priced
from sage_integration.sage.resources.contacts import Contact

#: The value of a choice that stands for no VAT at all (F34).
UNTAXED = "none"
DRAFT, FINAL = "draft", "final"
FIELDS_OF_INVOICES = ("customer", "q", "dated", "due_on", "number", "arrives_as", "remembers")
Pair = tuple[str, str]


def _date(label: str) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, widget=widget)


class CopyForm(forms.Form):
    """What one copy is to carry. Until a person presses Copy it only describes what they would get."""

    customer = forms.ChoiceField(label="Customer in Sage", required=False, widget=forms.RadioSelect)
    q = forms.CharField(
        label="Find another customer by name or reference",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    vat = forms.ChoiceField(label="VAT of every line", required=False)
    dated = _date("Invoice date")
    due_on = _date("Due")
    number = forms.CharField(label="Number in Sage", required=False, max_length=20)
    arrives_as = forms.ChoiceField(label="Arrives as", required=False)
    remembers = forms.BooleanField(
        label="Remember accounts and VAT for this client",
        required=False,
        help_text="This page starts with them next time. Automatic copies keep using the mapping.",
    )
    confirms_no_vat = forms.BooleanField(label="Copy it without VAT all the same", required=False)
    reason = forms.CharField(label="Why a second one", required=False, max_length=200)
    confirmed = forms.BooleanField(label="Sage is to hold this once more", required=False)

    def __init__(self, data: Any = None, *, dialog: Dialog, is_final: bool = False) -> None:
        super().__init__(data)
        self._dialog, self._is_final = dialog, is_final
        self._rates: list[Pair] = [
            (UNTAXED, "No VAT"),
            *((rate.sage_id, rate.name) for rate in dialog.rates if rate.sage_id != NO_VAT),
        ]
        self._numbered = list(enumerate(dialog.lines))
        self._offer_particulars()
        for position, line in self._sent():
            self._offer_line(position, line)
        if dialog.is_credit:
            for name in FIELDS_OF_INVOICES:
                del self.fields[name]
        else:
            self.offer([])
        if not dialog.is_again:
            del self.fields["reason"]
        elif len(dialog.copies_that_count) != 1:
            self.fields["reason"].label = "Why once more"
        if not dialog.copies_that_count:
            del self.fields["confirmed"]

    def _offer_particulars(self) -> None:
        dialog, begins = self._dialog, self._dialog.begins_with
        self._choose("vat", [("", "Each line by itself"), *self._rates])
        self.fields["vat"].initial = UNTAXED if starts_untaxed(dialog) else ""
        self.fields["dated"].initial = begins.dated or dialog.day
        self.fields["due_on"].initial = begins.due_on or dialog.invoice.due_on
        self.fields["number"].initial = begins.number
        usual = "draft" if dialog.rules.arrives_as_draft else "final invoice"
        self._choose(
            "arrives_as", [("", f"As in the settings: {usual}"), (FINAL, "Final invoice"), (DRAFT, "Draft")]
        )
        drafts = {True: DRAFT, False: FINAL, None: ""}
        self.fields["arrives_as"].initial = drafts[begins.arrives_as_draft]

    def _offer_line(self, position: int, line: BilledLine) -> None:
        mappings, begins = self._dialog.rules.mappings, self._dialog.begins_with.of(position, line)
        account = mappings.accounts.get(line.service_id) or mappings.default_account
        rate = mappings.tax_rates.get(line.tax_rate_id, "")
        self.fields[f"account_{position}"] = forms.ChoiceField(
            label=f"Account of {line.name}",
            required=False,
            choices=[
                (
                    "",
                    f"{mappings.names[account]} (mapped)" if account in mappings.names else "No account yet",
                ),
                *((each.sage_id, str(each)) for each in self._dialog.accounts),
            ],
            initial=begins.account,
        )
        self.fields[f"rate_{position}"] = forms.ChoiceField(
            label=f"VAT rate of {line.name}",
            required=False,
            choices=[
                ("", f"{mappings.names[rate]} (mapped)" if rate in mappings.names else "No rate yet"),
                *self._rates,
            ],
            initial=UNTAXED if begins.is_untaxed else begins.rate or "",
        )

    def _choose(self, name: str, choices: Sequence[Pair]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _sent(self) -> Iterator[tuple[int, BilledLine]]:
        """The lines that reach Sage, with their positions."""
        sent = {id(line) for line in priced(self._dialog.lines)}  # type: ignore[type-var]
        return ((position, line) for position, line in self._numbered if id(line) in sent)

    def offer(
        self,
        contacts: Sequence[Contact],
        found_by_itself: str = "Found by name, or created",
        linked: str = "",
    ) -> None:
        """Let one of these be chosen as the customer; what was chosen before stays on offer.

        ``linked`` is the contact that it is without a choice, which is not offered a second time.
        """
        chosen = str(self.data.get("customer", "")) if self.is_bound else ""
        offered = {each["id"]: each["displayed_as"] for each in contacts if each["id"] != linked}
        if chosen and chosen not in offered:
            offered[chosen] = "The customer chosen before"
        self._choose("customer", [("", found_by_itself), *offered.items()])

    def line_rows(self) -> list[tuple[BilledLine, forms.BoundField, forms.BoundField]]:
        """Each line with its choice of account and of VAT rate."""
        return [
            (line, self[f"account_{position}"], self[f"rate_{position}"]) for position, line in self._sent()
        ]

    def clean(self) -> dict[str, Any]:
        """What a person pressing Copy has to confirm is asked for then, and only then."""
        values = super().clean() or {}
        dated, due_on = values.get("dated"), values.get("due_on")
        if dated and due_on and due_on < dated:
            self.add_error("due_on", "An invoice cannot be due before its date.")
        if self._is_final:
            self._require_confirmations(values)
        return values

    def _require_confirmations(self, values: dict[str, Any]) -> None:
        if self.vat_dropped and not values.get("confirms_no_vat"):
            self.add_error(
                "confirms_no_vat", f"Confirm that {written(self.vat_dropped)} of VAT will be missing in Sage."
            )
        if "reason" in self.fields and not str(values.get("reason", "")).strip():
            self.add_error("reason", "Say why, in a few words: the reason stays with the copy.")
        if "confirmed" in self.fields and not values.get("confirmed"):
            self.add_error("confirmed", "Confirm that Sage is to hold it twice.")

    @property
    def vat_dropped(self) -> Decimal:
        """The VAT in pounds that would not reach Sage, because somebody chose none (D1)."""
        return self.choices.vat_dropped(self._dialog.lines)

    @property
    def choices(self) -> Choices:
        """What is chosen; a form that was not sent yet says what it begins with. Ask after `is_valid`."""
        dialog = self._dialog
        sent = {position for position, _ in self._sent()}
        made_for = tuple((line.service_id, line.tax_rate_id) for line in dialog.lines)
        lines = tuple(self._line(at) if at in sent else AS_MAPPED for at in range(len(dialog.lines)))
        if dialog.is_credit:
            return Choices(lines, made_for)
        dated, due_on = self._value("dated"), self._value("due_on")
        return Choices(
            lines,
            made_for,
            dated=dated if dated != dialog.day else None,
            due_on=due_on if due_on != dialog.invoice.due_on else None,
            number=str(self._value("number") or "").strip(),
            arrives_as_draft={DRAFT: True, FINAL: False}.get(str(self._value("arrives_as"))),
        )

    def _line(self, position: int) -> LineChoice:
        rate = self._value(f"rate_{position}") or self._value("vat") or None
        return LineChoice(
            str(self._value(f"account_{position}") or ""), "" if rate == UNTAXED else rate and str(rate)
        )

    def _value(self, name: str) -> Any:
        if self.is_bound:
            return self.cleaned_data.get(name)
        return self.get_initial_for_field(self.fields[name], name)

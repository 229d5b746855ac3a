"""The invoice list as an address asks for it: view, words, client, source and dates; nothing to do with a page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from clients.models import Client
from invoicing.models import Invoice, InvoiceQuerySet, InvoiceTally, InvoiceTallyQuerySet
from invoicing.queries import invoices_in
from practices.row_keys import row_key

Rows = TypeVar("Rows", InvoiceQuerySet, InvoiceTallyQuerySet)
VIEWS = [
    ("", "All"),
    ("unpaid", "Unpaid"),
    ("overdue", "Overdue"),
    ("paid", "Paid"),
    ("run", "This month's run"),
    ("failed", "Failed"),
    ("in-sage", "In Sage"),
    ("not-in-sage", "Not in Sage"),
    ("changed", "Changed since copy"),
    ("credited", "Credited"),
    ("payment-issue", "Payment taken back"),
    ("draft", "Drafts"),
    ("void", "Void"),
]


#: How long it has been due: the word of the address → what it is called, and the days after the due date from and to.
AGES: dict[str, tuple[str, int | None, int | None]] = {
    "not-due": ("not due yet", None, 0),
    "1-30": ("1 to 30 days overdue", 1, 30),
    "31-60": ("31 to 60 days overdue", 31, 60),
    "61-90": ("61 to 90 days overdue", 61, 90),
    "over-90": ("over 90 days overdue", 91, None),
}


def date_field(label: str) -> forms.DateField:
    """A date that need not be given, with the browser's own picker."""
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=False, widget=widget)


def words_field(label: str) -> forms.CharField:
    """Words to look for."""
    widget = forms.TextInput(attrs={"type": "search"})
    return forms.CharField(label=label, required=False, max_length=100, widget=widget)


class ListForm(forms.Form):
    """What narrows the list beside its views."""

    q = forms.CharField(
        label="Number here or in Sage, or client",
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    source = forms.ChoiceField(choices=[("", "Any"), *Invoice.Source.choices], required=False)
    since = date_field("Dated from")
    until = date_field("Dated until")


@dataclass(frozen=True, slots=True)
class InvoiceList:
    """A choice of invoices, and the words of the address that made it."""

    invoices: InvoiceQuerySet
    view: str
    client: Client | None
    month: date | None
    form: ListForm
    #: What the invoices come to as far as that is kept; None where the choice is a finer one.
    tallies: InvoiceTallyQuerySet | None
    #: What of the address counts, without the place in the list.
    chosen: dict[str, str]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the place was chosen."""
        return bool(self.chosen)

    def address(self, **other: Any) -> str:
        """A query string with the same choice, and with these values instead of their own."""
        return "?" + urlencode({name: value for name, value in (self.chosen | other).items() if value})


def invoice_list_of(query: QueryDict, on: date) -> InvoiceList:
    """The invoices an address asks for on a day; what it says wrongly narrows nothing."""
    form = ListForm(query)
    form.is_valid()
    said = {name: value for name, value in form.cleaned_data.items() if value}
    view = query.get("view", "")
    invoices = invoices_in(view, on).matching(str(said.get("q", "")))
    client = _client(query.get("client", ""))
    month = first_of_month(query.get("month", ""))
    if client:
        invoices = invoices.filter(client=client)
    if month:
        invoices = invoices.of_month(month)
    age = query.get("age", "")
    if age in AGES:
        invoices = _aged(invoices, age, on)
    if source := said.get("source"):
        invoices = invoices.filter(source=source)
    if since := said.get("since"):
        invoices = invoices.filter(tax_point__gte=since)
    if until := said.get("until"):
        invoices = invoices.filter(tax_point__lte=until)
    chosen = {name: str(value) for name, value in said.items()}
    chosen |= {"view": view} if view in dict(VIEWS) and view else {}
    chosen |= {"client": str(client.pk)} if client else {}
    chosen |= {"month": f"{month:%Y-%m}"} if month else {}
    chosen |= {"age": age} if age in AGES else {}
    return InvoiceList(invoices, view, client, month, form, _tallies(chosen, month, on), chosen)


#: Views of which sums are kept. Drafts and void invoices are owed by nobody: they are only added up by themselves.
_TALLIED: dict[str, Callable[[InvoiceTallyQuerySet, date], InvoiceTallyQuerySet]] = {
    "": lambda tallies, _: tallies.issued(),
    "unpaid": lambda tallies, _: tallies.unpaid(),
    "overdue": lambda tallies, on: tallies.overdue(on),
    "paid": lambda tallies, _: tallies.paid(),
    "run": lambda tallies, on: tallies.issued().filter(
        month=on.replace(day=1), source=Invoice.Source.RECURRING
    ),
    "draft": lambda tallies, _: tallies.filter(status=Invoice.Status.DRAFT),
    "void": lambda tallies, _: tallies.filter(status=Invoice.Status.VOID),
}


def _tallies(chosen: Mapping[str, str], month: date | None, on: date) -> InvoiceTallyQuerySet | None:
    """The kept sums of a choice of invoices; None where it is by client, words, days or what the ledger has.

    Due dates are only kept of what is owed.
    """
    view = chosen.get("view", "")
    by_age = "age" in chosen and view not in ("unpaid", "overdue")
    if view not in _TALLIED or by_age or {"q", "client", "since", "until"} & chosen.keys():
        return None
    tallies = _TALLIED[view](InvoiceTally.objects.all(), on)
    if month:
        tallies = tallies.of_month(month)
    if "age" in chosen:
        tallies = _aged(tallies, chosen["age"], on)
    return tallies.filter(source=chosen["source"]) if "source" in chosen else tallies


def _aged(invoices: Rows, age: str, on: date) -> Rows:
    """Those whose due date is so many days past."""
    _, first, last = AGES[age]
    if first is not None:
        invoices = invoices.filter(due_on__lte=on - timedelta(days=first))
    return invoices if last is None else invoices.filter(due_on__gte=on - timedelta(days=last))


def _client(text: str) -> Client | None:
    key = row_key(text)
    client: Client | None = Client.objects.filter(pk=key).first() if key else None
    return client


def first_of_month(text: str) -> date | None:
    """The first day of a month in an address (`2027-03`); None for anything else."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None

"""The invoice list as an address asks for it: view, words, client, source and dates; nothing to do with a page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.http import QueryDict

from clients.models import Client
from invoicing.models import Invoice, InvoiceQuerySet, InvoiceTally, InvoiceTallyQuerySet
from invoicing.outside_ledger import not_in_the_ledger_of_all, totals_in_the_ledger
from invoicing.queries import invoices_in, totals_of
from practices.row_keys import row_key
from proposals.periods import add_months, day_in_month

#: What of an address leaves a part of the invoices that is small beside all of them.
NARROWS = {"q", "client", "month", "since", "until"}
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
    #: Invoices of the choice that those leave out: of months that it takes a part of.
    of_parts: InvoiceQuerySet | None
    #: What of the address counts, without the place in the list.
    chosen: dict[str, str]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the place was chosen."""
        return bool(self.chosen)

    @property
    def only_view(self) -> str:
        """What the view is called where it is all that was chosen; empty otherwise."""
        return dict(VIEWS)[self.view] if self.view and self.chosen.keys() == {"view"} else ""

    def totals(self) -> dict[str, Decimal]:
        """What the list comes to: from what is kept where that is known, else from its invoices.

        Drafts and void invoices are owed by nobody: they are only added up where the list shows nothing else.
        """
        if self.tallies is None:
            return totals_of(self._that_count(self.invoices))
        if self.view == "in-sage":
            return totals_in_the_ledger()
        kept = totals_of(self.tallies)
        if self.of_parts is None:
            return kept
        live = totals_of(self._that_count(self.of_parts))
        return {name: kept[name] + live[name] for name in kept}

    def _that_count(self, invoices: InvoiceQuerySet) -> InvoiceQuerySet:
        return invoices if self.view else invoices.issued()

    def address(self, **other: Any) -> str:
        """A query string with the same choice, and with these values instead of their own."""
        return "?" + urlencode({name: value for name, value in (self.chosen | other).items() if value})


def invoice_list_of(query: QueryDict, on: date) -> InvoiceList:
    """The invoices an address asks for on a day; what it says wrongly narrows nothing."""
    form = ListForm(query)
    form.is_valid()
    said = {name: value for name, value in form.cleaned_data.items() if value}
    view = asked if (asked := query.get("view", "")) in dict(VIEWS) else ""
    is_of_all = view == "not-in-sage" and not NARROWS & {name for name, value in query.items() if value}
    chosen_ones = not_in_the_ledger_of_all() if is_of_all else invoices_in(view, on)
    invoices = chosen_ones.matching(str(said.get("q", "")))
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
    since, until = said.get("since"), said.get("until")
    stretch, undated = _stretch(since, until), invoices
    if since:
        invoices = invoices.filter(tax_point__gte=since)
    if until:
        invoices = invoices.filter(tax_point__lte=until)
    chosen = {name: str(value) for name, value in said.items()}
    chosen |= {"view": view} if view else {}
    chosen |= {"client": str(client.pk)} if client else {}
    chosen |= {"month": f"{month:%Y-%m}"} if month else {}
    chosen |= {"age": age} if age in AGES else {}
    tallies = _tallies(chosen, month, on)
    return InvoiceList(
        invoices,
        view,
        client,
        month,
        form,
        tallies.filter(stretch.of_months) if tallies is not None and stretch else None,
        undated.filter(stretch.of_parts) if stretch and stretch.of_parts else None,
        chosen,
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days from one to another as calendar months, of which sums are kept, and the days of those it takes a part of."""

    of_months: Q
    of_parts: Q


def _stretch(since: date | None, until: date | None) -> Stretch | None:
    """What lies between two days, either of which may be open; None where no whole month does."""
    try:
        begins = _month_from(since) if since else None
        ends = _month_until(until) if until else None
    except (ValueError, OverflowError):  # next to the first day or the last one there is
        return None
    if begins and ends and begins > ends:
        return None
    of_months, of_parts = Q(), Q()
    if begins:
        of_months &= Q(month__gte=begins)
    if ends:
        of_months &= Q(month__lte=ends)
    # Where a month begins or ends on the very day, nothing is left out of the months on that side.
    if begins != since:
        of_parts |= Q(tax_point__gte=since, tax_point__lt=begins)
    if ends != until:
        of_parts |= Q(tax_point__gt=ends, tax_point__lte=until)
    return Stretch(of_months, of_parts)


def _month_from(day: date) -> date:
    """The first day of the first month that begins on a day or later."""
    return day if day.day == 1 else add_months(day.replace(day=1), 1)


def _month_until(day: date) -> date:
    """The last day of the last month that ends on a day or earlier."""
    return day if day == day_in_month(day.year, day.month, 31) else day - timedelta(days=day.day)


#: Views of which sums are kept. Drafts and void invoices are owed by nobody: they are only added up by themselves.
_TALLIED: dict[str, Callable[[InvoiceTallyQuerySet, date], InvoiceTallyQuerySet]] = {
    "": lambda tallies, _: tallies.issued(),
    "unpaid": lambda tallies, _: tallies.unpaid(),
    "overdue": lambda tallies, on: tallies.overdue(on),
    "paid": lambda tallies, _: tallies.paid(),
    "in-sage": lambda tallies, _: tallies.issued(),
    "run": lambda tallies, on: tallies.issued().filter(
        month=on.replace(day=1), source=Invoice.Source.RECURRING
    ),
    "draft": lambda tallies, _: tallies.filter(status=Invoice.Status.DRAFT),
    "void": lambda tallies, _: tallies.filter(status=Invoice.Status.VOID),
}


def _tallies(chosen: Mapping[str, str], month: date | None, on: date) -> InvoiceTallyQuerySet | None:
    """The kept sums of a choice of invoices; None where it is by client, words or what the ledger lacks.

    Due dates are only kept of what is owed. Of all that the ledger has, what it lacks is still to be taken off.
    """
    view = chosen.get("view", "")
    by_age = "age" in chosen and view not in ("unpaid", "overdue")
    if view not in _TALLIED or by_age or {"q", "client"} & chosen.keys():
        return None
    if view == "in-sage" and chosen.keys() - {"view"}:
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

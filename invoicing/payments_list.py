"""The list of payments as an address asks for it: what came from Sage and what was entered here; nothing of a page."""

from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.db.models import Case, Count, Expression, F, Q, QuerySet, Sum, Value, When
from django.http import QueryDict

from clients.models.search import ids_in_one, ids_with_words
from invoicing.listing import date_field, words_field
from invoicing.models import LARGEST_NUMBER, Allocation, Invoice, Payment
from money.amounts import ZERO

#: The word of the address → what the view is called, and the payments it holds.
VIEWS: dict[str, tuple[str, Q]] = {
    "": ("All", Q()),
    "received": ("Received", Q(kind=Payment.Kind.RECEIVED, reversed_at=None)),
    "on-account": ("On account", Q(account_id__gt="", on_account__gt=0)),
    "set-against": ("Set against", Q(kind=Payment.Kind.SET_AGAINST, reversed_at=None)),
    "written-off": ("Written off", Q(kind=Payment.Kind.WRITTEN_OFF, reversed_at=None)),
    "paid-back": ("Paid back", Q(kind=Payment.Kind.REFUNDED, reversed_at=None)),
    "taken-back": ("Taken back", Q(reversed_at__isnull=False)),
}


class PaymentsForm(forms.Form):
    """What narrows the list beside its views."""

    q = words_field("Client, reference or invoice number")
    source = forms.ChoiceField(
        label="Entered in", choices=[("", "Either"), *Payment.Source.choices], required=False
    )
    since = date_field("Dated from")
    until = date_field("Dated until")


@dataclass(frozen=True, slots=True)
class PaymentTotals:
    """How many payments a choice has, what they come to, and what of it lies on account."""

    count: int
    amount: Decimal
    on_account: Decimal


@dataclass(frozen=True, slots=True)
class PaymentList:
    """A choice of payments, and the view and filters that made it."""

    payments: "QuerySet[Payment]"
    view: str
    form: PaymentsForm

    def totals(self) -> PaymentTotals:
        """The sums of the choice; among all kinds only money counts: what was received less what was paid back."""
        signed: Expression | F = F("amount")
        if not self.view:
            signed = Case(
                When(reversed_at__isnull=False, then=Value(ZERO)),
                When(kind=Payment.Kind.RECEIVED, then=F("amount")),
                When(kind=Payment.Kind.REFUNDED, then=-F("amount")),
                default=Value(ZERO),
            )
        found = self.payments.order_by().aggregate(
            count=Count("pk"), amount=Sum(signed), lying=Sum("on_account")
        )
        return PaymentTotals(found["count"], found["amount"] or ZERO, found["lying"] or ZERO)


def payment_list_of(query: QueryDict) -> PaymentList:
    """The payments an address asks for; what it says wrongly narrows nothing."""
    form = PaymentsForm(query)
    form.is_valid()
    said = form.cleaned_data
    view = query.get("view", "") if query.get("view", "") in VIEWS else ""
    payments = Payment.objects.filter(VIEWS[view][1])
    if words := str(said.get("q") or "").strip():
        payments = payments.filter(_named(words))
    if source := said.get("source"):
        payments = payments.filter(source=source)
    if since := said.get("since"):
        payments = payments.filter(received_on__gte=since)
    if until := said.get("until"):
        payments = payments.filter(received_on__lte=until)
    return PaymentList(payments, view, form)


def _named(words: str) -> Q:
    """Payments of clients so named, with these words in the reference, or set against the invoice of that number."""
    found = Q(client__in=ids_in_one(ids_with_words(words))) | Q(reference__icontains=words)
    number = words.upper().removeprefix("INV-")
    if number.isdecimal() and int(number) <= LARGEST_NUMBER:
        settled = Allocation.objects.filter(invoice__number=int(number), payment__isnull=False)
        found |= Q(pk__in=ids_in_one(settled.order_by().values_list("payment", flat=True)))
    return found


def invoices_settled(payments: list[Payment]) -> dict[int, list[Invoice]]:
    """The invoices each payment is set against, by the payment's key; one question for all."""
    allocations = Allocation.objects.filter(payment__in=[payment.pk for payment in payments])
    found: dict[int, list[Invoice]] = {}
    for allocation in allocations.select_related("invoice").order_by("pk"):
        found.setdefault(allocation.payment_id or 0, []).append(allocation.invoice)
    return found

"""The list of payments as an address asks for it: what came from Sage and what was entered here; nothing of a page."""

from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.db.models import Case, Count, F, Q, QuerySet, Sum, When
from django.http import QueryDict

from clients.models.search import ids_with_words, is_among
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
#: What is counted among payments of all kinds: money that came and stayed, and money that went back.
MONEY = (Payment.Kind.RECEIVED, Payment.Kind.REFUNDED)


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
        """The sums of the choice; `counts` and `signed` say the same of one payment."""
        amount = Case(When(kind=Payment.Kind.REFUNDED, then=-F("amount")), default=F("amount"))
        counted = None if self.view else Q(reversed_at=None, kind__in=MONEY)
        found = self.payments.order_by().aggregate(
            count=Count("pk"), amount=Sum(amount, filter=counted), lying=Sum("on_account")
        )
        return PaymentTotals(found["count"], found["amount"] or ZERO, found["lying"] or ZERO)


def signed(payment: Payment) -> Decimal:
    """The amount, negative where money went back to the client."""
    return -payment.amount if payment.kind == Payment.Kind.REFUNDED else payment.amount


def counts(payment: Payment, view: str) -> bool:
    """Whether it belongs to the total of a view; among all kinds only money does that was not taken back."""
    return bool(view) or (payment.reversed_at is None and payment.kind in MONEY)


def state_of(payment: Payment) -> str:
    """Its kind in words, unless it was taken back."""
    return "Taken back" if payment.reversed_at else payment.get_kind_display()


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
    found = is_among("client", ids_with_words(words)) | Q(reference__icontains=words)
    number = words.upper().removeprefix("INV-")
    if number.isdecimal() and int(number) <= LARGEST_NUMBER:
        settled = Allocation.objects.filter(invoice__number=int(number), payment__isnull=False)
        found |= is_among("pk", settled.order_by().values_list("payment", flat=True))
    return found


def invoices_settled(payments: list[Payment]) -> dict[int, list[Invoice]]:
    """The invoices each payment is set against, by the payment's key; one question for all."""
    allocations = Allocation.objects.filter(payment__in=[payment.pk for payment in payments])
    found: dict[int, list[Invoice]] = {}
    for allocation in allocations.select_related("invoice").order_by("pk"):
        found.setdefault(allocation.payment_id or 0, []).append(allocation.invoice)
    return found

"""Reads that join or add up: what is billed next, what is owed, where invoices stand in the ledger."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, F, OuterRef, Prefetch, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from clients.models import Client
from invoicing.models import (
    Allocation,
    BillingSchedule,
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceQuerySet,
    InvoiceTally,
    InvoiceTallyQuerySet,
    Payment,
)
from invoicing.owed_apart import owed_apart, with_owed_apart
from ledger.actions import Subject
from ledger.models import LedgerSettings, Posting
from ledger.state_notes import with_settled_earlier
from ledger.states import State, posting_state
from money.amounts import ZERO, Amounts
from practices.arrays import array
from practices.models import Practice
from practices.rows import Row, rows_of, tie
from practices.scalars import sum_of, tally_of
from practices.tenancy import acting_practice_id
from services.models import Service, TaxRate

INVOICE_KINDS = (Posting.Kind.INVOICE_CREATE, Posting.Kind.INVOICE_UPDATE, Posting.Kind.INVOICE_VOID)


#: What a row of a list shows of an invoice, and what its state depends on; the rest of an invoice stays unread.
OF_A_ROW = ("number", "source", "status", "tax_point", "due_on", "net", "vat", "outstanding", "revision")


@dataclass(frozen=True, slots=True)
class Debts:
    """What clients owe, gross, in the practice's currency, and the part whose due date has passed."""

    unpaid: Decimal
    unpaid_count: int
    overdue: Decimal
    overdue_count: int


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """One calendar month, gross, in the practice's currency.

    ``expected`` is raised plus the recurring bills still to come; ``posted`` and ``paid`` are parts of ``raised``;
    ``outstanding`` is what clients owe altogether, from whichever month.
    """

    expected: Decimal
    raised: Decimal
    posted: Decimal
    paid: Decimal
    outstanding: Decimal
    invoices: int


def invoice_to_post(pk: int) -> Invoice:
    """The invoice with client, people, lines, services and VAT rates loaded; mapping it needs no further query."""
    invoice: Invoice = (
        Invoice.objects.select_related("client", "proposal")
        .prefetch_related("client__people", "lines__service", "lines__tax_rate")
        .get(pk=pk)
    )
    return invoice


def invoice_to_show(pk: int) -> Invoice:
    """The invoice with client, proposal and lines, each with its VAT rate, in two questions."""
    lines = InvoiceLine.objects.select_related("service", "tax_rate")
    found = Invoice.objects.select_related("client", "proposal").prefetch_related(Prefetch("lines", lines))
    invoice: Invoice = found.get(pk=pk)
    return invoice


class ToPost(NamedTuple):
    """An invoice with its client, and its lines in order with services and VAT rates; mapping it asks nothing more."""

    invoice: Invoice
    lines: list[InvoiceLine]


def invoices_to_post(pks: Iterable[int]) -> dict[int, ToPost]:
    """Several invoices at once with their lines, by id; an id without an invoice is left out."""
    invoices = rows_of(Invoice, "id = ANY(%s::bigint[])", array(pks))
    in_order = "invoice_id = ANY(%s::bigint[]) ORDER BY invoice_id, position, id"
    lines = rows_of(InvoiceLine, in_order, array(invoice.id for invoice in invoices))
    clients = _by_id(Client, {invoice.client_id for invoice in invoices})
    services = _by_id(Service, {line.service_id for line in lines})
    rates = _by_id(TaxRate, {line.tax_rate_id for line in lines})
    found = {invoice.id: ToPost(invoice, []) for invoice in invoices}
    for invoice in invoices:
        tie(invoice, "client", clients[invoice.client_id])
    for line in lines:
        tie(line, "service", services[line.service_id])
        tie(line, "tax_rate", rates[line.tax_rate_id])
        found[line.invoice_id].lines.append(line)
    return found


def _by_id(model: type[Row], ids: Iterable[int]) -> dict[int, Row]:
    return {row.pk: row for row in rows_of(model, "id = ANY(%s::bigint[])", array(ids))}


def rows_with_clients(invoices: InvoiceQuerySet) -> InvoiceQuerySet:
    """Invoices as rows of a list, each with its client and the number of its proposal."""
    found: InvoiceQuerySet = invoices.select_related("client", "proposal").only(
        *OF_A_ROW, "client__name", "client__posts_automatically", "proposal__number"
    )
    return found


def postings_of(invoice: Invoice) -> list[Posting]:
    """Everything that was or will be told to the ledger about the invoice, newest first."""
    postings = Posting.objects.filter(kind__in=INVOICE_KINDS, subject_id=invoice.pk)
    return list(postings.select_related("requested_by").order_by("-id"))


def latest_postings(invoices: Collection[int]) -> dict[int, Posting]:
    """The newest copy of each invoice of a list, by the invoice's id; withdrawn ones only where nothing else is."""
    postings = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE, subject_id__in=invoices)
    latest: dict[int, Posting] = {}
    for posting in postings.order_by("copy", "id"):
        if posting.status != Posting.Status.CANCELLED or posting.subject_id not in latest:
            latest[posting.subject_id] = posting
    return latest


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """What the ledger has, or is told, of one invoice."""

    #: The newest copy; a withdrawn one only where nothing else is.
    posting: Posting | None = None
    #: A change or void of it that has not come to its end.
    change: Posting | None = None
    #: Copies that arrived and still are there.
    copies: int = 0
    is_credited: bool = False
    #: Numbers of copies that a newer one replaced, and something is set against in the ledger: that pays nothing here.
    settled_earlier: tuple[str, ...] = ()
    #: What differs, in words, where it is credited and something else is owed on it in the ledger.
    owed_apart: str = ""


def ledger_facts(
    invoices: Collection[int], credited: Collection[int] | None = None
) -> dict[int, LedgerFacts]:
    """The facts of each invoice of a list, by its id, in two queries; in one where it is known what is credited.

    One more where something is.
    """
    grouped: dict[int, list[Posting]] = defaultdict(list)
    of_those = 'kind = ANY(%s::text[]) AND subject_id = ANY(%s::bigint[]) ORDER BY "copy", id'
    for posting in rows_of(Posting, of_those, array(INVOICE_KINDS), array(invoices)):
        grouped[posting.subject_id].append(posting)
    if credited is None:
        credited = set(CreditNote.objects.filter(invoice__in=invoices).values_list("invoice", flat=True))
    apart = owed_apart(credited)
    return {
        pk: facts_from(grouped[pk], is_credited=pk in credited, apart=apart.get(pk, "")) for pk in invoices
    }


def facts_from(postings: Iterable[Posting], *, is_credited: bool, apart: str = "") -> LedgerFacts:
    """The facts that follow from everything posted about one invoice, in the order of copies.

    ``apart`` is what `owed_apart` says of it.
    """
    known = list(postings)
    copies = [posting for posting in known if posting.kind == Posting.Kind.INVOICE_CREATE]
    live = [posting for posting in copies if posting.status != Posting.Status.CANCELLED]
    latest = next(reversed(live or copies), None)
    ended = (Posting.Status.POSTED, Posting.Status.CANCELLED)
    target = latest.pk if latest is not None else None
    changes = (each for each in known if target and each.target_id == target and each.status not in ended)
    there = [each for each in live if each.counts_in_ledger]
    arrived = [each for each in live if each.status == Posting.Status.POSTED]
    settled = tuple(
        each.external_number or each.reference for each in arrived[:-1] if each.is_settled_in_ledger
    )
    return LedgerFacts(latest, next(changes, None), len(there), is_credited, settled, apart)


def state_of(
    invoice: Invoice, facts: LedgerFacts, ledger: LedgerSettings, *, place: int | None = None
) -> State:
    """How the invoice stands with the ledger, the same wherever it is shown (FEATURES 4.12)."""
    subject = replace(subject_of(invoice), is_credited=facts.is_credited)
    state = posting_state(
        facts.posting, subject, ledger, place=place, change=facts.change, copies=facts.copies
    )
    state = with_owed_apart(state, invoice.pk, facts.owed_apart)
    return with_settled_earlier(state, subject, facts.settled_earlier) if facts.settled_earlier else state


def subject_of(invoice: Invoice) -> Subject:
    """The invoice as the ledger's states know it; its client has to be loaded."""
    settled = invoice.status == Invoice.Status.ISSUED and invoice.outstanding < invoice.gross
    return Subject(
        revision=invoice.revision,
        settlement=("part_paid" if invoice.outstanding else "paid") if settled else "",
        pk=invoice.pk,
        is_draft=invoice.status == Invoice.Status.DRAFT,
        is_void=invoice.status == Invoice.Status.VOID,
        leaves_by_itself=invoice.client.posts_automatically,
        client_id=invoice.client_id,
    )


def allocations_of(invoice: Invoice) -> list[Allocation]:
    """What was paid on an invoice, newest first, each with its payment; reversed payments too."""
    paid = invoice.allocations.exclude(payment=None).select_related("payment")
    return list(paid.order_by("-payment__received_on", "-id"))


def credited_on(invoice: Invoice) -> Allocation | None:
    """What its credit note took off an invoice, if anything was owed on it then."""
    found: Allocation | None = (
        invoice.allocations.exclude(credit_note=None).select_related("credit_note").first()
    )
    return found


def invoice_day() -> int:
    """The day of the month (1 to 31) that the acting practice dates recurring invoices."""
    return Practice.objects.values_list("invoice_day", flat=True).get(pk=acting_practice_id())


def unpaid_total() -> Decimal:
    """What clients owe altogether, gross, in the practice's currency."""
    owed: Decimal | None = InvoiceTally.objects.unpaid().aggregate(owed=Sum("outstanding"))["owed"]
    return owed or ZERO


def debts(on: date) -> Debts:
    """What clients owe, and how much of it is overdue on a day."""
    late = Q(due_on__lt=on)
    found = InvoiceTally.objects.unpaid().aggregate(
        unpaid=Sum("outstanding"),
        unpaid_count=Sum("count"),
        overdue=Sum("outstanding", filter=late),
        overdue_count=Sum("count", filter=late),
    )
    return Debts(
        found["unpaid"] or ZERO,
        found["unpaid_count"] or 0,
        found["overdue"] or ZERO,
        found["overdue_count"] or 0,
    )


def needs_you_count() -> int:
    """How many pieces of work wait for somebody to mark them complete."""
    return BillingSchedule.objects.to_complete().count()


def columns_of_raised(first: date) -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: what was raised in the month that begins so, and became of it, gross."""
    gross, month = F("net") + F("vat"), InvoiceTally.objects.issued().of_month(first)
    # Each apart within one question, so that the planner joins the two tables once instead of for each invoice.
    return {
        "raised": sum_of(month, gross),
        "owed": sum_of(month, "outstanding"),
        "posted": sum_of(Invoice.objects.issued().of_month(first).arrived(), gross),
    }


def columns_of_month(on: date) -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: what `month_figures` needs of the calendar month of that day."""
    first = on.replace(day=1)
    return columns_of_raised(first) | {
        "invoices": tally_of(InvoiceTally.objects.issued().of_month(first)),
        "outstanding": sum_of(InvoiceTally.objects.unpaid(), "outstanding"),
    }


def month_figures(totals: dict[str, Any], coming: Amounts) -> MonthFigures:
    """A calendar month from the values of `columns_of_month` and what is still to be billed in it."""
    raised = totals["raised"] or ZERO
    return MonthFigures(
        expected=raised + coming.gross,
        raised=raised,
        posted=totals["posted"] or ZERO,
        paid=raised - (totals["owed"] or ZERO),
        outstanding=totals["outstanding"] or ZERO,
        invoices=totals["invoices"],
    )


def payment_issues() -> InvoiceQuerySet:
    """Unpaid invoices that had a payment in the ledger which was taken back there (G89)."""
    taken_back = Allocation.objects.filter(
        payment__reversed_at__isnull=False, payment__source=Payment.Source.SAGE
    )
    found: InvoiceQuerySet = Invoice.objects.unpaid().filter(pk__in=taken_back.values("invoice"))
    return found


def invoices_in(view: str, on: date) -> InvoiceQuerySet:
    """The invoices of a view of the list (`unpaid`, `overdue`, `paid`, `in-sage`, `draft`, …), else all."""
    invoices: InvoiceQuerySet = Invoice.objects.all()
    choices: dict[str, Callable[[], InvoiceQuerySet]] = {
        "unpaid": invoices.unpaid,
        "overdue": lambda: invoices.overdue(on),
        "paid": lambda: invoices.issued().filter(outstanding=0),
        "in-sage": invoices.in_the_ledger,
        "not-in-sage": invoices.not_in_the_ledger,
        "failed": lambda: invoices.issued().copied_as(Q(status=Posting.Status.FAILED)),
        "changed": invoices.changed_since_copied,
        "payment-issue": payment_issues,
        "credited": lambda: invoices.filter(credit_notes__isnull=False),
        "run": lambda: invoices.issued().of_month(on.replace(day=1)).filter(source=Invoice.Source.RECURRING),
        "draft": lambda: invoices.filter(status=Invoice.Status.DRAFT),
        "void": lambda: invoices.filter(status=Invoice.Status.VOID),
    }
    return choices.get(view, lambda: invoices)()


#: What can be said of an invoice's newest copy: the column → the name of the annotation and the field of the copy.
OF_THE_COPY = {"sage_number": ("sage_number", "external_number"), "checked": ("sage_checked", "checked_at")}


def with_newest_copy(invoices: InvoiceQuerySet, columns: Collection[str]) -> InvoiceQuerySet:
    """The invoices, each with these of `OF_THE_COPY` of its newest copy; None where it has none."""
    copies = Posting.objects.filter(
        practice=OuterRef("practice"), kind=Posting.Kind.INVOICE_CREATE, subject_id=OuterRef("pk")
    ).order_by("-copy")
    named = {
        name: Subquery(copies.values(field)[:1])
        for name, field in (OF_THE_COPY[column] for column in columns)
    }
    return invoices.annotate(**named)


def totals_of(invoices: InvoiceQuerySet | InvoiceTallyQuerySet) -> dict[str, Decimal]:
    """Count, net, VAT, gross and outstanding of a choice of invoices, in the practice's currency.

    Of invoices themselves, or of what is kept of them.
    """
    count = Coalesce(Sum("count"), 0) if invoices.model is InvoiceTally else Count("pk")
    return totals_in(
        invoices.order_by().aggregate(
            count=count, net=Sum("net"), vat=Sum("vat"), outstanding=Sum("outstanding")
        )
    )


def columns_of_totals(tallies: InvoiceTallyQuerySet) -> dict[str, Any]:
    """Columns for `practices.scalars.figures`, from which `totals_in` tells what is kept of a choice of invoices."""
    amounts = {name: sum_of(tallies, name) for name in ("net", "vat", "outstanding")}
    return {"count": tally_of(tallies), **amounts}


def totals_in(found: Mapping[str, Any]) -> dict[str, Decimal]:
    """The totals among what a question brought: its sums are None where there was nothing to add up."""
    net, vat = found["net"] or ZERO, found["vat"] or ZERO
    return {
        "count": found["count"],
        "net": net,
        "vat": vat,
        "gross": net + vat,
        "outstanding": found["outstanding"] or ZERO,
    }

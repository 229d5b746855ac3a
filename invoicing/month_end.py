"""A month as it is closed: what is billed and still to bill beside the month before, client by client."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When

from clients.models import Client
from invoicing.client_plan import WORDS as WAITS
from invoicing.coming import amounts_of, held_because, standings, terms_of
from invoicing.due import Bill, Wait
from invoicing.models import BilledPeriod, BillingSchedule, Invoice, InvoiceLine
from invoicing.months import Month, left_out_of
from invoicing.practicalities import Practicalities
from ledger.models import Posting
from money.amounts import ZERO, Amounts

#: A price that moved by more than this part of itself is pointed out.
JUMP = Decimal("0.2")
#: Why a document did not reach the ledger, as far as somebody can settle it before the next one.
LEDGER_WARNINGS = {
    "AccountNotMapped": "Account not mapped",
    "MappingMissing": "Not mapped",
    "RateNotMapped": "VAT rate not mapped",
    "RateUnsuitable": "VAT rate unsuitable",
    "AmbiguousContact": "Several contacts in Sage",
    "ContactDiffers": "Contact differs in Sage",
    "ContactTaken": "Contact taken in Sage",
    "ContactUnusable": "Contact unusable in Sage",
}


@dataclass(frozen=True, slots=True)
class Share:
    """One line of one bill, made or coming: what a service comes to."""

    name: str
    quantity: Decimal
    unit_price: Decimal
    net: Decimal
    recurs: bool


def _recurring(shares: Iterable[Share]) -> list[Share]:
    return [share for share in shares if share.recurs]


@dataclass(slots=True)
class MonthLine:
    """One service of a client this month beside last month; amounts are net."""

    name: str = ""
    now: list[Share] = field(default_factory=list)
    before: list[Share] = field(default_factory=list)
    change: str = ""
    #: Whether a bill of it that is dated this month was left out.
    is_left_out: bool = False
    #: Of what is still to be billed: schedule, first day of the period, invoice date, and why it waits.
    coming: list[tuple[int, date, date, Wait | None]] = field(default_factory=list)

    @property
    def net_now(self) -> Decimal | None:
        """This month's net; None where it is not billed this month."""
        return sum((share.net for share in self.now), ZERO) if self.now else None

    @property
    def net_before(self) -> Decimal | None:
        """Last month's net; None where it was not billed then."""
        return sum((share.net for share in self.before), ZERO) if self.before else None

    @property
    def jumps(self) -> bool:
        """Whether the unit price moved by more than a fifth."""
        if self.change != "Price":
            return False
        old, new = (_recurring(shares)[-1].unit_price for shares in (self.before, self.now))
        return bool(old) and abs(new - old) > old * JUMP


@dataclass(slots=True)
class ClientMonth:
    """One client's month: lines, totals gross, what changed, what to look at."""

    client: Client
    #: Who receives its invoices, where that is somebody else (G49); else empty.
    payer: str = ""
    services: dict[int, MonthLine] = field(default_factory=lambda: defaultdict(MonthLine))
    now: Amounts = field(default_factory=Amounts)
    before: Amounts = field(default_factory=Amounts)
    coming: int = 0
    waiting: int = 0
    invoices: list[Invoice] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    #: Why bills of it are held, as somebody said, each reason once.
    held_because: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[MonthLine]:
        """Its services, by name."""
        return sorted(self.services.values(), key=lambda line: line.name)

    @property
    def billed_now(self) -> int:
        """How many services are billed this month, or are to be."""
        return sum(bool(line.now) for line in self.lines)

    @property
    def changes(self) -> list[str]:
        """The kinds of change, each once."""
        return sorted({line.change for line in self.lines if line.change})

    @property
    def waits(self) -> list[str]:
        """Why bills of it wait, each reason once."""
        return sorted({WAITS[wait] for line in self.lines for *_, wait in line.coming if wait})

    @property
    def state(self) -> tuple[str, str]:
        """Label and tone."""
        if self.waiting:
            return "Waiting", "warn"
        if self.coming:
            return "Ready", "info"
        return ("Billed", "good") if self.invoices else ("Nothing this month", "neutral")


def page_of_clients(
    month: Month,
    clients: Collection[Client],
    known: Practicalities,
    *,
    today: date,
    signed_at: datetime | None = None,
) -> list[ClientMonth]:
    """The month of each of these clients, in their order; a handful of queries for all of them.

    ``signed_at`` is when the month was signed off: what was billed into it later is marked (G76).
    """
    found = {client.pk: ClientMonth(client) for client in clients}
    left_out = Exists(left_out_of(month, schedule=OuterRef("pk")))
    among = BillingSchedule.objects.filter(client__in=found).annotate(is_left_out=left_out)
    every = list(among.exclude(status=BillingSchedule.Status.ENDED, is_left_out=False))
    schedules = [each for each in every if each.status != BillingSchedule.Status.ENDED]
    served = _invoices_to_payers(found, month)
    invoices: list[Any] = list(
        Invoice.objects.issued()
        .filter(Q(client__in=found) | Q(pk__in=served), tax_point__range=(month.before.first, month.last))
        .annotate(refusal=_refusal())
        .order_by("id")
    )
    for invoice in invoices:
        invoice.client_id = served.get(invoice.pk, invoice.client_id)
    invoices = [invoice for invoice in invoices if invoice.client_id in found]
    lines = _lines_of(invoices)
    due = [each for each in schedules if each.next_bill_on and each.next_bill_on <= month.last]
    stood = list(standings(due, month.last, known, today=today))
    reasons = held_because([schedule for schedule, stands in stood if stands.is_held])
    for schedule, stands in stood:
        row = found[schedule.client_id]
        held = {reasons.get((schedule.pk, bill.period.starts_on), "") for bill, _ in stands.waiting}
        row.held_because = sorted({*row.held_because, *held} - {""})
        marked = [(bill, None) for bill in stands.ready]
        _add_coming(row, schedule, [*marked, *stands.waiting], known)
    _add_invoices(found, invoices, lines, month)
    _add_left_out(found, every)
    _name_changes(found, schedules, month)
    _warn(found, invoices)
    if signed_at is not None:
        _mark_late(found.values(), signed_at)
    return list(found.values())


def _invoices_to_payers(found: dict[int, ClientMonth], month: Month) -> dict[int, int]:
    """Whom invoices of two months serve that somebody else received for them, by their id; the rows learn who pays.

    What is billed for a client stands on its own row, made or coming, whoever pays.
    """
    for row in found.values():
        if row.client.billed_to is not None:
            row.payer = row.client.billed_to.name
    # Those of `clients_of` know whether they pay for anybody.
    if not any(row.payer or row.client.pays for row in found.values()):  # type: ignore[attr-defined]
        return {}
    served = Q(schedule__client__in=found, schedule__client__billed_to__isnull=False)
    periods = BilledPeriod.objects.filter(
        served | Q(schedule__client__billed_to__in=found),
        invoice__tax_point__range=(month.before.first, month.last),
    )
    return dict(periods.order_by().values_list("invoice", "schedule__client").distinct())


def _refusal() -> Subquery:
    """Why the newest copy of an invoice that nobody withdrew was refused; None where it was not."""
    copies = Posting.objects.filter(
        practice=OuterRef("practice"), kind=Posting.Kind.INVOICE_CREATE, subject_id=OuterRef("pk")
    ).exclude(status=Posting.Status.CANCELLED)
    refusal = Case(When(status=Posting.Status.FAILED, then=F("failure")))
    return Subquery(copies.order_by("-copy", "-id").values_list(refusal)[:1])


def _mark_late(rows: Iterable[ClientMonth], signed_at: datetime) -> None:
    for row in rows:
        late = [each for each in row.invoices if each.issued_at and each.issued_at > signed_at]
        if late:
            row.warnings.append(f"Billed after sign-off: {', '.join(each.number_label for each in late)}")


def _lines_of(invoices: Iterable[Invoice]) -> dict[int, list[InvoiceLine]]:
    grouped: dict[int, list[InvoiceLine]] = defaultdict(list)
    for line in InvoiceLine.objects.filter(invoice__in=[invoice.pk for invoice in invoices]):
        grouped[line.invoice_id].append(line)
    return grouped


def _add_coming(
    row: ClientMonth,
    schedule: BillingSchedule,
    marked: Iterable[tuple[Bill, Wait | None]],
    known: Practicalities,
) -> None:
    recurs = schedule.billing == BillingSchedule.Billing.RECURRING
    line = row.services[schedule.service_id]
    line.name = schedule.name
    for bill, wait in marked:
        amounts, (quantity, price) = amounts_of(schedule, bill, known), terms_of(schedule, bill, known)
        line.now.append(Share(schedule.name, quantity, price, amounts.net, recurs))
        line.coming.append((schedule.pk, bill.period.starts_on, bill.bills_on, wait))
        row.now += amounts
        row.coming += 1
        row.waiting += wait is not None


def _add_invoices(
    found: dict[int, ClientMonth],
    invoices: Iterable[Invoice],
    lines: dict[int, list[InvoiceLine]],
    month: Month,
) -> None:
    for invoice in invoices:
        row, is_this = found[invoice.client_id], invoice.tax_point >= month.first
        if is_this:
            row.now += invoice.amounts
            row.invoices.append(invoice)
        else:
            row.before += invoice.amounts
        recurs = invoice.source == Invoice.Source.RECURRING
        for each in lines[invoice.pk]:
            line = row.services[each.service_id]
            line.name = line.name or each.name.partition(",")[0]
            share = Share(each.name, each.quantity, each.unit_price, each.net, recurs)
            (line.now if is_this else line.before).append(share)


def _add_left_out(found: dict[int, ClientMonth], schedules: Iterable[Any]) -> None:
    for each in schedules:
        if each.is_left_out:
            line = found[each.client_id].services[each.service_id]
            line.name, line.is_left_out = line.name or each.name, True


def _name_changes(found: dict[int, ClientMonth], schedules: Iterable[BillingSchedule], month: Month) -> None:
    """The kind of change of each service (G75).

    What recurs less often than every month neither ends nor begins by being absent from one of the two.
    """
    live = {(each.client_id, each.service_id): each for each in schedules}
    for client, row in found.items():
        for service, line in row.services.items():
            change = _change(line, live.get((client, service)), month)
            leaves_out = line.is_left_out and (not line.now or change in {"", "Quantity"})
            line.change = "Left out" if leaves_out else change


def _change(line: MonthLine, schedule: BillingSchedule | None, month: Month) -> str:
    """What recurs is held against what recurs; something billed once beside it is a one-off and no other price."""
    now, before = _recurring(line.now), _recurring(line.before)
    once = "One-off" if len(line.now) + len(line.before) > len(now) + len(before) else ""
    if now and before:
        if now[-1].unit_price != before[-1].unit_price:
            return "Price"
        same = sum(share.quantity for share in now) == sum(share.quantity for share in before)
        return once if same else "Quantity"
    if now:
        began = schedule is None or schedule.bills_from >= month.first
        return "New" if began else once
    if before and not schedule:
        return "Ended"
    return once


def _warn(found: dict[int, ClientMonth], invoices: Collection[Any]) -> None:
    """What somebody should look at before approving; what the ledger refused last time will be refused again.

    The invoices have their ``refusal``.
    """
    refused: dict[int, set[str]] = defaultdict(set)
    for invoice in invoices:
        if invoice.refusal is not None:
            refused[invoice.client_id].add(LEDGER_WARNINGS.get(invoice.refusal, "Refused by Sage"))
    for client, row in found.items():
        row.warnings = sorted(refused[client])
        row.warnings += [f"Price jump: {line.name}" for line in row.lines if line.jumps]
        if "To confirm" in row.waits:
            row.warnings.append("Quantity or price missing")
        if row.coming and row.client.status == Client.Status.ARCHIVED:
            row.warnings.append("Client is archived")

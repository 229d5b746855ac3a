"""Taking an invoice back within the quiet time, before anything has left."""

from invoicing.errors import CannotBeUndone
from invoicing.models import BilledPeriod, BillingSchedule, ComingBill, Invoice, InvoiceMessage
from invoicing.operations.advancing import locked
from invoicing.operations.coming_bills import hold_bills, reopen_periods
from invoicing.operations.invoices import void_invoice
from practices import audit
from practices.errors import DomainError

Billing = BillingSchedule.Billing
#: Why a bill is held whose invoice was undone.
UNDONE = "Its invoice was undone"


def undo_invoice(invoice: Invoice) -> Invoice:
    """The invoice void, its posting withdrawn, and what it billed due again, held until somebody approves it.

    Its number stays used. Raises `CannotBeUndone` once it may have left, to the ledger or by e-mail, or was paid.
    """
    if InvoiceMessage.objects.filter(invoice=invoice).exists():
        raise CannotBeUndone(invoice)
    periods = list(BilledPeriod.objects.filter(invoice=invoice).order_by("schedule_id", "starts_on"))
    schedules = {pk: locked(BillingSchedule(pk=pk)) for pk in sorted({row.schedule_id for row in periods})}
    try:
        voided = void_invoice(invoice)
    except DomainError as refusal:
        raise CannotBeUndone(invoice) from refusal
    chosen = [(period.schedule_id, period.starts_on) for period in periods]
    BilledPeriod.objects.filter(invoice=invoice).delete()
    hold_bills(chosen, reason=UNDONE)
    once = [schedule.pk for schedule in schedules.values() if schedule.billing != Billing.RECURRING]
    # Work that was complete is not to be marked so again: approved, its bill has the date it had.
    ComingBill.objects.filter(schedule__in=once).update(bills_on=invoice.tax_point)
    for pk, schedule in schedules.items():
        reopen_periods(schedule, [starts_on for owner, starts_on in chosen if owner == pk])
    audit.record("invoice.undone", voided, number=voided.number_label, periods=len(chosen))
    return voided

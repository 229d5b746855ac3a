"""What accepted work is billed as, what has been credited, and what has been paid."""

from invoicing.models.changes import FeeUplift, ServiceChange
from invoicing.models.credit_notes import CreditNote, CreditNoteLine, InvoiceRevision
from invoicing.models.invoices import LARGEST_NUMBER, Invoice, InvoiceLine, InvoiceQuerySet
from invoicing.models.messages import InvoiceMessage
from invoicing.models.payments import Allocation, Payment
from invoicing.models.runs import BillingRun, MonthSignOff
from invoicing.models.schedules import (
    BilledPeriod,
    BillingSchedule,
    BillingScheduleQuerySet,
    ComingBill,
)
from invoicing.models.settings import InvoiceNumbering, InvoicingSettings
from invoicing.models.tallies import InvoiceTally, InvoiceTallyQuerySet, TallyCheck

__all__ = [
    "LARGEST_NUMBER",
    "Allocation",
    "BilledPeriod",
    "BillingRun",
    "BillingSchedule",
    "BillingScheduleQuerySet",
    "ComingBill",
    "CreditNote",
    "CreditNoteLine",
    "FeeUplift",
    "Invoice",
    "InvoiceLine",
    "InvoiceMessage",
    "InvoiceNumbering",
    "InvoiceQuerySet",
    "InvoiceRevision",
    "InvoiceTally",
    "InvoiceTallyQuerySet",
    "InvoicingSettings",
    "MonthSignOff",
    "Payment",
    "ServiceChange",
    "TallyCheck",
]

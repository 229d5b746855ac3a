"""The operator's view of what a practice bills and what it was paid: books, so nothing here changes them."""

from django.contrib import admin

from invoicing.models import BillingRun, BillingSchedule, CreditNote, Invoice, Payment
from practices.operator_site import PracticeRowsAdmin, operators


@admin.register(Invoice, site=operators)
class InvoiceAdmin(PracticeRowsAdmin):
    list_display = ["number_label", "client", "status", "tax_point", "net", "vat", "outstanding"]
    list_select_related = ["client"]
    list_filter = ["status", "source"]
    search_fields = ["=number", "client__name"]


@admin.register(CreditNote, site=operators)
class CreditNoteAdmin(PracticeRowsAdmin):
    list_display = ["number_label", "client", "invoice", "issued_on", "net", "vat"]
    list_select_related = ["client", "invoice"]
    search_fields = ["=number", "client__name"]


@admin.register(Payment, site=operators)
class PaymentAdmin(PracticeRowsAdmin):
    list_display = ["received_on", "client", "amount", "kind", "source", "reversed_at"]
    list_select_related = ["client"]
    list_filter = ["source", "kind"]
    search_fields = ["client__name", "reference"]


@admin.register(BillingSchedule, site=operators)
class BillingScheduleAdmin(PracticeRowsAdmin):
    list_display = ["name", "client", "status", "billing", "mode", "next_bill_on"]
    list_select_related = ["client"]
    list_filter = ["status", "mode"]
    search_fields = ["name", "client__name"]


@admin.register(BillingRun, site=operators)
class BillingRunAdmin(PracticeRowsAdmin):
    list_display = ["on", "status", "due", "done", "invoices", "waiting", "started_at", "ended_at"]
    list_filter = ["status"]

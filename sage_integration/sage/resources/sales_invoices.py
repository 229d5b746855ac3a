"""Sales invoices."""

from collections.abc import Iterator
from typing import Required

from sage_integration.sage.resources.documents import (
    DocumentFields,
    DocumentLine,
    Documents,
    NewDocumentLine,
    SalesDocument,
)


class SalesInvoice(SalesDocument, total=False):
    """An invoice in Sage (FACTS.md 9.7)."""

    invoice_number: str
    due_date: str | None
    invoice_lines: list[DocumentLine]


class NewSalesInvoiceLine(NewDocumentLine):
    """A line of an invoice to send."""


class SalesInvoiceChanges(DocumentFields, total=False):
    """What may be sent of an invoice; a change needs none of it (FACTS.md 9.4)."""

    due_date: str
    invoice_number: str
    invoice_number_prefix: str
    invoice_lines: list[NewSalesInvoiceLine]


class NewSalesInvoice(SalesInvoiceChanges):
    """An invoice to create; the reference holds 25 characters (FACTS.md 9.1)."""

    contact_id: Required[str]  # type: ignore[misc]
    date: Required[str]  # type: ignore[misc]
    reference: Required[str]  # type: ignore[misc]
    invoice_lines: Required[list[NewSalesInvoiceLine]]  # type: ignore[misc]
    idempotency_id: str


class SalesInvoices(Documents[SalesInvoice]):
    """The sales invoices of a business."""

    path = "/sales_invoices"
    namespace = "sales_invoice"
    attributes = (
        "reference",
        "invoice_number",
        "contact",
        "date",
        "due_date",
        "net_amount",
        "tax_amount",
        "total_amount",
        "total_paid",
        "outstanding_amount",
        "status",
        "created_at",
        "updated_at",
        "deleted_at",
        "links",
    )

    def newest_first(self) -> Iterator[SalesInvoice]:
        """Invoices by their date, the latest first."""
        return self._many(sort="date:desc")

    def create(self, invoice: NewSalesInvoice) -> SalesInvoice:
        """The invoice as Sage stored it; a repeat with the same idempotency id makes no second one."""
        return self._create(invoice)

    def update(self, invoice_id: str, changes: SalesInvoiceChanges) -> SalesInvoice:
        """The invoice after the change; Sage refuses it once paid or on a VAT return (FACTS.md 9.4)."""
        return self._update(invoice_id, changes)

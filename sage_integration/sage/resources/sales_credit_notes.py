"""Sales credit notes."""

from typing import Required, TypedDict

from sage_integration.sage.resources.documents import (
    DocumentFields,
    DocumentLine,
    Documents,
    NewDocumentLine,
    SalesDocument,
)


class SalesCreditNote(SalesDocument, total=False):
    """A credit note in Sage; release it if its status reads DRAFT (FACTS.md 10)."""

    credit_note_number: str
    original_invoice_date: str | None
    credit_note_lines: list[DocumentLine]


class NewSalesCreditNoteLine(NewDocumentLine):
    """A line of a credit note to send; prices are positive."""


class NewSalesCreditNote(DocumentFields, total=False):
    """A credit note to create; the invoice it corrects is named in reference or notes only (FACTS.md 10)."""

    contact_id: Required[str]  # type: ignore[misc]
    date: Required[str]  # type: ignore[misc]
    reference: Required[str]  # type: ignore[misc]
    original_invoice_date: str
    credit_note_lines: Required[list[NewSalesCreditNoteLine]]
    idempotency_id: Required[str]


class SalesCreditNoteChanges(TypedDict, total=False):
    """What may be sent of a stored credit note; updating one is part of the Plus plan only (FACTS.md 10)."""

    date: str
    notes: str


class SalesCreditNotes(Documents[SalesCreditNote]):
    """The sales credit notes of a business."""

    path = "/sales_credit_notes"
    namespace = "sales_credit_note"
    attributes = (
        "reference",
        "credit_note_number",
        "contact",
        "date",
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

    def create(self, credit_note: NewSalesCreditNote) -> SalesCreditNote:
        """The credit note as Sage stored it; a repeat with the same idempotency id makes no second one."""
        return self._create(credit_note)

    def update(self, credit_note_id: str, changes: SalesCreditNoteChanges) -> SalesCreditNote:
        """The credit note after the change; Sage refuses it once it is set against something (FACTS.md 9.4)."""
        return self._update(credit_note_id, changes)

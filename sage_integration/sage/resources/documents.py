"""What sales invoices and credit notes have in common."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NotRequired, Required, TypedDict, TypeVar

from sage_integration.sage.decimals import JsonNumber
from sage_integration.sage.errors import DuplicateInSage, VoidedInSage
from sage_integration.sage.resources.contacts import Address, NewAddress
from sage_integration.sage.resources.resource import Link, Linked, Resource, moment_text

VOID = "VOID"
DRAFT = "DRAFT"
PAID, PART_PAID = "PAID", "PART_PAID"
#: Characters Sage keeps of the reason for voiding (FACTS.md 9.6).
VOID_REASON_LENGTH = 200

#: Fields of documents, their lines and their VAT that are decimals; "amount" and "percentage" stand inside.
DOCUMENT_DECIMALS = (
    "amount",
    "discount",
    "discount_amount",
    "discount_percentage",
    "net_amount",
    "outstanding_amount",
    "payments_allocations_total_amount",
    "payments_allocations_total_discount",
    "percentage",
    "quantity",
    "tax_amount",
    "total_amount",
    "total_discount_amount",
    "total_paid",
    "total_quantity",
    "unit_price",
)


class DocumentLine(TypedDict, total=False):
    """A line as Sage stored it; the VAT is the one that was sent (FACTS.md 8.3)."""

    id: Required[str]
    description: str
    ledger_account: Linked
    quantity: Decimal
    unit_price: Decimal
    net_amount: Decimal
    tax_rate: Linked | None
    tax_amount: Decimal
    total_amount: Decimal
    product: Linked | None
    service: Linked | None


class PaymentAllocation(TypedDict, total=False):
    """A payment or an allocation against a document."""

    date: str
    type: str
    reference: str | None
    amount: Decimal
    discount: Decimal | None
    contact_payment: Linked | None
    contact_allocation: Linked | None
    artefact: Linked | None


class SalesDocument(TypedDict, total=False):
    """An invoice or credit note; a list row has the fields of its resource's `attributes`."""

    id: Required[str]
    displayed_as: Required[str]
    created_at: str
    updated_at: str
    deleted_at: str | None
    links: list[Link]
    editable: bool
    contact: Linked
    contact_name: str
    date: str
    reference: str | None
    main_address: Address | None
    notes: str | None
    net_amount: Decimal
    tax_amount: Decimal
    total_amount: Decimal
    total_paid: Decimal
    outstanding_amount: Decimal
    currency: Linked
    status: Linked
    sent: bool
    void_reason: str | None
    payments_allocations: list[PaymentAllocation]
    tax_reconciled: bool


class NewDocumentLine(TypedDict):
    """A line to send, with its VAT: Sage computes none (FACTS.md 8.2).

    With an `id` it takes the place of that line of a stored document (FACTS.md 9.4).
    """

    id: NotRequired[str]
    description: str
    ledger_account_id: str
    quantity: JsonNumber
    unit_price: JsonNumber
    tax_rate_id: str
    tax_amount: JsonNumber
    discount_amount: NotRequired[JsonNumber]
    product_id: NotRequired[str]
    service_id: NotRequired[str]


class DocumentFields(TypedDict, total=False):
    """What may be sent of an invoice or credit note beside its lines."""

    contact_id: str
    date: str
    reference: str
    notes: str
    terms_and_conditions: str
    status_id: str
    currency_id: str
    main_address: NewAddress


Document = TypeVar("Document", bound=SalesDocument)


class Documents(Resource[Document]):
    """Invoices or credit notes: listing, reading, releasing and voiding work alike."""

    decimals = DOCUMENT_DECIMALS

    def get(self, document_id: str, *, show_payments_allocations: bool = False) -> Document:
        """One document with everything Sage knows; raises `NotInSage`.

        Unless told otherwise Sage marks a document as sent when it is read (FACTS.md 9.5).
        """
        return self._one(
            self._path_of(document_id),
            mark_as_sent=False,
            show_payments_allocations=show_payments_allocations or None,
        )

    def payments_allocations(self, document_id: str) -> list[PaymentAllocation]:
        """The payments and allocations against one document (FACTS.md 11.3)."""
        document: SalesDocument = self.get(document_id, show_payments_allocations=True)
        return document.get("payments_allocations") or []

    def pdf(self, document_id: str) -> bytes:
        """The document as Sage prints it (FACTS.md 9.5)."""
        return self._transport.read_pdf(self._path_of(document_id), {"mark_as_sent": False})

    def release(self, document_id: str) -> Document:
        """A draft made final, with its number (FACTS.md 9.2)."""
        return self._changed("POST", self._path_of(document_id, "release"), None)

    def void(self, document_id: str, reason: str) -> Document | None:
        """The document, now void; None if it was a draft, which Sage removes (FACTS.md 9.6).

        Raises `SageRejected` while payments or allocations hang on it.
        """
        if not 0 < len(reason) <= VOID_REASON_LENGTH:
            raise ValueError(f"A reason has 1 to {VOID_REASON_LENGTH} characters")
        path = self._path_of(document_id)
        # The Swagger puts the reason into the query, a guide into the body: send both (FACTS.md 9.6).
        answer = self._transport.write("DELETE", path, {"void_reason": reason}, {"void_reason": reason})
        return self._stored(f"DELETE {path}", answer) if answer else None

    def list(
        self,
        *,
        search: str | None = None,
        contact_id: str | None = None,
        status_id: str | None = None,
        updated_or_created_since: datetime | None = None,
        deleted_since: datetime | None = None,
    ) -> Iterator[Document]:
        """Documents, longest unchanged first; `search` matches parts of references and contact names."""
        return self._many(
            search=search,
            contact_id=contact_id,
            status_id=status_id,
            updated_or_created_since=moment_text(updated_or_created_since),
            deleted_since=moment_text(deleted_since),
            sort="updated_at:asc",
        )

    def find_by_reference(self, reference: str) -> Document | None:
        """The one with exactly this reference; see `only_live_one` for what it raises."""
        return only_live_one(self.list(search=reference), reference)


def only_live_one(documents: Iterable[Document], reference: str) -> Document | None:
    """The document of exactly this reference: Sage's search matches parts of references and names.

    A void document is never handed out for adoption, and never passed over in silence either: somebody
    voided it on purpose, so creating it again needs a person. Raises `VoidedInSage` when all that
    is left is void, `DuplicateInSage` when two are not.
    """
    found = [document for document in documents if document["reference"] == reference]
    live = [document for document in found if document["status"]["id"] != VOID]
    if len(live) > 1:
        raise DuplicateInSage(reference)
    if found and not live:
        raise VoidedInSage(reference)
    return live[0] if live else None

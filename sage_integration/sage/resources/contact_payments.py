"""Money received from and paid back to contacts."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NotRequired, Required, TypedDict

from sage_integration.sage.decimals import JsonNumber
from sage_integration.sage.resources.resource import Linked, Resource, moment_text

CUSTOMER_RECEIPT = "CUSTOMER_RECEIPT"
CUSTOMER_REFUND = "CUSTOMER_REFUND"


class AllocatedArtefact(TypedDict, total=False):
    """How much of a payment or allocation is set against one document."""

    id: str
    artefact: Required[Linked]
    amount: Required[Decimal]
    discount: Decimal | None


class PaymentOnAccount(TypedDict, total=False):
    """The part of a payment that is set against nothing yet."""

    id: Required[str]
    outstanding_amount: Decimal
    total_amount: Decimal
    status: Linked


class ContactPayment(TypedDict, total=False):
    """A payment; a deleted one may no longer show what it paid (FACTS.md 11.3)."""

    id: Required[str]
    displayed_as: Required[str]
    created_at: str
    updated_at: str
    deleted_at: str | None
    transaction_type: Linked
    contact: Linked
    bank_account: Linked | None
    date: str
    total_amount: Decimal
    reference: str | None
    allocated_artefacts: list[AllocatedArtefact]
    payment_on_account: PaymentOnAccount | None
    editable: bool


class NewAllocatedArtefact(TypedDict):
    """An amount to set against one document."""

    artefact_id: str
    amount: JsonNumber
    discount: NotRequired[JsonNumber]


class NewContactPayment(TypedDict):
    """A payment to create; what is not allocated becomes a payment on account (FACTS.md 11.1)."""

    transaction_type_id: str
    contact_id: str
    bank_account_id: str
    date: str
    total_amount: JsonNumber
    idempotency_id: str
    payment_method_id: NotRequired[str]
    reference: NotRequired[str]
    allocated_artefacts: NotRequired[list[NewAllocatedArtefact]]


class ContactPayments(Resource[ContactPayment]):
    """The payments of a business."""

    path = "/contact_payments"
    namespace = "contact_payment"
    attributes = (
        "transaction_type",
        "contact",
        "bank_account",
        "date",
        "total_amount",
        "reference",
        "allocated_artefacts",
        "payment_on_account",
        "created_at",
        "updated_at",
        "deleted_at",
    )
    decimals = (
        "amount",
        "base_currency_net_amount",
        "base_currency_tax_amount",
        "base_currency_total_amount",
        "discount",
        "net_amount",
        "outstanding_amount",
        "tax_amount",
        "total_amount",
    )

    def list(
        self,
        *,
        contact_id: str | None = None,
        transaction_type_id: str | None = None,
        updated_or_created_since: datetime | None = None,
        deleted_since: datetime | None = None,
    ) -> Iterator[ContactPayment]:
        """Payments, longest unchanged first; the first feed includes its instant, the other does not."""
        return self._many(
            contact_id=contact_id,
            transaction_type_id=transaction_type_id,
            updated_or_created_since=moment_text(updated_or_created_since),
            deleted_since=moment_text(deleted_since),
            sort="updated_at:asc",
        )

    def get(self, payment_id: str) -> ContactPayment:
        """One payment with what it pays; raises `NotInSage`."""
        return self._one(self._path_of(payment_id))

    def create(self, payment: NewContactPayment) -> ContactPayment:
        """The payment as Sage stored it; a repeat with the same idempotency id makes no second one."""
        return self._create(payment)

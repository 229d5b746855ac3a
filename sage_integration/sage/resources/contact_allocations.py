"""Credit notes and payments on account set against invoices."""

from collections.abc import Iterator
from datetime import datetime
from typing import Required, TypedDict

from sage_integration.sage.resources.contact_payments import AllocatedArtefact, NewAllocatedArtefact
from sage_integration.sage.resources.resource import Linked, Resource, moment_text

CUSTOMER_ALLOCATION = "CUSTOMER_ALLOCATION"


class ContactAllocation(TypedDict, total=False):
    """An allocation; its amounts add up to nothing."""

    id: Required[str]
    displayed_as: Required[str]
    created_at: str
    updated_at: str
    deleted_at: str | None
    transaction_type: Linked
    contact: Linked
    date: str
    allocated_artefacts: list[AllocatedArtefact]


class NewContactAllocation(TypedDict):
    """An allocation to create: plus for the invoice, minus for the credit note (FACTS.md 10)."""

    transaction_type_id: str
    contact_id: str
    date: str
    allocated_artefacts: list[NewAllocatedArtefact]
    idempotency_id: str


class ContactAllocations(Resource[ContactAllocation]):
    """The allocations of a business; creating one is not part of every plan (FACTS.md 16)."""

    path = "/contact_allocations"
    namespace = "contact_allocation"
    attributes = (
        "transaction_type",
        "contact",
        "date",
        "allocated_artefacts",
        "created_at",
        "updated_at",
        "deleted_at",
    )
    decimals = ("amount", "discount")

    def list(
        self,
        *,
        contact_id: str | None = None,
        updated_or_created_since: datetime | None = None,
        deleted_since: datetime | None = None,
    ) -> Iterator[ContactAllocation]:
        """Allocations, longest unchanged first; the first feed includes its instant, the other does not."""
        return self._many(
            contact_id=contact_id,
            updated_or_created_since=moment_text(updated_or_created_since),
            deleted_since=moment_text(deleted_since),
            sort="updated_at:asc",
        )

    def get(self, allocation_id: str) -> ContactAllocation:
        """One allocation; raises `NotInSage`."""
        return self._one(self._path_of(allocation_id))

    def create(self, allocation: NewContactAllocation) -> ContactAllocation:
        """The allocation as Sage stored it; a repeat with the same idempotency id makes no second one."""
        return self._create(allocation)

    def delete(self, allocation_id: str) -> None:
        """Take it off: both sides are open again by its amount (FACTS.md 10); raises `NotInSage`."""
        self._transport.write("DELETE", self._path_of(allocation_id), None)

"""What the pretend Sage holds, read once, and how it is compared: amounts in whole pence."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from typing import Any

from sage_sandbox.handle import SandboxHandle

Doc = dict[str, Any]


def pence(amount: Decimal | str | float) -> int:
    """An amount in whole pence; raises ValueError where there are parts of a penny."""
    exact = Decimal(str(amount)) * 100
    if exact != exact.to_integral_value():
        raise ValueError(f"{amount} has parts of a penny")
    return int(exact)


def pounds(amount: int) -> str:
    """Whole pence as people read them."""
    return f"£{Decimal(amount) / 100:.2f}"


class SageBooks:
    """The documents, contacts and payments of every business, and what was asked of Sage."""

    def __init__(self, handle: SandboxHandle) -> None:
        self._handle = handle

    @cached_property
    def invoices(self) -> list[Doc]:
        """Every sales invoice of every business, void ones included."""
        return self._handle.sales_invoices()

    @cached_property
    def by_reference(self) -> dict[str, list[Doc]]:
        """The sales invoices by their reference."""
        found: dict[str, list[Doc]] = defaultdict(list)
        for invoice in self.invoices:
            if invoice["reference"]:
                found[invoice["reference"]].append(invoice)
        return found

    @cached_property
    def contacts(self) -> dict[tuple[str, str], list[Doc]]:
        """The contacts by business and exact name."""
        found: dict[tuple[str, str], list[Doc]] = defaultdict(list)
        for contact in self._handle.contacts():
            found[contact["business_id"], contact["name"]].append(contact)
        return found

    @cached_property
    def receipts(self) -> dict[str, Doc]:
        """Customers' payments that are not deleted, by their ids."""
        return {
            payment["id"]: payment
            for payment in self._handle.contact_payments()
            if payment["transaction_type"]["id"] == "CUSTOMER_RECEIPT"
        }

    @cached_property
    def requests(self) -> list[Doc]:
        """What was asked, oldest first."""
        return self._handle.requests()


def is_void(invoice: Doc) -> bool:
    """Whether an invoice was voided in Sage."""
    return bool(invoice["status"]["id"] == "VOID")


def money_on_documents(payments: Iterable[Doc]) -> dict[str, Decimal]:
    """What these payments pay of each document, discounts included, in pounds by its id."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for payment in payments:
        for part in payment["allocated_artefacts"]:
            paid[part["artefact"]["id"]] += Decimal(part["amount"]) + Decimal(part.get("discount") or 0)
    return dict(paid)

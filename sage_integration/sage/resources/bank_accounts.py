"""Bank accounts, into which payments are received."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Required, TypedDict

from sage_integration.sage.resources.resource import Linked, Resource


class BankAccount(TypedDict, total=False):
    """A bank or cash account."""

    id: Required[str]
    displayed_as: Required[str]
    bank_account_type: Linked
    ledger_account: Linked | None
    currency: Linked | None
    balance: Decimal | None
    is_active: bool | None
    updated_at: str


class BankAccounts(Resource[BankAccount]):
    """The bank accounts of a business."""

    path = "/bank_accounts"
    attributes = ("bank_account_type", "ledger_account", "currency", "balance", "is_active", "updated_at")
    decimals = ("balance",)

    def list(self) -> Iterator[BankAccount]:
        """Every bank account."""
        return self._many()

    def get(self, bank_account_id: str) -> BankAccount:
        """One bank account; raises `NotInSage`."""
        return self._one(self._path_of(bank_account_id))

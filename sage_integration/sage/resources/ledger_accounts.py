"""Nominal codes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Required, TypedDict

from sage_integration.sage.resources.resource import Linked, Resource, moment_text


class LedgerAccount(TypedDict, total=False):
    """A nominal code; `displayed_as` follows a user's setting, so only id and nominal code identify it."""

    id: Required[str]
    displayed_as: Required[str]
    name: str
    display_name: str
    nominal_code: int | None
    ledger_account_type: Linked | None
    ledger_account_group: Linked | None
    tax_rate: Linked | None
    fixed_tax_rate: bool
    included_in_chart: bool
    is_control_account: bool
    visible_in_sales: bool
    updated_at: str


class LedgerAccounts(Resource[LedgerAccount]):
    """The chart of accounts."""

    path = "/ledger_accounts"
    attributes = (
        "name",
        "display_name",
        "nominal_code",
        "ledger_account_type",
        "ledger_account_group",
        "tax_rate",
        "fixed_tax_rate",
        "included_in_chart",
        "is_control_account",
        "visible_in_sales",
        "updated_at",
    )
    decimals = ("recoverable_percentage",)

    def list(
        self, *, visible_in: str = "sales", updated_or_created_since: datetime | None = None
    ) -> Iterator[LedgerAccount]:
        """Accounts offered in one area; "sales" are those an invoice line may use (FACTS.md 7)."""
        return self._many(
            visible_in=visible_in, updated_or_created_since=moment_text(updated_or_created_since)
        )

    def get(self, ledger_account_id: str) -> LedgerAccount:
        """One account; raises `NotInSage`."""
        return self._one(self._path_of(ledger_account_id))

"""Everything that touched the ledger, in one feed; needs the Journals role (FACTS.md 3)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Required, TypedDict

from sage_integration.sage.resources.resource import Resource, moment_text


class Transaction(TypedDict, total=False):
    """That something was posted, changed or taken back; what it was is read from its own feed."""

    id: Required[str]
    updated_at: Required[str]
    deleted: bool


class Transactions(Resource[Transaction]):
    """The ledger entries of a business; the list knows no order (FACTS.md 3)."""

    path = "/transactions"
    attributes = ("updated_at", "deleted")

    def list(self, *, updated_or_created_since: datetime) -> Iterator[Transaction]:
        """Entries changed since an instant, that one included; raises `AccessDenied` without the role."""
        return self._many(updated_or_created_since=moment_text(updated_or_created_since))

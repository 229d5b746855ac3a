"""What credit notes issued here were set against in Sage, where somebody there changed or took that off again.

Here nothing follows from it: the credit note goes on settling its invoice until a person decides. So the invoice is
read, and what is owed on it there is told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from invoicing.models import CreditNote
from ledger.models import Posting
from sage_integration.sync.feeds import instant
from sage_integration.sync.wanted import newest_links

#: An invoice that was read so much later than the change needs no further look: rows of a feed come again for long.
READ_SINCE = timedelta(minutes=10)


def invoices_of_ours(rows: Sequence[Mapping[str, Any]], business_id: str) -> dict[str, int]:
    """By the id of an allocation that was made from here: its invoice, unless that was read since the row's change."""
    changed = {row["id"]: _changed_at(row) for row in rows}
    made = Posting.objects.filter(
        kind=Posting.Kind.CREDIT_NOTE_ALLOCATE,
        subject_id__in=CreditNote.objects.values("pk"),
        external_id__in=changed,
    )
    notes = dict(made.values_list("external_id", "subject_id"))
    if not notes:
        return {}
    invoices = dict(CreditNote.objects.filter(pk__in=notes.values()).values_list("pk", "invoice_id"))
    links = newest_links(set(invoices.values()), business_id)
    found = {key: invoices[note] for key, note in notes.items()}
    return {
        key: invoice_id
        for key, invoice_id in found.items()
        if invoice_id in links and links[invoice_id].seen_at < changed[key] + READ_SINCE
    }


def is_changed(row: Mapping[str, Any]) -> bool:
    """Whether an allocation was written again after it was made."""
    return bool(row.get("created_at")) and row["created_at"] != row["updated_at"]


def _changed_at(row: Mapping[str, Any]) -> datetime:
    return instant(row.get("deleted_at") or row["updated_at"])

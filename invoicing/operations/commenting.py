"""What colleagues say to each other about an invoice; it stands in its activity and is seen by nobody else."""

from invoicing.errors import NothingSaid
from invoicing.models import Invoice
from practices import audit

MOST_LETTERS = 1000


def comment_on(invoice: Invoice, text: str) -> None:
    """The comment kept with who and when, for good, as all activity; raises `NothingSaid`."""
    said = " ".join(text.split())
    if not said or len(said) > MOST_LETTERS:
        raise NothingSaid(invoice)
    audit.record("invoice.commented", invoice, text=said)

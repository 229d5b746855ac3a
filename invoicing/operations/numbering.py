"""Invoice and credit note numbers without gaps."""

from invoicing.models import InvoiceNumbering
from invoicing.operations.settings import invoicing_settings


def next_number() -> int:
    """The practice's next invoice number, taken for good when the transaction commits.

    The row stays locked until then: an invoice that is rolled back gives its number back, so there are no gaps.
    """
    return _take("next_number")


def next_credit_note_number() -> int:
    """The next number of a credit note, of its own sequence or, by the practice's choice, of the invoices'."""
    return _take("next_number" if invoicing_settings().shares_numbers else "next_credit_note_number")


def _take(sequence: str) -> int:
    InvoiceNumbering.objects.get_or_create()
    numbering: InvoiceNumbering = InvoiceNumbering.objects.select_for_update().get()
    number: int = getattr(numbering, sequence)
    setattr(numbering, sequence, number + 1)
    numbering.save(update_fields=[sequence])
    return number

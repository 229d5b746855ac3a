"""Invoice numbers without gaps."""

from invoicing.models import InvoiceNumbering


def next_number() -> int:
    """The practice's next invoice number, taken for good when the transaction commits.

    The row stays locked until then: an invoice that is rolled back gives its number back, so there are no gaps.
    """
    InvoiceNumbering.objects.get_or_create()
    numbering: InvoiceNumbering = InvoiceNumbering.objects.select_for_update().get()
    number = numbering.next_number
    numbering.next_number = number + 1
    numbering.save(update_fields=["next_number"])
    return number

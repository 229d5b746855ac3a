"""What the outbox tells those who drain it."""

from django.dispatch import Signal

#: Sent inside the transaction when a posting becomes due, with no arguments beyond the sender.
posting_due = Signal()

#: Sent inside the transaction in which an invoice, its `subject_id`, is void here because the ledger's newest copy is
#: gone, or credited here: earlier copies may count on there.
document_given_up = Signal()

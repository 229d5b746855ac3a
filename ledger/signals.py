"""What the outbox tells those who drain it."""

from django.dispatch import Signal

#: Sent inside the transaction when a posting becomes due, with no arguments beyond the sender.
posting_due = Signal()

"""What practices tell the apps above them."""

from django.dispatch import Signal

#: Sent inside the transaction that opens a practice, with ``practice``.
practice_opened = Signal()

"""What practices tell the apps above them."""

from django.dispatch import Signal

#: Sent inside the transaction that opens a practice, with ``practice``.
practice_opened = Signal()

#: Sent inside the transaction that changes a practice, with ``practice`` and ``changes``: [before, after] by name.
practice_amended = Signal()

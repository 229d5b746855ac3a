"""What proposals tell the apps above them."""

from django.dispatch import Signal

#: Sent inside the transaction of the last signature, with ``proposal`` and ``on`` (the civil date of
#: acceptance). A receiver that fails rolls the acceptance back.
proposal_accepted = Signal()

"""What happened to clients, for the apps above; sent inside the transaction of the change."""

from django.dispatch import Signal

#: client: it was archived and is not any more; whoever knows what it is served with says how it stands.
client_restored = Signal()

"""What happened to clients, for the apps above; sent inside the transaction of the change."""

from django.dispatch import Signal

#: client: it was archived and is not any more; whoever knows what it is served with says how it stands.
client_restored = Signal()

#: client, changes (field → before and after): its particulars are others now.
client_amended = Signal()

#: survivor, merged: what belonged to one client belongs to another now. A receiver moves its rows (`clients.moving`)
#: and returns kind of row → the ids it moved.
clients_merged = Signal()

#: survivor, merged, moved (kind of row → ids): the merge is taken back. A receiver moves its rows back.
merge_undone = Signal()

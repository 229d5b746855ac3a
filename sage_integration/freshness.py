"""Contacts are read when somebody looks at them, so that nobody waits for the next round of a quiet practice (P15)."""

from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from practices.tasks import wake
from practices.tenancy import acting_practice_id
from sage_integration.models import SyncRun
from sage_integration.tasks import read_contacts

#: What was read this recently is shown as it is: a new contact is offered in under ten minutes.
FRESH_FOR = timedelta(minutes=9)


def freshen_contacts() -> bool:
    """Ask a worker to read the contacts of the acting practice unless that was done a moment ago; whether it was."""
    latest = SyncRun.objects.filter(kind=SyncRun.Kind.CONTACTS).values_list("started_at", flat=True).first()
    if latest is not None and latest > timezone.now() - FRESH_FOR:
        return False
    transaction.on_commit(partial(wake, read_contacts, acting_practice_id()))
    return True

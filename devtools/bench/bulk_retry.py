"""Goal PG10: every invoice of a list that Sage refused tries again, all at once, from the press to the answer."""

import time
from typing import Any

from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing.models import Invoice
from ledger.models import Posting
from practices.tenancy import practice_scope

#: As many invoices as the goal names.
MANY = 5_000
#: What opens and closes a transaction, and says for whom, asks for nothing.
NOT_COUNTED = ("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT", "SELECT set_config")


def bulk_retry(browser: Browser, practice_id: int, slug: str) -> dict[str, Any]:
    """Seconds and statements of the request that lets up to 5,000 refused invoices try again."""
    with practice_scope(practice_id):
        posted = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE).order_by("pk")
        some = list(posted.values_list("pk", "subject_id")[:MANY])
        Posting.objects.filter(pk__in=[pk for pk, _ in some]).update(
            status=Posting.Status.FAILED, failure="SageRejected", lease="", lease_expires_at=None
        )
        newest = Invoice.objects.filter(pk__in=[subject for _, subject in some]).count()
    fields = {"act": "retry", "everybody": "1", "query": "view=failed"}
    address = reverse("invoicing:invoice-bulk", kwargs={"practice": slug})
    with CaptureQueriesContext(connection) as seen:
        began = time.perf_counter()
        answer = browser.post(address, fields, secure=True)
        seconds = time.perf_counter() - began
    with practice_scope(practice_id):
        again = Posting.objects.filter(pk__in=[pk for pk, _ in some], status=Posting.Status.PENDING).count()
    return {
        "invoices": newest,
        "tried_again": again,
        "seconds": round(seconds, 2),
        "statements": sum(not query["sql"].startswith(NOT_COUNTED) for query in seen),
        "answered": answer.status_code,
    }

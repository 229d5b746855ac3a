"""A worker killed at any step (`kill -9`) leaves one document in Sage once its lease has run out."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
import time_machine
from django.conf import settings as configured
from django.db import connection

from ledger.models import Posting
from practices.tenancy import practice_scope
from sage_integration.models import ContactLink, SageLink
from tests.integration.sage_integration.posting import (
    add_client,
    issue,
    line,
    posting_of,
    push_until_settled,
)
from tests.sage import CLIENT, connected

WORKER = """
import sys, django
django.setup()
from sage_integration.tasks import push_due_postings
push_due_postings(int(sys.argv[1]))
"""
STEPS = [
    "leased",
    "mapped",
    "contact intended",
    "contact sent",
    "intended",
    "sent",
    "recorded",
]
#: What the crashed worker had already sent when it died.
SENT_BY = {
    "contact sent": ["/contacts"],
    "intended": ["/contacts"],
    "sent": ["/contacts", "/sales_invoices"],
    "recorded": ["/contacts", "/sales_invoices"],
}


def run_worker(practice, sage, crash_point: str = "") -> int:
    """The exit code of a worker process that pushes the practice's postings."""
    return subprocess.run(
        [sys.executable, "-c", WORKER, str(practice.pk)],
        env={**os.environ, **environment(sage), "CRASH_POINT": crash_point},
        cwd=configured.BASE_DIR,
        timeout=60,
        check=False,
    ).returncode


def environment(sage) -> dict[str, str]:
    """This test's database, Valkey and pretend Sage, as a process of its own reads them."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    name = quote(connection.settings_dict["NAME"])
    return {
        "DJANGO_SETTINGS_MODULE": "ignition.settings",
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{name}")),
        "REDIS_URL": configured.REDIS_URL,
        **sage.settings,
        **CLIENT,
    }


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_leaves_one_document(brook, sage, step):
    connected(brook, sage)
    today = datetime.now(UTC).date()
    with practice_scope(brook.pk):
        invoice = issue(add_client(), line(), on=today)
    sage.forget_requests()
    assert run_worker(brook, sage, step) == -signal.SIGKILL
    sent = [request["path"].removeprefix("/v3.1") for request in sage.requests("POST")]
    assert sent == SENT_BY.get(step, [])
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5, seconds=1), tick=True) as clock:
        push_until_settled(brook, clock)
        posting = posting_of(invoice)
    assert posting.status == Posting.Status.POSTED, (posting.failure, posting.failure_detail)
    [stored] = sage.sales_invoices()
    [contact] = sage.contacts(name="Acme Ltd")
    assert stored["contact"]["id"] == contact["id"]
    with practice_scope(brook.pk):
        assert SageLink.objects.get().sage_id == stored["id"] == posting.external_id
        assert ContactLink.objects.get().sage_contact_id == contact["id"]
        assert not Posting.objects.exclude(status=Posting.Status.POSTED).exists()


def test_a_worker_process_that_is_left_alone_posts(brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        invoice = issue(add_client(), line(), on=datetime.now(UTC).date())
    assert run_worker(brook, sage) == 0
    assert posting_of(invoice).status == Posting.Status.POSTED

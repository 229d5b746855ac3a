"""Asked to stop in the middle of its work, a process finishes what it began: no posting is lost or sent twice."""

import signal
from concurrent.futures import ThreadPoolExecutor

import requests
from django.test import Client as Browser

from invoicing.models import Invoice, InvoiceNumbering
from invoicing.operations.numbering import next_number
from ledger.models import Posting
from practices.tenancy import practice_scope
from sage_integration.tasks import push_due_postings
from tests import locks
from tests.integration.invoicing.documents import a_draft
from tests.integration.operation.programs import GRACE, a_web_server, a_worker
from tests.integration.sage_integration.posting import issued_invoice
from tests.invariants import assert_sound
from tests.racing import wait_until
from tests.sage import connected

CREATE = "POST /sales_invoices"


def statuses(practice) -> list[str]:
    with practice_scope(practice.pk):
        return sorted(Posting.objects.values_list("status", flat=True))


def test_a_worker_told_to_stop_records_what_sage_has_taken_and_leaves_the_rest_waiting(brook, sage):
    connected(brook, sage)
    for number in range(6):
        issued_invoice(brook, f"Client {number}")
    sage.arm("hold", on=CREATE, when="after", seconds=GRACE)
    push_due_postings.delay(brook.pk)
    with a_worker() as worker:
        wait_until(sage.sales_invoices, seconds=60)
        assert Posting.Status.LEASED in statuses(brook), "an answer is on its way"
        worker.send_signal(signal.SIGTERM)
        sage.release()
        assert worker.wait(GRACE) == 0
    assert set(statuses(brook)) <= {Posting.Status.POSTED, Posting.Status.PENDING}
    with practice_scope(brook.pk):
        in_sage = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE, status=Posting.Status.POSTED)
        posted = set(in_sage.values_list("reference", flat=True))
    assert {invoice["reference"] for invoice in sage.sales_invoices()} == posted
    assert posted
    for _ in range(3):
        push_due_postings(brook.pk)
    assert set(statuses(brook)) == {Posting.Status.POSTED}
    assert len(sage.sales_invoices()) == 6
    assert_sound(sage)


def test_a_web_server_told_to_stop_answers_what_it_was_asked_and_its_posting_is_there(brook, cast):
    browser = Browser()
    browser.force_login(cast.alice)
    with practice_scope(brook.pk):
        draft = a_draft(on=brook.today())
        next_number()  # so that there is a row to wait for
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    with a_web_server() as (server, url), ThreadPoolExecutor(1) as pool:
        with practice_scope(brook.pk):
            InvoiceNumbering.objects.select_for_update().get()
            answer = pool.submit(issue, url, brook, draft, cookies)
            wait_until(lambda: locks.somebody_waits() or answer.done())
            assert not answer.done(), "it waits in the middle of its transaction"
            server.send_signal(signal.SIGTERM)
        assert answer.result(GRACE) == 303
        assert server.wait(GRACE) == 0
    with practice_scope(brook.pk):
        draft.refresh_from_db()
        assert draft.status == Invoice.Status.ISSUED
        assert Posting.objects.get().subject_id == draft.pk


def issue(url, practice, draft, cookies) -> int:
    """The status of pressing *Issue*, as a browser behind the TLS proxy sends it."""
    token = "a" * 32
    jar = "; ".join(f"{name}={value}" for name, value in (cookies | {"csrftoken": token}).items())
    answer = requests.post(
        f"{url}/p/{practice.slug}/invoices/{draft.pk}/issue/",
        headers={"Cookie": jar, "X-CSRFToken": token},
        allow_redirects=False,
        timeout=GRACE,
    )
    return answer.status_code

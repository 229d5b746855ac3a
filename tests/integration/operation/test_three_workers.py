"""Three workers on one database, killed in turn: what they leave behind, the last one finishes, once."""

from contextlib import ExitStack

from celery import current_app
from django.db.models import Min
from django.utils import timezone

from ledger.models import Posting
from practices.tenancy import practice_scope
from sage_integration.models import SageConnection
from sage_integration.tasks import push_due_postings, sweep_postings
from tests.integration.operation.programs import a_worker
from tests.integration.sage_integration.posting import issued_invoice
from tests.invariants import assert_sound
from tests.racing import wait_until
from tests.sage import connected

CREATE = "POST /sales_invoices"
OTHER = "Quayside Advisory Ltd"
NAMES = ("one", "two", "three")
EACH = 6
Status = Posting.Status


def at_work_for(practice, workers: int) -> str:
    """The name of the one of so many workers that pushes for the practice; empty when none does, or several.

    Each message but the first finds somebody at work and is over in a moment.
    """
    answers = current_app.control.inspect(timeout=5, limit=workers).active() or {}
    names = [
        name.partition("@")[0]
        for name, tasks in answers.items()
        if any(task["name"] == push_due_postings.name and practice.pk in task["args"] for task in tasks)
    ]
    return names[0] if len(names) == 1 else ""


def in_sage(sage, practice) -> int:
    """How many invoices the company of the practice holds."""
    with practice_scope(practice.pk):
        business_id = SageConnection.objects.get().business_id
    return len([document for document in sage.sales_invoices() if document["business_id"] == business_id])


def time_is_up(practice) -> None:
    """What a dead worker held is free from now on, as five minutes later."""
    with practice_scope(practice.pk):
        Posting.objects.filter(status=Status.LEASED).update(lease_expires_at=timezone.now())


def is_all_in_sage(practice) -> bool:
    """Whether nothing is left to do; what waits for its next try need not wait for long."""
    with practice_scope(practice.pk):
        waiting = Posting.objects.exclude(status=Status.POSTED)
        soonest = waiting.filter(status=Status.PENDING).aggregate(soonest=Min("not_before"))["soonest"]
        if soonest and soonest > timezone.now():
            waiting.filter(status=Status.PENDING).update(not_before=timezone.now())
        return not waiting.exists()


def test_of_three_workers_two_are_killed_at_work_and_each_document_is_in_sage_once(brook, cedar, sage):
    """One dies with an invoice that Sage has taken, so does the one that takes over; the third finishes everything."""
    connected(brook, sage)
    connected(cedar, sage, company=OTHER)
    for number in range(EACH):
        issued_invoice(brook, f"Client {number}")
        issued_invoice(cedar, f"Client {number}")
    sage.arm("hold", on=CREATE, times=None, when="after", seconds=60)
    with ExitStack() as stack:
        alive = {name: stack.enter_context(a_worker(name, threads=1)) for name in NAMES}
        wait_until(lambda: len(current_app.control.ping(timeout=5, limit=3)) == len(NAMES), seconds=60)
        push_due_postings.delay(cedar.pk)
        for there in (1, 2):
            push_due_postings.delay(brook.pk)
            wait_until(lambda there=there: in_sage(sage, brook) >= there)
            seen: list[str] = []
            wait_until(lambda seen=seen: seen.append(at_work_for(brook, len(alive))) or seen[-1])
            victim = alive.pop(seen[-1])
            victim.kill()
            victim.wait(10)
            time_is_up(brook)
        assert [worker.poll() for worker in alive.values()] == [None], "the third lives"
        assert not is_all_in_sage(brook)
        assert not is_all_in_sage(cedar)
        sage.disarm()
        sweep_postings.delay()
        wait_until(lambda: is_all_in_sage(brook) and is_all_in_sage(cedar), seconds=60)
    assert (in_sage(sage, brook), in_sage(sage, cedar)) == (EACH, EACH)
    assert_sound(sage)

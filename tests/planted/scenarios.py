"""Small stories that go well in sound code. Each ends with the checker; a planted bug must show there."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.db import connections as databases
from django.utils import timezone

from devtools.faults.invariants import violations
from invoicing.billing_run import run_billing
from invoicing.models import Payment
from invoicing.operations import record_payment
from practices.mail import queue_email
from practices.tenancy import acting_for, practice_scope, practice_transaction
from sage_integration import tokens
from sage_integration.models import SageConnection
from sage_integration.sage.errors import ReauthorisationRequired, SageError
from sage_integration.sessions import forget_everything
from sage_integration.sync import pull
from tests.integration.invoicing.documents import MONTHLY, a_schedule, bill_without_asking
from tests.integration.sage_integration.posting import (
    add_client,
    empty_valkey,
    issue,
    issued_invoice,
    line,
    posted,
    push_once,
    push_until_settled,
)
from tests.planted.conftest import Stage
from tests.racing import wait_until

CREATE, CONTACT = "POST /sales_invoices", "POST /contacts"


def found(stage: Stage, **how) -> list[str]:
    """What the checker says."""
    return [str(violation) for violation in violations(stage.sage, **how)]


def one_invoice(stage: Stage) -> list[str]:
    """An invoice is issued and reaches Sage."""
    issued_invoice(stage.practice, prices=("10.05", "0.07", "33.33"))
    push_until_settled(stage.practice, stage.clock)
    return found(stage)


def lost_answer_without_ids(stage: Stage) -> list[str]:
    """Sage stores the invoice, the answer is lost, and Sage does not know idempotency ids."""
    stage.sage.switch("idempotency", False)
    return _lost_answer(stage)


def lost_answer_without_search(stage: Stage) -> list[str]:
    """Sage stores the invoice, the answer is lost, and the search shows nothing for an hour."""
    posted(stage.practice, stage.sage, "Somebody Else")
    stage.sage.switch("index_delay_seconds", 3600)
    return _lost_answer(stage)


def lost_answer_with_a_slow_index(stage: Stage) -> list[str]:
    """The same without idempotency ids, and the search lags by two and a half minutes."""
    stage.sage.switch("idempotency", False)
    stage.sage.switch("index_delay_seconds", 150)
    return _lost_answer(stage)


def several_together(stage: Stage) -> list[str]:
    """Eight invoices of a client whom Sage knows leave in one turn."""
    posted(stage.practice, stage.sage)
    for number in range(8):
        issued_invoice(stage.practice, prices=(f"{number + 1}0.05",))
    push_until_settled(stage.practice, stage.clock)
    return found(stage)


def lost_answer_among_several(stage: Stage) -> list[str]:
    """The same, and the answer to the fourth is lost; Sage does not know idempotency ids."""
    stage.sage.switch("idempotency", False)
    posted(stage.practice, stage.sage)
    return _lost_answer_to_the_fourth(stage)


def lost_answer_among_several_of_a_new_worker(stage: Stage) -> list[str]:
    """The same from a worker that knows of nothing that went through before, so that the first goes alone."""
    stage.sage.switch("idempotency", False)
    posted(stage.practice, stage.sage)
    forget_everything()
    return _lost_answer_to_the_fourth(stage)


def _lost_answer_to_the_fourth(stage: Stage) -> list[str]:
    stage.sage.arm("drop_answer_after_saving", on=CREATE, skip=3)
    for _ in range(8):
        issued_invoice(stage.practice)
    push_until_settled(stage.practice, stage.clock, tries=20)
    return found(stage)


def _lost_answer(stage: Stage) -> list[str]:
    issued_invoice(stage.practice)
    stage.sage.arm("status_after_saving", on=CREATE, status=500)
    push_until_settled(stage.practice, stage.clock)
    return found(stage)


def lost_contact(stage: Stage) -> list[str]:
    """Sage creates the contact and the answer is lost; it does not know idempotency ids."""
    stage.sage.switch("idempotency", False)
    issued_invoice(stage.practice)
    stage.sage.arm("drop_answer_after_saving", on=CONTACT)
    push_until_settled(stage.practice, stage.clock)
    return found(stage)


def overtaken(stage: Stage) -> list[str]:
    """A worker is held up until its lease has run out and another one has done the work."""
    stage.sage.switch("idempotency", False)
    posted(stage.practice, stage.sage)
    issued_invoice(stage.practice, "Bolt Ltd")
    stage.sage.arm("hold", on="GET /contacts", seconds=30)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(_in_a_thread, stage)
        wait_until(lambda: stage.sage.summary()["held"])
        stage.clock.shift(timedelta(minutes=6))
        push_until_settled(stage.practice, stage.clock)
        stage.sage.release()
        slow.result(timeout=30)
    push_until_settled(stage.practice, stage.clock)
    return found(stage)


def refused(stage: Stage) -> list[str]:
    """Sage refuses the invoice, and the page says why."""
    issued_invoice(stage.practice)
    stage.sage.arm("forbidden", on=CREATE)
    push_once(stage.practice)
    return found(stage)


def changed_before_it_was_found(stage: Stage) -> list[str]:
    """The answer is lost, and somebody changes the amounts in Sage before we look."""
    issued_invoice(stage.practice)
    stage.sage.arm("drop_answer_after_saving", on=CREATE)
    push_once(stage.practice)
    [stored] = stage.sage.sales_invoices()
    changed = {"id": stored["invoice_lines"][0]["id"], "unit_price": "200", "tax_amount": "40"}
    stage.sage.edit_invoice(stored["id"], invoice_lines=[changed])
    push_until_settled(stage.practice, stage.clock)
    return found(stage)


def hard_pennies(stage: Stage) -> list[str]:
    """Amounts that every rounding rule but ours gets wrong."""
    with practice_scope(stage.practice.pk):
        lines = [line("0.333", "3"), line("0.125"), line("10.05"), line("0.125", "0.2"), line("33.35")]
        issue(add_client(), *lines)
    push_until_settled(stage.practice, stage.clock)
    return found(stage)


def paid(stage: Stage) -> list[str]:
    """Paid in part in Sage, changed there, and read here each time; then an old page comes late."""
    ours = posted(stage.practice, stage.sage)
    payment = stage.sage.record_payment(ours.theirs["id"], Decimal(60))
    _poll(stage)
    stage.clock.shift(60)
    stage.sage.edit_payment(payment["id"], amount=Decimal(50))
    _poll(stage)
    with practice_scope(stage.practice.pk):
        known = Payment.objects.get()
        record_payment(
            ours.invoice.client,
            received_on=known.received_on,
            amount=Decimal(60),
            source=Payment.Source.SAGE,
            external_id=known.external_id,
            external_updated_at=known.external_updated_at - timedelta(seconds=60),
            allocations=[(ours.invoice, Decimal(60))],
        )
    return found(stage, polled=True)


def payment_deleted(stage: Stage) -> list[str]:
    """A payment is read, then deleted in Sage and read again."""
    ours = posted(stage.practice, stage.sage)
    payment = stage.sage.record_payment(ours.theirs["id"], Decimal(60))
    _poll(stage)
    stage.clock.shift(60)
    stage.sage.delete_payment(payment["id"])
    _poll(stage)
    return found(stage, polled=True)


def our_clock_is_fast(stage: Stage) -> list[str]:
    """Sage's clock is ten minutes behind ours, and payments come between two polls."""
    stage.sage.advance_clock(-600)
    ours = posted(stage.practice, stage.sage)
    stage.sage.record_payment(ours.theirs["id"], Decimal(10))
    _poll(stage)
    stage.clock.shift(30)
    stage.sage.record_payment(ours.theirs["id"], Decimal(20))
    _poll(stage)
    return found(stage, polled=True)


def many_in_a_minute(stage: Stage) -> list[str]:
    """More postings than Sage allows requests in a minute."""
    posted(stage.practice, stage.sage)
    stage.settings.SAGE_REQUESTS_PER_MINUTE = 12
    empty_valkey()
    stage.sage.forget_requests()
    for _ in range(14):
        issued_invoice(stage.practice)
    for _ in range(2):
        push_once(stage.practice)
    return found(stage, drained=False)


def token_replaced(stage: Stage) -> list[str]:
    """The access token runs out twice; each time the pair is replaced."""
    for _ in range(2):
        _let_the_token_expire(stage)
        with acting_for(stage.practice.pk), suppress(ReauthorisationRequired):
            tokens.access_token()
    return [] if _status(stage) == "enabled" else ["I7: A good refresh token was lost."]


def eight_see_an_old_token(stage: Stage) -> list[str]:
    """Eight workers find the access token expired in the same moment."""
    _let_the_token_expire(stage)
    stage.sage.arm("delay", on="POST /token", seconds=0.3, times=None)
    barrier = threading.Barrier(8)

    def work(_: int) -> None:
        barrier.wait(10)
        try:
            with acting_for(stage.practice.pk), suppress(SageError):
                tokens.access_token()
        finally:
            databases.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    return found(stage)


def monthly_billing(stage: Stage) -> list[str]:
    """A monthly service is billed for four months, in runs that come late and twice."""
    today = timezone.localdate()
    with practice_scope(stage.practice.pk):
        bill_without_asking()
        a_schedule(MONTHLY, starts_on=today, on=today)
    for days in (0, 0, 40, 5, 60):
        stage.clock.shift(timedelta(days=days))
        with acting_for(stage.practice.pk):
            run_billing(timezone.localdate())
    return found(stage, drained=False, billed_until=timezone.localdate())


def both_practices(stage: Stage) -> list[str]:
    """Both practices have clients and invoices, and neither sees the other's."""
    issued_invoice(stage.practice)
    with practice_scope(stage.other.pk):
        issue(add_client("Their client"), line())
    return found(stage, drained=False) + _setting_left_behind()


def _setting_left_behind() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('ignition.practice_id', true)")
        left = cursor.fetchone()[0]
    return [f"I4: the connection still acts for practice {left}"] if left else []


def copied_row(table: str, **changes: str):
    """A story in which a row is there twice: the database has to refuse that."""

    def story(stage: Stage) -> list[str]:
        _one_of_everything(stage)
        with practice_scope(stage.practice.pk), connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'",
                [table],
            )
            columns = [row[0] for row in cursor.fetchall()]
            values = ", ".join(changes.get(column, f'"{column}"') for column in columns)
            names = ", ".join(f'"{column}"' for column in columns)
            try:
                with transaction.atomic():
                    cursor.execute(
                        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} ORDER BY id LIMIT 1"
                    )
            except IntegrityError:
                return []
        return found(stage, drained=False)

    return story


def _one_of_everything(stage: Stage) -> None:
    ours = posted(stage.practice, stage.sage)
    stage.sage.record_payment(ours.theirs["id"], Decimal(60))
    _poll(stage)
    with practice_scope(stage.practice.pk):
        add_client("Bolt Ltd")
        a_schedule(MONTHLY, starts_on=date(2027, 3, 10), on=date(2027, 3, 10))
    with acting_for(stage.practice.pk):
        run_billing(timezone.localdate())
        with practice_transaction():
            connected = SageConnection.objects.get()
            context = {"practice": stage.practice, "connection": connected, "url": "http://testserver/"}
            queue_email("a@brook.example", "sage_integration/needs_reauthorisation", context, event="once")


def _poll(stage: Stage) -> None:
    with acting_for(stage.practice.pk):
        pull.poll_payments()


def _let_the_token_expire(stage: Stage) -> None:
    stage.sage.forget_requests()
    with practice_scope(stage.practice.pk):
        SageConnection.objects.update(access_expires_at=timezone.now())


def _status(stage: Stage) -> str:
    with practice_scope(stage.practice.pk):
        return SageConnection.objects.get().status


def _in_a_thread(stage: Stage) -> None:
    try:
        push_once(stage.practice)
    finally:
        connection.close()

"""Mistakes as somebody might make them, each planted for the length of one story that the checker must not like."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from itertools import islice
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.utils import timezone

import money.amounts
from invoicing.models import InvoiceNumbering
from invoicing.operations import invoices, payments
from ledger import batches, outbox
from ledger.models import Posting
from money.amounts import PENNY, Amounts, to_pence, total
from practices import audit
from practices.models import AuditEntry
from proposals.periods import Rhythm
from sage_integration import tokens
from sage_integration.limiter import Limiter
from sage_integration.models import SageConnectionQuerySet, SageLink, SyncCursor
from sage_integration.sage.errors import OutcomeUnknown
from sage_integration.sage.resources.contacts import Contacts
from sage_integration.sage.resources.sales_invoices import SalesInvoices
from sage_integration.sage.transport import Transport
from sage_integration.sync import dispatch, feeds, outcomes
from sage_integration.sync.mirror import Mirror
from tests.conftest import delete_all_rows
from tests.planted import scenarios
from tests.planted.conftest import Stage
from tests.planted.scenarios import copied_row

Plant = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Bug:
    """A mistake in words, the promises it breaks, the story in which that shows, and how it is planted."""

    name: str
    breaks: str
    story: Callable[[Stage], list[str]]
    plant: Plant


def swapped(owner: object, name: str, other: object) -> Plant:
    """Something of ours replaced by something else."""
    return partial(patch.object, owner, name, other)


def without_constraint(table: str, name: str) -> Plant:
    """The database without one of its unique constraints."""

    @contextmanager
    def dropped() -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
            [definition] = cursor.fetchone()
            cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [name])
            is_constraint = cursor.fetchone() is not None
        _as_owner(f"ALTER TABLE {table} DROP CONSTRAINT {name}" if is_constraint else f"DROP INDEX {name}")
        try:
            yield
        finally:
            delete_all_rows()
            _as_owner(definition)
            if is_constraint:
                _as_owner(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")

    return dropped


@contextmanager
def without_row_level_security() -> Iterator[None]:
    """The table of postings open to everybody."""
    _as_owner("ALTER TABLE ledger_posting DISABLE ROW LEVEL SECURITY")
    try:
        yield
    finally:
        _as_owner("ALTER TABLE ledger_posting ENABLE ROW LEVEL SECURITY")


@contextmanager
def setting_outlives_its_transaction() -> Iterator[None]:
    """A plain SET where SET LOCAL was meant."""

    def execute(run, sql, params, many, context):
        return run(
            sql.replace("set_config('ignition.practice_id', %s, true)", PLAIN_SET), params, many, context
        )

    try:
        with connection.execute_wrapper(execute):
            yield
    finally:
        connection.close()


PLAIN_SET = "set_config('ignition.practice_id', %s, false)"


def _as_owner(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.OWNER_ROLE}")
        cursor.execute(statement)
        cursor.execute(f"SET ROLE {settings.APP_ROLE}")


@contextmanager
def believes_in_its_lease() -> Iterator[None]:
    """Nobody asks whether a lease still holds before sending."""
    with (
        patch.object(outbox, "still_ours", always),
        patch.object(outbox, "mark_attempted", marks_without_asking),
        patch.object(batches, "mark_all_attempted", marks_all_without_asking),
    ):
        yield


# What is replaced is called under its own name, as it was before.
create_invoice, write, headers = SalesInvoices.create, Transport.write, Transport._headers
postpone, mark_failed, since, next_number = (
    outbox.postpone,
    outbox.mark_failed,
    Rhythm.since,
    invoices.next_number,
)
result_of = dispatch.result_of


def sends_a_fresh_id(sales_invoices, invoice):
    return create_invoice(sales_invoices, {**invoice, "idempotency_id": uuid4().hex})


def writes_again(transport, *request, **options):
    try:
        return write(transport, *request, **options)
    except OutcomeUnknown:
        return write(transport, *request, **options)


def forgets_the_try(posting, **how):
    postpone(posting, **how)
    Posting.objects.filter(pk=posting.pk).update(attempted_at=None)


def marks_without_asking(posting):
    posting.attempted_at = timezone.now()
    Posting.objects.filter(pk=posting.pk).update(attempted_at=posting.attempted_at)


def marks_all_without_asking(postings):
    for posting in postings:
        marks_without_asking(posting)
    return list(postings)


def headers_of_no_business(transport, *request):
    return {name: value for name, value in headers(transport, *request).items() if name != "X-Business"}


def vat_of_the_whole(lines: Iterable[Amounts]) -> Amounts:
    net = total(lines).net
    return Amounts(net, to_pence(net / 5))


def half_even(amount: Decimal) -> Decimal:
    return amount.quantize(PENNY, rounding=ROUND_HALF_EVEN)


def believes_any_total(*arguments, **options):
    return replace(result_of(*arguments, **options), difference=None)


def cursor_by_our_clock(name, business_id, to):
    SyncCursor.objects.filter(business_id=business_id, feed=name).update(since=timezone.now())


def numbers_with_gaps():
    number = next_number()
    InvoiceNumbering.objects.update(next_number=number + 2)
    return number


def keeps_the_pair_to_itself(connection_row, pair):
    connection_row.access_token = pair.access_token


def records_nothing(action, subject, **data):
    return AuditEntry(pk=0, action=action, subject_id=subject.pk, data=data)


def gives_no_reason(posting, **_):
    mark_failed(posting, failure="Oops", detail="")


def always(*_, **__):
    """Yes, whatever was asked."""
    return True


def nothing(*_, **__):
    """Instead of what should have been done."""


BUGS = [
    Bug(
        "a period can be billed twice",
        "I2",
        copied_row("invoicing_billedperiod"),
        without_constraint("invoicing_billedperiod", "period_is_billed_once"),
    ),
    Bug(
        "a copy can have two live postings",
        "I2",
        copied_row("ledger_posting", reference="'INV-000009-ZZZZZZ'", idempotency_id="repeat('0', 32)"),
        without_constraint("ledger_posting", "one_live_posting_for_a_copy"),
    ),
    Bug(
        "a number can be given twice",
        "I9",
        copied_row("invoicing_invoice"),
        without_constraint("invoicing_invoice", "invoice_number_is_unique_in_the_practice"),
    ),
    Bug(
        "a payment of Sage can be recorded twice",
        "I2",
        copied_row("invoicing_payment"),
        without_constraint("invoicing_payment", "a_ledger_payment_is_recorded_once"),
    ),
    Bug(
        "two clients can be the same contact",
        "I2",
        copied_row("sage_integration_contactlink", client_id="(SELECT max(id) FROM clients_client)"),
        without_constraint("sage_integration_contactlink", "one_client_for_a_contact"),
    ),
    Bug(
        "an event can write two e-mails",
        "I2",
        copied_row("practices_outgoingemail"),
        without_constraint("practices_outgoingemail", "one_email_for_an_event"),
    ),
    Bug("no row level security on a table", "I4", scenarios.both_practices, without_row_level_security),
    Bug("SET instead of SET LOCAL", "I4", scenarios.both_practices, setting_outlives_its_transaction),
    Bug(
        "the intent is not recorded before sending",
        "I2",
        scenarios.lost_answer_without_ids,
        swapped(batches, "mark_all_attempted", list),
    ),
    Bug(
        "a repeat carries another idempotency id",
        "I2",
        scenarios.lost_answer_without_search,
        swapped(SalesInvoices, "create", sends_a_fresh_id),
    ),
    Bug(
        "nobody looks before a repeat",
        "I2",
        scenarios.lost_answer_without_ids,
        swapped(SalesInvoices, "find_by_reference", nothing),
    ),
    Bug(
        "one look that finds nothing is believed",
        "I2",
        scenarios.lost_answer_with_a_slow_index,
        swapped(outcomes, "looked_already", always),
    ),
    Bug(
        "a write is tried again at once",
        "I2",
        scenarios.lost_answer_without_ids,
        swapped(Transport, "write", writes_again),
    ),
    Bug(
        "a postponed posting forgets that it was tried",
        "I2",
        scenarios.lost_answer_without_ids,
        swapped(outbox, "postpone", forgets_the_try),
    ),
    Bug("a lease that ran out is still believed in", "I2", scenarios.overtaken, believes_in_its_lease),
    Bug(
        "a contact is not looked for before a repeat",
        "I2",
        scenarios.lost_contact,
        swapped(Contacts, "find_by_name", nothing),
    ),
    Bug(
        "an arrival is recorded without its link",
        "I1",
        scenarios.one_invoice,
        swapped(SageLink.objects, "bulk_create", nothing),
    ),
    Bug(
        "an issued invoice asks for no posting",
        "I1",
        scenarios.one_invoice,
        swapped(invoices, "request_posting", nothing),
    ),
    Bug(
        "a billing run passes the oldest period over",
        "I1",
        scenarios.monthly_billing,
        swapped(Rhythm, "since", lambda rhythm, starts_on: islice(since(rhythm, starts_on), 1, None)),
    ),
    Bug(
        "a request names no business",
        "I4",
        scenarios.one_invoice,
        swapped(Transport, "_headers", headers_of_no_business),
    ),
    Bug(
        "VAT is rounded on the invoice instead of the line",
        "I3",
        scenarios.hard_pennies,
        swapped(invoices, "total", vat_of_the_whole),
    ),
    Bug(
        "half a penny goes to the even one",
        "I3",
        scenarios.hard_pennies,
        swapped(money.amounts, "to_pence", half_even),
    ),
    Bug(
        "Sage's total is not compared",
        "I3",
        scenarios.changed_before_it_was_found,
        swapped(dispatch, "result_of", believes_any_total),
    ),
    Bug(
        "an older page overwrites a newer one",
        "I10",
        scenarios.paid,
        swapped(payments, "_is_older", nothing),
    ),
    Bug(
        "deleted payments are passed over",
        "I10",
        scenarios.payment_deleted,
        swapped(Mirror, "gone", nothing),
    ),
    Bug(
        "the cursor is our clock instead of Sage's",
        "I10",
        scenarios.our_clock_is_fast,
        swapped(feeds, "_move_cursor", cursor_by_our_clock),
    ),
    Bug(
        "nobody keeps to the budget",
        "I6",
        scenarios.many_in_a_minute,
        swapped(Limiter, "_ask", lambda _limiter, _business, wanted, **_: (wanted, 0.0, 0)),
    ),
    Bug(
        "a replaced token is not stored",
        "I7",
        scenarios.token_replaced,
        swapped(tokens, "keep_tokens", keeps_the_pair_to_itself),
    ),
    Bug(
        "a refresh does not lock the connection",
        "I7",
        scenarios.eight_see_an_old_token,
        swapped(SageConnectionQuerySet, "select_for_update", lambda rows, **_: rows),
    ),
    Bug(
        "numbers leave gaps",
        "I9",
        scenarios.one_invoice,
        swapped(invoices, "next_number", numbers_with_gaps),
    ),
    Bug(
        "nothing is written into the history",
        "I9",
        scenarios.one_invoice,
        swapped(audit, "record", records_nothing),
    ),
    Bug(
        "a refusal gives no reason",
        "I5",
        scenarios.refused,
        swapped(outbox, "mark_failed", gives_no_reason),
    ),
]

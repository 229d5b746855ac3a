"""How mistakes are planted: something of ours replaced, or something of the database taken away, for a while."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.utils import timezone

from invoicing.models import InvoiceNumbering
from invoicing.operations import invoices
from ledger import batches, leases, outbox
from ledger.models import Posting
from money.amounts import PENNY, Amounts, to_pence, total
from practices.models import AuditEntry
from practices.rows import rows_of
from practices.tenancy import practice_transaction
from proposals.periods import Rhythm
from sage_integration.limiter import _Told
from sage_integration.models import SyncCursor
from sage_integration.sage.errors import OutcomeUnknown
from sage_integration.sage.resources.sales_invoices import SalesInvoices
from sage_integration.sage.transport import Transport
from sage_integration.sync import dispatch, results
from tests.conftest import delete_all_rows

Plant = Callable[[], AbstractContextManager[Any]]


def swapped(owner: object, name: str, other: object) -> Plant:
    """Something of ours replaced by something else."""
    return partial(patch.object, owner, name, other)


def reads_without_a_lock(model: type, condition: str, *values: object, **options: Any) -> list[Any]:
    """Rows that were to be locked, read and left to everybody."""
    return rows_of(model, condition.removesuffix(" FOR UPDATE"), *values, **options)


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


def with_invoices_apart(plant: Plant) -> Plant:
    """A mistake in a database that does not ask whether a final invoice has a posting."""

    @contextmanager
    def unasked() -> Iterator[None]:
        _as_owner("ALTER TABLE invoicing_invoice DISABLE TRIGGER a_final_invoice_has_a_posting")
        try:
            with plant():
                yield
        finally:
            _as_owner("ALTER TABLE invoicing_invoice ENABLE TRIGGER a_final_invoice_has_a_posting")

    return unasked


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
        patch.object(leases, "still_ours", always),
        patch.object(leases, "mark_attempted", marks_without_asking),
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
result_of, link, mark_all_attempted = dispatch.result_of, results._link, batches.mark_all_attempted
lease_due_postings = leases.lease_due_postings


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


def marks_the_first(postings):
    mark_all_attempted(postings[:1])
    return list(postings)


def leases_without_announcing(limit, *, announced):
    batch = lease_due_postings(limit)
    for posting in batch if announced else ():
        posting.attempted_at = posting.lease_expires_at - leases.LEASE
    return batch


def takes_everything_back(sending):
    sent = [posting for posting in sending._batch if posting.attempted_at]
    with practice_transaction():
        batches.withdraw_intents(sent)


def links_the_wrong_ones(links):
    places = [(each.sage_id, each.sage_number) for each in links]
    for each, (sage_id, number) in zip(links, [*places[1:], places[0]], strict=True):
        each.sage_id, each.sage_number = sage_id, number
    link(links)


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


def grants_everything(_limiter, _business, wanted, **_):
    return _Told(wanted, 0.0, 0, 1000)


def always(*_, **__):
    """Yes, whatever was asked."""
    return True


def nothing(*_, **__):
    """Instead of what should have been done."""

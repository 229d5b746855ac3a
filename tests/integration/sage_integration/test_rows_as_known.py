"""A row of a feed is left out only where handling it would write nothing: what reads and what writes, held together.

Each value of a row as Sage sends it is changed alone, or with those that go with it, and the row is handled. Where
that writes anything, the row must not have been left out: so a field that is taken over from now on has to be known
where rows are left out as well.
"""

from collections.abc import Iterator
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from invoicing.models import Allocation, Invoice, Payment
from ledger.models import Posting
from practices.errors import DomainError
from practices.models import AuditEntry
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import SageConnection, SageLink
from sage_integration.sage.errors import SageError
from sage_integration.sessions import open_sage
from sage_integration.sync import news
from sage_integration.sync.comparison import compare
from sage_integration.sync.feeds import instant
from sage_integration.sync.mirror import Mirror
from sage_integration.sync.wanted import Copies, copies_among
from tests.integration.sage_integration.polling import polled

KEPT = (Payment, Allocation, Invoice, SageLink, Posting, AuditEntry)
#: When something was looked at last is no news of it.
LOOKED_AT = {"seen_at", "checked_at"}
STATUSES = ("DRAFT", "UNPAID", "PART_PAID", "PAID", "VOID")
#: Amounts that have to add up, so they can only change together.
TOGETHER = (
    {"net_amount": 1, "total_amount": 1},
    {"tax_amount": 1, "total_amount": 1},
    {"net_amount": 1, "tax_amount": -1},
)


def held() -> dict[str, list[dict[str, Any]]]:
    """All that handling a row may write, but for when it was looked at."""
    rows = {}
    for model in KEPT:
        names = [each.attname for each in model._meta.concrete_fields if each.name not in LOOKED_AT]
        rows[model.__name__] = list(model.objects.order_by("pk").values(*names))
    return rows


def variants(row: Any) -> Iterator[tuple[str, Any]]:
    """The row with one of its values changed, each in turn; a list also empty, a value also gone."""
    for path, value in leaves(row):
        for other in others(path, value):
            changed = deepcopy(row)
            inner: Any = changed
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = other
            yield f"{'.'.join(map(str, path))}: {value} -> {other}", changed
    for amounts in TOGETHER:
        if amounts.keys() <= row.keys():
            yield str(amounts), deepcopy(row) | {name: row[name] + by for name, by in amounts.items()}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        if isinstance(each, list):
            yield (*path, key), each
        yield from leaves(each, (*path, key))
    if not isinstance(value, dict | list):
        yield path, value


def others(path: tuple[Any, ...], value: Any) -> list[Any]:
    """What somebody in Sage could have made of a value."""
    if path[-2:] == ("status", "id"):
        return [each for each in STATUSES if each != value]
    match value:
        case bool():
            return [not value]
        case Decimal():
            return [value + 1]
        case list():
            return [[]]
        case str() if path[-1].endswith("_at"):
            later = instant(value) + timedelta(days=1)
            return [later.isoformat().replace("+00:00", "Z")]
        case str() if path[-1] in ("date", "due_date"):
            return [(date.fromisoformat(value) + timedelta(days=1)).isoformat()]
        case None:
            return {"tax_reconciled": [True], "discount": [Decimal(1)]}.get(path[-1], [])
        case str():
            return [f"{value}x"]
    return []


def written_by(handle, row) -> bool:
    """Whether handling a row writes anything; nothing of it stays."""
    before = held()
    try:
        with transaction.atomic():
            handle(row)
            wrote = held() != before
            transaction.set_rollback(True)
    except (SageError, DomainError):
        return True  # A row that cannot be handled is not to be left out in silence.
    return wrote


def copies_of(rows, business) -> Copies:
    return copies_among(news.named_in(rows), business)


def left_out(pick, row) -> bool:
    try:
        return pick([row]) == []
    except SageError:
        return False


def hold_together(pick, handle, row) -> list[str]:
    """The changes that are written when they are handled; fails for those that are left out."""
    assert not written_by(handle, row)
    assert left_out(pick, row), "nothing of a row that was handled is news"
    written = []
    for what, changed in variants(row):
        if written_by(handle, changed):
            assert not left_out(pick, changed), what
            written.append(what)
    return written


@pytest.fixture
def paid(brook, sage, acme, clock):
    """Acme's invoice, partly paid, as known here."""
    sage.record_payment(acme.theirs["id"], "50.00")
    clock.shift(60)
    polled(brook)
    clock.shift(600)
    polled(brook)
    return acme


def test_faults_62_and_63_a_payment_is_left_out_only_where_taking_it_over_would_write_nothing(
    brook, enabled, paid
):
    with acting_for(brook.pk), open_sage(enabled) as sage:
        [row] = sage.contact_payments.list()
    with practice_scope(brook.pk):
        business = SageConnection.objects.get().business_id
        written = hold_together(
            lambda rows: news.changed_payments(rows, copies_of(rows, business)),
            lambda each: Mirror(business).payment(each),
            row,
        )
    told = " ".join(written)
    for name in (
        "date",
        "total_amount",
        "reference",
        "updated_at",
        "allocated_artefacts.0.amount",
        "discount",
    ):
        assert name in told, f"{name} is not taken over, or was not varied"


def test_fault_52_an_invoice_is_left_out_only_where_comparing_it_would_write_and_tell_nothing(
    brook, enabled, paid
):
    with acting_for(brook.pk), open_sage(enabled) as sage:
        [row] = sage.sales_invoices.list()
    with practice_scope(brook.pk):
        business = SageConnection.objects.get().business_id

        def compared(each) -> None:
            link = SageLink.objects.select_related("posting").get()
            if compare(link, each):  # A difference is written down by whoever asked.
                SageLink.objects.update(difference="found")

        written = hold_together(
            lambda rows: news.changed_invoices(rows, copies_of(rows, business), ()), compared, row
        )
    told = " ".join(written)
    for name in ("contact.id", "date", "due_date", "number", "status.id", "outstanding_amount", "updated_at"):
        assert name in told, f"{name} is not compared, or was not varied"
    assert str(TOGETHER[2]) in written

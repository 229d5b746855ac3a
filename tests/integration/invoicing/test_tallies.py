"""What is kept of sums is what the invoices come to, whatever happened to them and however many did it at once."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone

from clients.models import Client
from clients.operations.merging import merge_clients
from invoicing.listing import VIEWS, invoice_list_of
from invoicing.models import Invoice, InvoiceTally, Payment
from invoicing.operations import (
    amend_invoice,
    bill_due_periods,
    discard_draft,
    issue_credit_note,
    issue_invoice,
    mark_paid,
    take_back,
    undo_invoice,
    void_invoice,
    write_off,
)
from invoicing.queries import debts, totals_of
from invoicing.tallies import differences, fold, make_anew
from invoicing.tasks import fold_tallies, sweep_tallies
from practices.errors import DomainError
from practices.tasks import practices_from
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    a_client,
    a_draft,
    a_line,
    an_invoice,
    bill_without_asking,
    many_schedules,
)
from tests.racing import uncommitted

D = Decimal


@pytest.fixture
def scope(brook):
    return lambda: practice_scope(brook.pk)


def some(model, chance: random.Random, **choice):
    return chance.choice(list(model.objects.filter(**choice)) or [None])


class History:
    """Things that happen to invoices in any order; what is refused did not happen."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.acts = [
            self.draft, self.draft, self.issue, self.issue, self.discard, self.amend, self.void, self.undo,
            self.credit, self.pay, self.pay, self.give_up, self.take_back, self.merge, self.bill, self.remove,
        ]  # fmt: skip

    def step(self) -> str:
        act = self.chance.choice(self.acts)
        with suppress(DomainError), transaction.atomic():
            act()
            return act.__name__
        return f"{act.__name__}, refused"

    def _day(self) -> date:
        return TODAY - timedelta(days=self.chance.randrange(120))

    def _line(self):
        return a_line(
            price=f"{self.chance.randrange(100_000) / 100:.2f}", quantity=str(self.chance.randint(1, 4))
        )

    def _invoice(self, **choice) -> Invoice:
        found = some(Invoice, self.chance, **choice)
        if found is None:
            raise DomainError
        return found

    def draft(self) -> None:
        client = some(Client, self.chance, name__startswith="Client")
        a_draft(client or a_client("Client 0"), self._line(), on=self._day())

    def issue(self) -> None:
        issue_invoice(self._invoice(status="draft"), on=TODAY)

    def discard(self) -> None:
        discard_draft(self._invoice(status="draft"))

    def amend(self) -> None:
        day = self._day()
        due = day + timedelta(days=self.chance.randrange(60))
        amend_invoice(self._invoice(), [self._line()], tax_point=day, due_on=due, reason="Agreed", on=TODAY)

    def void(self) -> None:
        void_invoice(self._invoice())

    def undo(self) -> None:
        undo_invoice(self._invoice())

    def credit(self) -> None:
        issue_credit_note(self._invoice(), reason="Wrong", issued_on=TODAY, on=TODAY)

    def pay(self) -> None:
        invoice = self._invoice(status="issued")
        part = (invoice.outstanding / self.chance.choice([1, 1, 2, 3])).quantize(D("0.01"))
        mark_paid(invoice, amount=part, received_on=TODAY, on=TODAY)

    def give_up(self) -> None:
        write_off(self._invoice(), reason="Gone", on=TODAY)

    def take_back(self) -> None:
        payment = some(Payment, self.chance, reversed_at=None)
        if payment:
            take_back(payment)

    def merge(self) -> None:
        one, other = a_client(f"Client {self.chance.random()}"), some(Client, self.chance, status="active")
        if other and self.chance.random() < 0.3:
            merge_clients(one, other, now=timezone.now())

    def bill(self) -> None:
        if self.chance.random() < 0.3:
            many_schedules(3, on=TODAY)
            bill_due_periods(on=TODAY)

    def remove(self) -> None:
        """As nobody does: by hand, in the database."""
        if self.chance.random() < 0.3:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE invoicing_invoice SET tax_point = tax_point - 40, due_on = due_on + 5")


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_is_what_invoices_come_to_after_every_step_of_any_history(scope, seed):
    history, done = History(seed), []
    with scope():
        bill_without_asking()
    for number in range(60):
        with scope():
            done.append(history.step())
            if number % 7 == 3:
                fold()
            assert differences() == {}, done
    with scope():
        assert Invoice.objects.count() > 5
        fold()
        assert not InvoiceTally.objects.filter(is_folded=False).exists()
        assert not InvoiceTally.objects.filter(count=0, net=0, vat=0, outstanding=0).exists()
        assert differences() == {}
        make_anew()
        assert differences() == {}


@pytest.mark.parametrize("seed", range(2))
def test_g73_every_choice_of_the_list_comes_to_what_its_invoices_come_to(scope, seed):
    history, month = History(seed), f"{TODAY:%Y-%m}"
    with scope():
        for _ in range(50):
            history.step()
    choices = [
        f"view={view}{more}"
        for view, _ in VIEWS
        for more in (
            "",
            f"&month={month}",
            "&source=instant",
            "&age=31-60",
            "&age=not-due",
            f"&since={TODAY}",
            f"&since={TODAY - timedelta(days=75)}&until={TODAY - timedelta(days=1)}",
            "&until=2027-02-28",
            "&since=2027-03-01&until=2027-03-31",
            "&since=2027-03-02&until=2027-03-20",
            "&since=2027-03-20&until=2027-03-02",
            "&since=0001-01-01&until=9999-12-31",
            "&since=9999-12-30",
            "&until=0001-01-02",
        )
    ]
    kept = 0
    with scope():
        for choice in choices:
            listed = invoice_list_of(QueryDict(choice), TODAY)
            kept += listed.tallies is not None
            if listed.tallies is not None:
                live = totals_of(listed.invoices if listed.view else listed.invoices.issued())
                assert listed.totals() == live, choice
        owed = list(Invoice.objects.overdue(TODAY))
        assert debts(TODAY).overdue == sum((invoice.outstanding for invoice in owed), D(0))
        assert debts(TODAY).overdue_count == len(owed)
    assert kept == 61


def test_an_unknown_view_is_all_invoices_and_comes_to_what_they_come_to(scope):
    with scope():
        a_draft(a_client())
        an_invoice(a_client("Beck Ltd"))
        unknown, usual = (
            invoice_list_of(QueryDict(f"q=Ltd&view={view}"), TODAY) for view in ("nonsense", "")
        )
        assert (unknown.view, unknown.chosen, unknown.totals()) == ("", usual.chosen, usual.totals())
        assert set(unknown.invoices) == set(usual.invoices)
        assert len(unknown.invoices) == 2


@pytest.mark.parametrize(
    ("address", "has_parts"),
    [
        ("since=2027-03-01&until=2027-03-31", False),
        ("since=2027-03-01", False),
        ("until=2027-02-28", False),
        ("since=2027-02-02&until=2027-03-31", True),
        ("since=2027-02-01&until=2027-03-30", True),
    ],
)
def test_invoices_are_only_added_up_where_a_part_of_a_month_is_asked_for(scope, address, has_parts):
    with scope():
        assert (invoice_list_of(QueryDict(address), TODAY).of_parts is not None) == has_parts


def test_what_is_rolled_back_leaves_nothing_in_the_sums(scope):
    with scope():
        an_invoice()
        before = list(InvoiceTally.objects.values())
        with suppress(RuntimeError), transaction.atomic():
            an_invoice(a_client("Lost Ltd"))
            raise RuntimeError
        assert list(InvoiceTally.objects.values()) == before
        assert differences() == {}


def test_what_changes_no_figure_writes_no_row(scope):
    with scope():
        an_invoice()
        before = InvoiceTally.objects.count()
        Invoice.objects.update(is_reminded=False)
        assert InvoiceTally.objects.count() == before


def test_a_run_writes_a_row_for_each_kind_of_invoice_and_not_for_each_invoice(scope):
    with scope():
        bill_without_asking()
        many_schedules(40, on=TODAY)
        bill_due_periods(on=TODAY)
        assert InvoiceTally.objects.values_list("count", "net").get() == (40, D(4000))


def test_writers_never_wait_for_each_other_and_sums_stay_right_while_rows_are_folded_and_made_anew(scope):
    """Eight at once: five write invoices and pay them, two fold, one makes anew."""
    with scope():
        clients = [a_client(f"Client {number}") for number in range(5)]
        a_line()  # makes the service
    barrier = threading.Barrier(8)

    def write(client: Client) -> None:
        for number in range(6):
            with scope():
                invoice = an_invoice(client, a_line(price=str(number + 1)))
            with scope():
                mark_paid(invoice, amount=D(1), received_on=TODAY, on=TODAY)

    def repeat(act) -> None:
        for _ in range(12):
            with scope():
                act()

    def work(number: int) -> None:
        try:
            barrier.wait(timeout=30)
            if number < 5:
                write(clients[number])
            else:
                repeat(make_anew if number == 7 else fold)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with scope():
        assert Invoice.objects.count() == 30
        assert differences() == {}


def test_a_writer_that_has_not_committed_keeps_nobody_from_writing_or_folding(brook, scope):
    with scope():
        client, other = a_client("One Ltd"), a_client("Two Ltd")
        invoice = a_draft(client)
        draft = a_draft(other)

    def write() -> None:
        Invoice.objects.filter(pk=invoice.pk).update(net=invoice.net + 5)

    with uncommitted(brook, write):
        with scope(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            Invoice.objects.filter(pk=draft.pk).update(net=draft.net + 7)
            fold()
        with scope(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            make_anew()
            assert differences() == {}
    with scope():
        assert differences() == {}
        assert (
            InvoiceTally.objects.filter(status="draft").count() > 1
        )  # what came after, beside what was made anew


def test_one_practice_keeps_nothing_of_another(brook, cedar):
    for practice in (brook, cedar):
        with practice_scope(practice.pk):
            an_invoice()
    with practice_scope(cedar.pk):
        assert debts(TODAY).unpaid_count == 1
        make_anew()
        fold()
    with practice_scope(brook.pk):
        assert debts(TODAY).unpaid_count == 1
        assert differences() == {}


def test_many_rows_are_folded_by_the_sweep_and_few_are_left_alone(scope, brook, cedar):
    with practice_scope(cedar.pk):
        an_invoice()
    with scope():
        invoice = an_invoice()
        for day in range(60):
            Invoice.objects.filter(pk=invoice.pk).update(due_on=TODAY + timedelta(days=day + 40))
        assert InvoiceTally.objects.count() > 100
    assert list(practices_from("invoicing_practices_to_fold")) == [brook.pk]
    sweep_tallies()
    fold_tallies(brook.pk)
    assert list(practices_from("invoicing_practices_to_fold")) == []
    with practice_scope(cedar.pk):
        assert InvoiceTally.objects.filter(is_folded=False).exists()
    with scope():
        assert InvoiceTally.objects.count() == 1
        assert differences() == {}

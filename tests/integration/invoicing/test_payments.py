"""Money received: mirrored once, edited, reversed, never more than is owed (F79 to F82)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing import errors
from invoicing.models import Allocation, Invoice, Payment
from invoicing.operations import issue_invoice, mark_voided_in_ledger, record_payment, reverse_payment
from practices import audit
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import a_client, a_draft, a_line, an_invoice
from tests.racing import at_once

NOON = datetime(2027, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def inside(brook):
    with practice_scope(brook.pk):
        yield brook


@pytest.fixture
def hundred(inside):
    """An invoice over £100."""
    return an_invoice(None, a_line("Advice", "100", code="zero"))


def pay(*parts, amount=None, external_id="p1", at=NOON, client=None, **more) -> Payment:
    allocations = [(invoice, Decimal(part)) for invoice, part in parts]
    return record_payment(
        client or parts[0][0].client,
        received_on=TODAY,
        amount=Decimal(amount) if amount is not None else sum(part for _, part in allocations),
        source="sage",
        external_id=external_id,
        external_updated_at=at,
        allocations=allocations,
        **more,
    )


def owed(invoice: Invoice) -> Decimal:
    return Invoice.objects.get(pk=invoice.pk).outstanding


def state(invoice: Invoice) -> str:
    return Invoice.objects.get(pk=invoice.pk).settlement(TODAY)


def test_f79_a_paid_invoice_shows_as_paid(hundred):
    pay((hundred, 100), reference="BACS 7")
    assert (owed(hundred), state(hundred)) == (0, "paid")
    payment = Payment.objects.get()
    assert (payment.received_on, payment.amount, payment.reference) == (TODAY, Decimal(100), "BACS 7")


def test_f80_a_part_payment_then_the_rest(hundred):
    pay((hundred, 40))
    assert (owed(hundred), state(hundred)) == (60, "part_paid")
    pay((hundred, 60), external_id="p2")
    assert (owed(hundred), state(hundred)) == (0, "paid")
    assert Payment.objects.count() == 2


def test_f81_an_edited_payment_is_mirrored_and_its_earlier_value_kept(hundred):
    pay((hundred, 40))
    pay((hundred, 45), at=NOON + timedelta(minutes=5))
    assert owed(hundred) == 55
    assert Payment.objects.get().amount == 45
    entry = AuditEntry.objects.get(action="payment.amended")
    assert (entry.data["before"]["amount"], entry.data["after"]["amount"]) == ("40.00", "45.00")
    assert [e.action for e in audit.trail_of(hundred)][:2] == [
        "invoice.payment_amended",
        "invoice.payment_recorded",
    ]


def test_f82_a_deleted_payment_is_owed_again_and_stays_in_the_history(hundred):
    payment = pay((hundred, 100))
    reverse_payment(payment)
    reverse_payment(payment)
    assert (owed(hundred), state(hundred)) == (100, "unpaid")
    assert Allocation.objects.get().invoice == hundred
    assert AuditEntry.objects.filter(action="payment.reversed").count() == 1
    told = audit.trail_of(hundred).first()
    assert (told.action, told.data["outstanding"]) == ("invoice.payment_reversed", "100.00")


def test_the_same_page_read_twice_changes_nothing(hundred):
    pay((hundred, 40))
    entries = AuditEntry.objects.count()
    allocation = Allocation.objects.get().pk
    pay((hundred, 40))
    assert (owed(hundred), Allocation.objects.get().pk, AuditEntry.objects.count()) == (
        60,
        allocation,
        entries,
    )


def test_older_news_never_overwrites_newer(hundred):
    pay((hundred, 45), at=NOON)
    pay((hundred, 40), at=NOON - timedelta(seconds=1))
    assert owed(hundred) == 55


def test_old_news_about_a_reversed_payment_does_not_bring_it_back(hundred):
    reverse_payment(pay((hundred, 100)))
    pay((hundred, 100), at=NOON + timedelta(minutes=5))
    assert owed(hundred) == 100


def test_one_payment_over_three_invoices_and_some_left_over(inside):
    client = a_client()
    invoices = [an_invoice(client, a_line("Advice", "100", code="zero")) for _ in range(3)]
    pay(*((invoice, 100) for invoice in invoices), amount=350)
    assert [owed(invoice) for invoice in invoices] == [0, 0, 0]


def test_a_payment_moved_to_another_invoice_is_owed_on_the_first_again(inside):
    client = a_client()
    first, second = (an_invoice(client, a_line("Advice", "100", code="zero")) for _ in range(2))
    pay((first, 100))
    pay((second, 100), at=NOON + timedelta(minutes=1))
    assert (owed(first), owed(second)) == (100, 0)


def test_money_on_account_is_kept_without_an_invoice(inside):
    pay(amount=50, client=a_client())
    assert Payment.objects.get().allocations.count() == 0


def test_a_payment_entered_here_is_a_payment_each_time(hundred):
    for _ in range(2):
        record_payment(
            hundred.client,
            received_on=TODAY,
            amount=Decimal(10),
            source="by_hand",
            allocations=[(hundred, Decimal(10))],
        )
    assert owed(hundred) == 80


def test_more_than_is_owed_is_refused(hundred):
    with pytest.raises(errors.OverAllocated):
        pay((hundred, 101))


def test_more_than_was_received_cannot_be_set_against_invoices(hundred):
    with pytest.raises(errors.AllocatesMoreThanReceived):
        pay((hundred, 60), amount=50)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_payment_is_more_than_nothing(inside, amount):
    with pytest.raises(errors.NotAnAmount):
        pay(amount=amount, client=a_client())


def test_a_payment_pays_only_its_own_clients_invoices(hundred):
    with pytest.raises(errors.InvoiceOfAnotherClient):
        pay((hundred, 10), client=a_client("Somebody else"))


def test_neither_drafts_nor_void_invoices_can_be_paid(hundred):
    mark_voided_in_ledger(hundred)
    for invoice in (hundred, a_draft()):
        with pytest.raises(errors.NotIssued):
            pay((invoice, 10))


def test_two_pollers_at_once_record_a_payment_once(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice(None, a_line("Advice", "100", code="zero"))
    at_once(brook, 6, lambda: pay((invoice, 100)))
    with practice_scope(brook.pk):
        assert Payment.objects.count() == Allocation.objects.count() == 1
        assert owed(invoice) == 0


def test_two_payments_at_once_cannot_pay_more_than_the_invoice(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice(None, a_line("Advice", "100", code="zero"))
    ids = iter(["p1", "p2", "p3"])
    outcomes = at_once(brook, 3, lambda: pay((invoice, 60), external_id=next(ids)))
    assert sum(isinstance(outcome, errors.OverAllocated) for outcome in outcomes) == 2
    with practice_scope(brook.pk):
        assert owed(invoice) == 40


def test_a_payment_waits_for_one_that_is_not_committed_yet(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice(None, a_line("Advice", "100", code="zero"))
    with ThreadPoolExecutor(1) as pool:
        with practice_scope(brook.pk):
            pay((invoice, 60))
            second = pool.submit(pay_apart, brook, invoice, 60)
            wait_until_blocked()
        assert isinstance(second.result(), errors.OverAllocated)
    with practice_scope(brook.pk):
        assert owed(invoice) == 40


def pay_apart(practice, invoice: Invoice, amount: int) -> Payment | errors.OverAllocated:
    """A second payment, in a transaction of its own."""
    try:
        with practice_scope(practice.pk):
            return pay((invoice, amount), external_id="p2")
    except errors.OverAllocated as error:
        return error
    finally:
        connection.close()


def wait_until_blocked() -> None:
    """Return as soon as another transaction waits for this one."""
    with connection.cursor() as cursor:
        for _ in range(10_000):
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
    pytest.fail("The other payment did not wait.")


@pytest.mark.parametrize(
    ("model", "changes", "promise"),
    [
        (Payment, {"amount": 0}, "payment_is_positive"),
        (Allocation, {"amount": 0}, "allocation_is_positive"),
    ],
)
def test_the_database_keeps_payments_positive(brook, model, changes, promise):
    with practice_scope(brook.pk):
        pay((an_invoice(), 10))
    with pytest.raises(IntegrityError, match=promise), practice_scope(brook.pk):
        model.objects.update(**changes)


def test_the_database_refuses_a_ledger_payment_twice(brook):
    with practice_scope(brook.pk):
        payment = pay((an_invoice(), 10))
    with pytest.raises(IntegrityError, match="a_ledger_payment_is_recorded_once"), practice_scope(brook.pk):
        Payment.objects.create(
            client_id=payment.client_id, received_on=TODAY, amount=1, source="sage", external_id="p1"
        )


def test_the_database_refuses_two_allocations_of_a_payment_to_an_invoice(brook):
    with practice_scope(brook.pk):
        payment = pay((an_invoice(), 10))
        invoice = Invoice.objects.get()
    with (
        pytest.raises(IntegrityError, match="one_allocation_of_a_payment_to_an_invoice"),
        practice_scope(brook.pk),
    ):
        Allocation.objects.create(payment=payment, invoice=invoice, amount=1)


events = st.lists(
    st.tuples(
        st.sampled_from(["p1", "p2", "p3"]),
        st.sampled_from(["pay", "reverse"]),
        st.decimals(Decimal("0.01"), Decimal(60), places=2),
        st.decimals(Decimal("0.01"), Decimal(60), places=2),
    ),
    max_size=8,
)


def test_outstanding_is_always_gross_less_what_is_allocated(brook):
    with practice_scope(brook.pk):
        client = a_client()
        invoices = [an_invoice(client, a_line("Advice", "100", code="zero")) for _ in range(2)]

    @settings(max_examples=25, deadline=None)
    @given(events)
    def whatever_happens(happened):
        with practice_scope(brook.pk):
            Payment.objects.all().delete()
            Invoice.objects.update(outstanding=100)
        for external_id, what, first, second in happened:
            try:
                with practice_scope(brook.pk):
                    if what == "pay":
                        pay((invoices[0], first), (invoices[1], second), external_id=external_id)
                    elif payment := Payment.objects.filter(external_id=external_id).first():
                        reverse_payment(payment)
            except errors.OverAllocated:
                continue
        with practice_scope(brook.pk):
            for invoice in Invoice.objects.all():
                live = invoice.allocations.filter(payment__reversed_at=None)
                assert invoice.outstanding == invoice.gross - sum(live.values_list("amount", flat=True))

    whatever_happens()


def test_settlement_follows_from_the_day(hundred):
    due = hundred.due_on
    assert hundred.settlement(due) == "unpaid"
    assert hundred.settlement(due + timedelta(days=1)) == "overdue"
    assert a_draft().settlement(TODAY) == "draft"
    assert issue_invoice(a_draft(on=date(2027, 3, 1)), on=TODAY).paid == 0

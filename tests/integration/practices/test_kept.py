"""Answers are given again as long as nothing they were read from has changed, and never after it has."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import Client
from clients.operations import add_client
from invoicing.models import Invoice
from practices import kept
from practices.change_marks import ChangeMark, fold_marks
from practices.isolation import tenant_models
from practices.kept import kept_ids, kept_rows, kept_values
from practices.models import SavedView
from practices.remembered import remembering
from practices.scalars import count_of, figures
from practices.tasks import fold_practice_marks, practices_from, sweep_marks
from practices.tenancy import practice_scope
from services.models import Service, TaxRate
from tests.integration.invoicing.documents import a_client, an_invoice
from tests.racing import at_once, uncommitted

TABLES = import_module("ignition.migrations.0011_changes_are_marked").TABLES
COUNTED = "SELECT count(*) FROM clients_client"


@pytest.fixture
def scope(brook):
    return lambda: practice_scope(brook.pk)


@pytest.fixture
def page(brook, scope):
    """What a page is told that asks for something, and how many questions that took beside its first."""

    def told(ask):
        with scope(), remembering(brook):
            figures(marks=count_of(SavedView.objects.all()))  # the shell has asked what the practice has
            with CaptureQueriesContext(connection) as seen:
                found = ask()
            return found, len(seen)

    return told


def clients():
    return kept_rows(COUNTED)[0][0]


def test_what_was_answered_is_not_asked_again(page, scope):
    with scope():
        a_client("One Ltd")
    assert page(clients) == (1, 1)
    assert page(clients) == (1, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: a_client("Two Ltd"),
        lambda client: Client.objects.filter(pk=client.pk).update(status=Client.Status.ARCHIVED),
        lambda _: Client.objects.bulk_create([Client(name="Two Ltd")]),
        lambda _: connection.cursor().execute("UPDATE clients_client SET city = 'Leeds'"),
        lambda client: client.delete(),
    ],
    ids=["added", "changed", "in bulk", "in SQL", "removed"],
)
def test_it_is_asked_anew_after_any_change_of_its_table(page, scope, change):
    def by_state():
        return sorted(
            kept_values(Client.objects.order_by().values_list("status", "city").annotate(Count("pk")))
        )

    with scope():
        client = add_client(Client(name="One Ltd"), [])
    before, _ = page(by_state)
    with scope():
        change(client)
    after, asked = page(by_state)
    assert asked == 1
    assert after != before


def test_another_table_s_changes_leave_it_as_it_is(page, scope):
    with scope():
        a_client("One Ltd")
    page(clients)
    with scope():
        Service.objects.create(name="Payroll", tax_rate=TaxRate.objects.first())
    assert page(clients) == (1, 0)


def test_of_several_figures_only_those_are_asked_that_may_have_changed(page, scope):
    def both():
        return figures(clients=count_of(Client.objects.all()), invoices=count_of(Invoice.objects.all()))

    with scope():
        an_invoice()
    assert page(both) == ({"clients": 1, "invoices": 1}, 1)
    assert page(both) == ({"clients": 1, "invoices": 1}, 0)
    with scope():
        a_client("Two Ltd")
    with CaptureQueriesContext(connection) as seen:
        assert page(both) == ({"clients": 2, "invoices": 1}, 1)
    assert not any("invoicing_invoice" in query["sql"] for query in seen)


def test_a_change_is_seen_once_it_is_committed_and_not_before(page, scope, brook):
    with scope():
        a_client("One Ltd")
    page(clients)
    with uncommitted(brook, lambda: a_client("Two Ltd")):
        assert page(clients) == (1, 0)
    assert page(clients) == (2, 1)


def test_an_answer_read_while_a_change_was_committed_is_never_older_than_the_change(brook, scope):
    with scope(), remembering(brook):
        kept_rows("SELECT count(*) FROM services_service")  # the page has seen the marks
        at_once(brook, 1, lambda: a_client("One Ltd"))
        assert clients() == 1
    with scope(), remembering(brook):
        assert clients() == 1


def test_what_was_rolled_back_changed_nothing(page, scope):
    with scope():
        a_client("One Ltd")
    page(clients)
    with scope():
        a_client("Two Ltd")
        transaction.set_rollback(True)
    assert page(clients) == (1, 0)


def test_one_practice_is_never_told_another_s_answer(page, scope, cedar):
    with scope():
        a_client("One Ltd")
    assert page(clients) == (1, 1)
    with practice_scope(cedar.pk), remembering(cedar):
        assert clients() == 0


def test_a_request_that_changes_something_always_asks(scope, page):
    page(clients)
    for _ in range(2):
        with scope(), CaptureQueriesContext(connection) as seen:
            assert clients() == 0
        assert len(seen) == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda: kept_rows(COUNTED + " WHERE created_at < now()"),
        lambda: kept_rows(COUNTED + " WHERE created_at < %s", [timezone.now()]),
        lambda: figures(
            late=count_of(Client.objects.filter(created_at__gt=timezone.now() - timedelta(days=1)))
        ),
        lambda: kept_rows("SELECT count(*) FROM practices_auditentry"),
        lambda: kept_rows("SELECT json_build_object('clients', count(*)) FROM clients_client"),
        lambda: kept_rows("SELECT repeat('x', 200000) FROM clients_client"),
    ],
    ids=["by the clock", "by a moment", "by a moment in SQL", "no mark", "can be changed", "large"],
)
def test_what_may_change_without_a_mark_or_takes_much_room_is_asked_each_time(page, scope, ask):
    with scope():
        a_client("One Ltd")
    assert [page(ask)[1] for _ in range(2)] == [1, 1]


def test_ids_are_kept_together(page, scope):
    with scope():
        pks = {a_client(f"{number} Ltd").pk for number in range(3)}

    def ids():
        return kept_ids(Client.objects.order_by().values_list("pk"))

    assert [set(page(ids)[0]) for _ in range(2)] == [pks, pks]
    found, asked = page(ids)
    assert (len(found), asked) == (3, 0)
    assert page(lambda: list(kept_ids(Client.objects.none().values_list("pk")))) == ([], 0)


def test_the_process_keeps_no_more_than_it_has_room_for(page, scope, monkeypatch):
    kept.forget()
    monkeypatch.setattr(kept, "MOST", 3000)
    with scope():
        a_client("One Ltd")
    for number in range(20):
        page(lambda number=number: kept_rows(f"SELECT {number} FROM clients_client"))
    assert kept._held <= 3000
    assert sum(each.bytes for each in kept._kept.values()) == kept._held
    assert page(lambda: kept_rows("SELECT 19 FROM clients_client"))[1] == 0
    assert page(lambda: kept_rows("SELECT 0 FROM clients_client"))[1] == 1


def marks():
    return set(ChangeMark.objects.filter(of_table="clients_client").values_list("stamp", flat=True))


def test_a_transaction_leaves_one_mark_of_a_table(scope):
    with scope():
        before = marks()
        for number in range(3):
            a_client(f"{number} Ltd")
        assert len(marks() - before) == 1


def test_folded_marks_are_others_than_were_there_and_what_is_committed_meanwhile_stays(page, scope, brook):
    for number in range(3):
        with scope():
            a_client(f"{number} Ltd")
    assert page(clients) == (3, 1)
    with scope():
        before = marks()
        at_once(brook, 1, lambda: a_client("Late Ltd"))
        fold_marks()
    with scope():
        after = marks()
    assert len(after) <= 2
    assert not after & before
    assert page(clients) == (4, 1)


def test_many_marks_are_folded_by_the_sweep(brook, scope):
    for number in range(60):
        with scope():
            a_client(f"{number} Ltd")
    assert brook.pk in practices_from("practices_with_marks_to_fold")
    sweep_marks()
    fold_practice_marks(brook.pk)
    assert brook.pk not in practices_from("practices_with_marks_to_fold")
    with scope():
        assert len(marks()) == 1


def test_a_new_practice_has_a_mark_of_each_table_so_that_answers_from_empty_ones_are_kept(brook, page):
    with practice_scope(brook.pk):
        assert set(ChangeMark.objects.values_list("of_table", flat=True)) == set(TABLES)
    assert [page(lambda: kept_rows("SELECT count(*) FROM invoicing_comingbill")) for _ in range(2)] == [
        ([(0,)], 1),
        ([(0,)], 0),
    ]


def test_every_marked_table_is_of_a_practice_s_own_rows_and_marked_by_whatever_changes_it(db):
    own = {model._meta.db_table for model in tenant_models()}
    assert set(TABLES) <= own
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_object_table, array_agg(event_manipulation::text ORDER BY event_manipulation)"
            " FROM information_schema.triggers WHERE trigger_name LIKE 'marked_%%' GROUP BY 1"
        )
        marked = dict(cursor.fetchall())
    assert marked == {table: ["DELETE", "INSERT", "UPDATE"] for table in TABLES}

"""The client list: found by the beginnings of words, narrowed, sorted, paged without counting off, kept as views."""

from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.urls import reverse

from clients import listing
from clients.listing import ListForm, client_list_of
from clients.models import Client, ContactPerson
from clients.models.search import LAST, ONE_WORD
from clients.operations import (
    add_group,
    amend_client,
    archive_client,
    put_in_group,
    review_client,
    tag_client,
)
from clients.operations.records import assign_client
from clients.views.listing import _status_tabs
from practices import lists
from practices.models import SavedView
from practices.scalars import figures
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.clients.books import a_client, names
from tests.integration.home.questions import questions_of
from tests.integration.invoicing.documents import an_invoice, many_schedules, open_the_ledger
from tests.statistics import analyse


@pytest.fixture
def book(brook):
    """An open scope with three clients."""
    with practice_scope(brook.pk):
        a_client(
            "Harbour Bakery Ltd", "mina@harbour.example", vat_number="GB123456782", postal_code="YO21 3PU"
        )
        a_client("Fenwick Joinery", "tom@fenwick.example", company_number="01234567", postal_code="NE46 1AB")
        a_client("Café O'Brien", "ines@obrien.example", utr="1955839661")
        yield brook


def listed(query: str = ""):
    asked = QueryDict(query)
    return client_list_of(asked, ListForm(asked), TODAY)


def shown(query: str = "") -> list[str]:
    return names(listed(query).page(QueryDict(query)))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("bak", ["Harbour Bakery Ltd"]),
        ("ltd harb", ["Harbour Bakery Ltd"]),
        ("HARBOUR BAKERY LTD", ["Harbour Bakery Ltd"]),
        ("cafe", ["Café O'Brien"]),
        ("CAFÉ", ["Café O'Brien"]),
        ("obrien", ["Café O'Brien"]),
        ("o'brien", ["Café O'Brien"]),
        ("01234567", ["Fenwick Joinery"]),
        ("GB 123 4567 82", ["Harbour Bakery Ltd"]),
        ("123456782", ["Harbour Bakery Ltd"]),
        ("19558 39661", ["Café O'Brien"]),
        ("yo21 3pu", ["Harbour Bakery Ltd"]),
        ("yo213pu", ["Harbour Bakery Ltd"]),
        ("ne46", ["Fenwick Joinery"]),
        ("tom@fen", ["Fenwick Joinery"]),
        ("harbour.example", ["Harbour Bakery Ltd"]),
        ("mina", ["Harbour Bakery Ltd"]),
        ("akery", []),
        ("bakery joinery", []),
        ("%", ["Café O'Brien", "Fenwick Joinery", "Harbour Bakery Ltd"]),
        ("'; DROP TABLE clients_client; --", []),
    ],
)
def test_one_box_finds_by_the_beginnings_of_names_numbers_addresses_and_postcodes(book, words, found):
    assert names(Client.objects.matching(words)) == found


def test_a_client_is_found_by_what_it_is_called_now(book):
    client = Client.objects.get(name="Fenwick Joinery")
    client.name = "Hexham Joinery"
    people = list(client.people.all())
    people[0].email = "tom@hexham.example"
    amend_client(client, people)
    assert names(Client.objects.matching("hexham")) == ["Hexham Joinery"]
    assert names(Client.objects.matching("fenwick")) == []
    amend_client(client, [])
    assert names(Client.objects.matching("tom@hexham.example")) == []


def test_words_are_the_practices_own(book, cedar):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ignition.practice_id', %s, true)", [str(cedar.pk)])
        cursor.execute("SELECT count(*) FROM clients_clientword")
        assert cursor.fetchone() == (0,)


def test_search_reads_an_index_by_word_and_not_the_whole_practice(book):
    """PG3, PG6: row level security lets only comparisons that cannot leak into an index condition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO clients_clientword (practice_id, client_id, word)"
            " SELECT %s, -number, 'word' || number FROM generate_series(1, 5000) number",
            [book.pk],
        )
        analyse("clients_clientword")
        cursor.execute(f"EXPLAIN {ONE_WORD}", [book.pk, "harb", "harb" + LAST])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    conditions = [line for line in plan.splitlines() if "Index Cond" in line]
    assert "Seq Scan" not in plan
    assert any("word" in condition for condition in conditions), plan


def test_pages_lead_to_every_row_once_forwards_and_back(book, monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 7)
    Client.objects.bulk_create(Client(name=f"Same name {number % 5}") for number in range(30))
    for sort in listing.ORDERS:
        wanted = names(Client.objects.order_by(*listing.ORDERS[sort]))
        query, seen = f"sort={sort}", []
        while True:
            page = listed(query).page(QueryDict(query))
            seen.append(names(page))
            if not page.next:
                break
            query = page.next.lstrip("?")
        assert [name for names_ in seen for name in names_] == wanted
        backwards = [seen[-1]]
        while page.previous:
            page = listed(page.previous.lstrip("?")).page(QueryDict(page.previous.lstrip("?")))
            backwards.insert(0, names(page))
        assert [name for names_ in backwards for name in names_] == wanted


@pytest.mark.parametrize("place", ["x", "!!", "W10", "WyJhIl0", "WzEsICIyIl0", "bnVsbA", "WyJhIiwgImIiXQ"])
def test_a_place_that_is_not_ours_is_the_first_page(book, place):
    assert shown(f"after={place}")[:1] in (["Café O'Brien"], [])
    assert len(shown(f"after={place}&sort=-added")) in (0, 3)


@pytest.mark.parametrize(
    "query",
    [
        "sort=name%3BDROP",
        "sort=practice__slug",
        "status=x",
        "manager=x",
        "tag=1%27",
        "kind=%00",
        "columns=practice",
    ],
)
def test_a_sort_or_filter_that_does_not_exist_narrows_nothing(book, query):
    assert len(shown(query)) == 3


def test_g45_the_list_is_narrowed_by_person_tag_group_kind_checks_and_activity(book, cast):
    harbour, fenwick = (
        Client.objects.get(name__startswith="Harbour"),
        Client.objects.get(name__startswith="Fen"),
    )
    assign_client(harbour, "manager", cast.bob)
    tag_client(harbour, ["VIP"])
    tag = harbour.tags.get()
    group = add_group("Family")
    put_in_group(fenwick, group)
    review_client(fenwick, status="cleared", reviewer=cast.bob, on=TODAY, next_on=TODAY + timedelta(days=10))
    assert shown(f"manager={cast.bob.pk}") == ["Harbour Bakery Ltd"]
    assert shown("manager=none") == ["Café O'Brien", "Fenwick Joinery"]
    assert shown(f"tag={tag.pk}") == ["Harbour Bakery Ltd"]
    assert shown(f"group={group.pk}") == ["Fenwick Joinery"]
    assert shown("checks=open") == ["Café O'Brien", "Harbour Bakery Ltd"]
    assert shown("checks=soon") == ["Fenwick Joinery"]
    assert shown("checks=cleared&kind=company") == ["Fenwick Joinery"]
    assert len(shown("activity=30")) == 3
    assert shown("activity=none") == []


def test_a_foreign_manager_or_tag_narrows_nothing(book, cast, cedar):
    assert len(shown(f"manager={cast.carol.pk}")) == 3


def test_g44_archived_clients_stand_in_their_own_view(book):
    archive_client(Client.objects.get(name="Fenwick Joinery"))
    assert shown() == ["Café O'Brien", "Harbour Bakery Ltd"]
    assert shown("status=archived") == ["Fenwick Joinery"]


def test_the_page_shows_columns_of_ones_own_choice(client_of, brook):
    with practice_scope(brook.pk):
        client = a_client("Harbour Bakery Ltd", city="Whitby")
        tag_client(client, ["VIP"])
    browser = client_of("alice")
    page = browser.get("/p/brook-co/clients/?columns=town&columns=tags").content.decode()
    assert "Whitby" in page
    assert '<th scope="col" role="columnheader">Town</th>' in page
    assert '<th scope="col" role="columnheader">Manager</th>' not in page


def test_the_lists_queries_do_not_grow_with_its_rows(client_of, brook, django_assert_max_num_queries):
    browser = client_of("alice")
    browser.get("/p/brook-co/clients/")
    with practice_scope(brook.pk):
        for number in range(60):
            a_client(f"Client {number}", f"c{number}@x.example")
    with django_assert_max_num_queries(45):
        browser.get("/p/brook-co/clients/")


def test_looking_for_clients_by_a_word_asks_nine_questions_at_most(client_of, brook):
    browser, address = client_of("alice"), "/p/brook-co/clients/?q=client"
    with practice_scope(brook.pk):
        many_schedules(60, on=brook.today())
    browser.get(address)
    assert len(questions_of(browser, address)) <= 9


def test_a_view_is_kept_for_its_person_alone_without_its_place(client_of, brook, cast):
    address = reverse("practices:view-save", args=["brook-co"])
    data = {"list": "clients", "name": "Mine", "query": "tag=1&after=x", "back": "/p/brook-co/clients/"}
    browser = client_of("alice")
    answer = browser.post(address, data)
    assert answer.headers["Location"] == "/p/brook-co/clients/?tag=1"
    assert "Mine" in browser.get("/p/brook-co/clients/").content.decode()
    with practice_scope(brook.pk):
        view = SavedView.objects.get()
    forget = reverse("practices:view-forget", args=["brook-co", view.pk])
    other = client_of("bob")
    assert "Mine" not in other.get("/p/brook-co/clients/").content.decode()
    assert other.post(forget).status_code == 404
    assert client_of("alice").post(forget).status_code == 303
    with practice_scope(brook.pk):
        assert not SavedView.objects.exists()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/p/cedar-llp/", "\\\\evil"])
def test_keeping_a_view_leads_nowhere_else(client_of, back):
    data = {"list": "clients", "name": "Mine", "query": "", "back": back}
    answer = client_of("alice").post(reverse("practices:view-save", args=["brook-co"]), data)
    assert answer.headers["Location"] == "/p/brook-co/"


def test_a_person_who_has_left_finds_nothing_any_more(book):
    client = Client.objects.get(name="Harbour Bakery Ltd")
    ContactPerson.objects.filter(client=client).update(has_left=True, is_signatory=False, is_primary=False)
    assert names(Client.objects.matching("mina")) == []


def test_clients_beside_tabs_are_counted_no_further_than_lists_are(client_of, brook, monkeypatch):
    with practice_scope(brook.pk):
        for number in range(4):
            Client.objects.create(name=f"Client {number}", status=Client.Status.ACTIVE)
    monkeypatch.setattr(lists, "COUNTED", 2)
    known = {f"in_{state}": 0 for state in Client.Status.values} | {"in_active": 4, "in_lead": 1}
    request = client_of("alice").get("/p/brook-co/clients/").wsgi_request
    request.practice = brook
    counts = [tab["count"] for tab in _status_tabs(request, "", known)]
    assert counts == ["2+", 1, "2+", 0, 0]


@pytest.mark.parametrize(("many", "most"), [(200, 4000), (0, 4000), (0, 0)])
def test_totals_of_everybody_leave_out_what_belongs_to_the_archived(brook, monkeypatch, many, most):
    monkeypatch.setattr(listing, "MANY", many)
    monkeypatch.setattr(listing, "MOST", most)
    with practice_scope(brook.pk):
        open_the_ledger()
        kept, gone = a_client("Acme"), a_client("Birch")
        owed = an_invoice(kept).outstanding
        an_invoice(gone)
        Client.objects.filter(pk=gone.pk).update(status=Client.Status.ARCHIVED)
        Client.objects.filter(pk=kept.pk).update(status=Client.Status.ACTIVE)
        for query, count, total in [
            ("", 1, owed),
            ("q=acme", 1, owed),
            ("status=archived", 1, owed),
            ("q=birch&status=archived", 1, owed),
            ("q=birch", 0, None),
            ("status=active", 1, owed),
            ("status=lead", 0, None),
            ("q=acme&status=active", 1, owed),
            ("q=acme&kind=company", 1, owed),
            ("q=x", 0, None),
        ]:
            chosen = QueryDict(query)
            known = figures(**client_list_of(chosen, ListForm(chosen), TODAY).columns_of_totals())
            assert (known["count"], known["total_outstanding"]) == (count, total)


def test_pg3_a_search_of_the_list_asks_eight_questions_at_most(client_of, brook):
    with practice_scope(brook.pk):
        a_client("Harbour Bakery Ltd")
    alice = client_of("alice")
    alice.get("/p/brook-co/clients/?q=har")  # the first one records the arrival
    assert len(questions_of(alice, "/p/brook-co/clients/?q=harb")) <= 8

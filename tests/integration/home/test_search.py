"""One box for clients, proposals and both invoice numbers: what it finds, from indexes, in one's own practice."""

import pytest

from clients.models import Client
from clients.operations import add_client
from ignition import search
from ignition.search import hits
from ledger.leases import lease_due_postings
from ledger.models import Posting
from ledger.outbox import mark_posted
from practices.tenancy import practice_scope
from tests.integration.home.questions import questions_of
from tests.integration.invoicing.documents import an_invoice, open_the_ledger
from tests.integration.proposals import offers
from tests.statistics import analyse

PAGE = "/p/brook-co/search/"


@pytest.fixture
def book(brook):
    """A client with a sent proposal and an invoice in Sage as SI-42, and another client with an invoice."""
    with practice_scope(brook.pk):
        open_the_ledger()
        client = offers.a_client("Mara Hill", name="Harbour Bakery Ltd")
        proposal = offers.a_sent(client=client, on=brook.today(), title="Accounts and payroll")
        first = an_invoice(client, on=brook.today())
        for posting in lease_due_postings():
            mark_posted(posting, external_id="1", number="SI-42")
        second = an_invoice(add_client(Client(name="Fenwick Joinery"), []), on=brook.today())
    return {"client": client, "proposal": proposal, "first": first, "second": second}


def found_by(brook, words: str) -> dict[str, list]:
    with practice_scope(brook.pk):
        found = hits(words, 5)
        return {
            "clients": [client.name for client in found.clients],
            "proposals": [proposal.pk for proposal in found.proposals],
            "invoices": [invoice.number for invoice in found.invoices],
        }


@pytest.mark.parametrize("words", ["harb", "Bakery harbour", "mara"])
def test_a_client_is_found_with_its_proposals_and_invoices(book, brook, words):
    found = found_by(brook, words)
    assert found["clients"] == ["Harbour Bakery Ltd"]
    assert found["proposals"] == [book["proposal"].pk]
    assert found["invoices"] == [1]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("INV-000002", [2]),
        ("inv", [2, 1]),
        ("INV-", [2, 1]),
        ("inv 2", [2]),
        ("INV-0000", [2, 1]),
        ("2", [2]),
        ("INV-000001-K7Q2M9", [1]),
        ("SI-42", [1]),
        ("si-4", [1]),
        ("42", [1]),
        ("SI-43", []),
    ],
)
def test_an_invoice_is_found_by_our_number_and_by_sages_while_it_is_typed(book, brook, words, numbers):
    assert found_by(brook, words)["invoices"] == numbers


@pytest.mark.parametrize("words", ["P-0001", "p 1", "payroll"])
def test_a_proposal_is_found_by_number_and_by_what_is_in_its_name(book, brook, words):
    assert found_by(brook, words)["proposals"] == [book["proposal"].pk]


def test_names_of_proposals_are_looked_through_among_the_newest_alone(book, brook, monkeypatch):
    monkeypatch.setattr(search, "NEWEST", 1)
    assert found_by(brook, "payroll")["proposals"] == [book["proposal"].pk]
    with practice_scope(brook.pk):
        offers.a_draft()
    assert found_by(brook, "payroll")["proposals"] == []
    assert found_by(brook, "P-0001")["proposals"] == [book["proposal"].pk]


@pytest.mark.parametrize("words", ["%", "'", "\\", "INV-999999999999", "٣", "x" * 300, "SI-\U0010ffff"])
def test_any_words_are_answered(book, client_of, words):
    assert client_of("alice").get(PAGE, {"q": words}).status_code == 200


def test_nobody_finds_what_another_practice_has(book, cedar, client_of):
    with practice_scope(cedar.pk):
        assert hits("harb", 5).count == hits("SI-42", 5).count == hits("INV-000001", 5).count == 0
    assert client_of("carol").get(PAGE, {"q": "harb"}).status_code == 404


def test_typing_gets_the_matches_alone_and_the_page_works_without_script(book, client_of):
    browser = client_of("alice")
    typed = browser.get(PAGE, {"q": "harb"}, headers={"HX-Request": "true"}).content.decode()
    whole = browser.get(PAGE, {"q": "harb"}).content.decode()
    for text in (typed, whole):
        assert "Harbour Bakery Ltd" in text
        assert "SI-42" not in text  # found by the client, not by its number there
    assert "<html" not in typed
    assert "<html" in whole
    assert browser.get(PAGE, {"q": ""}, headers={"HX-Request": "true"}).content.decode().strip() == ""


def test_what_is_typed_costs_a_fixed_number_of_questions(book, brook, client_of):
    browser = client_of("alice")
    browser.get(PAGE)
    few = questions_of(browser, f"{PAGE}?q=harb", htmx=True)
    with practice_scope(brook.pk):
        for number in range(8):
            an_invoice(add_client(Client(name=f"Harbour {number}"), []), on=brook.today())
    many = questions_of(browser, f"{PAGE}?q=harb", htmx=True)
    assert len(many) <= len(few) <= 10, many


def test_clients_whose_name_begins_with_the_words_come_first_and_nobody_comes_twice(brook):
    with practice_scope(brook.pk):
        for name in (
            "Bay Harbour Ltd",
            "Harbour View",
            "harbour bakery",
            "O'Brien",
            "Old Harbour",
            "Ardbarra",
        ):
            add_client(Client(name=name), [])
    assert found_by(brook, " HARB ")["clients"] == [
        "harbour bakery",
        "Harbour View",
        "Bay Harbour Ltd",
        "Old Harbour",
    ]
    assert found_by(brook, "o'b")["clients"] == ["O'Brien"]
    assert found_by(brook, "harbour b")["clients"] == ["harbour bakery", "Bay Harbour Ltd"]


def test_of_many_that_begin_so_no_more_are_looked_for(brook):
    with practice_scope(brook.pk):
        for number in range(7):
            add_client(Client(name=f"Harbour {number}"), [])
        add_client(Client(name="Acme Harbour"), [])
    assert found_by(brook, "harbour")["clients"] == [f"Harbour {number}" for number in range(5)]


def test_sages_number_is_looked_up_in_an_index_under_row_level_security(book, brook):
    with practice_scope(brook.pk):
        Posting.objects.bulk_create(
            Posting(
                kind=Posting.Kind.INVOICE_CREATE,
                subject_id=10**9 + number,  # no invoice of any other test
                copy=1,
                reference=f"R-{number}",
                idempotency_id=f"{number:032d}",
                status=Posting.Status.POSTED,
                external_id="x",
                external_number=f"SI-{number}",
            )
            for number in range(1000, 4000)
        )
        analyse("ledger_posting")
        plan = Posting.objects.numbered_like("SI-42").order_by().explain()
    assert "postings_by_ledger_number" in plan
    assert ">= 'SI-42'" in plan.split("Filter:")[0]


def test_an_invoice_that_is_found_says_where_it_stands(book, client_of):
    page = client_of("alice").get(PAGE, {"q": "harbour"})
    assert [stands for _, _, stands in page.context["invoices"]] == ["Unpaid"]
    assert ", Unpaid</span>" in page.content.decode()

"""The list of payments: what came from Sage and what was entered here, found and added up."""

import csv
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing.models import Payment
from invoicing.operations import mark_paid, record_payment, take_back, write_off
from invoicing.operations.payments import OnAccount
from invoicing.payments_list import VIEWS
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import a_client, an_invoice

D = Decimal
URL = reverse("invoicing:payment-list", args=["brook-co"])


@pytest.fixture
def paid(brook) -> dict[str, Payment]:
    """Birch paid by hand and was paid back, Acme paid in Sage with some on account and was forgiven the rest."""
    with practice_scope(brook.pk):
        birch, acme = an_invoice(a_client("Birch Ltd")), an_invoice(a_client("Acme Dental Ltd"))
        return {
            "by hand": mark_paid(birch, amount=D(300), received_on=TODAY, reference="CASH 7", on=TODAY),
            "sage": record_payment(
                acme.client,
                received_on=TODAY,
                amount=D(500),
                source=Payment.Source.SAGE,
                external_id="sage-1",
                allocations=[(acme, D(400))],
                on_account=OnAccount("account-1", D(100)),
            ),
            "given up": write_off(acme, reason="Bankrupt", on=TODAY),
            "back": record_payment(
                birch.client,
                received_on=TODAY,
                amount=D(50),
                source=Payment.Source.SAGE,
                external_id="sage-2",
                allocations=[],
                kind=Payment.Kind.REFUNDED,
            ),
        }


def shown(client_of, **query):
    return client_of("alice").get(URL, query).context


def test_f82_payments_of_both_sources_are_listed_with_their_invoices_and_only_money_is_added_up(
    paid, client_of
):
    context = shown(client_of)
    assert {row["payment"].pk for row in context["rows"]} == {each.pk for each in paid.values()}
    settles = {row["payment"].pk: len(row["invoices"]) for row in context["rows"]}
    assert [settles[paid[name].pk] for name in ("by hand", "sage", "given up", "back")] == [1, 1, 1, 0]
    assert (context["totals"].count, context["totals"].amount) == (4, D(300) + 500 - 50)
    assert context["totals"].on_account == 100


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"view": "received"}, {"by hand", "sage"}),
        ({"view": "on-account"}, {"sage"}),
        ({"view": "written-off"}, {"given up"}),
        ({"view": "paid-back"}, {"back"}),
        ({"view": "taken-back"}, set()),
        (
            {"view": "nonsense", "source": "nonsense", "since": "yesterday"},
            {"by hand", "sage", "given up", "back"},
        ),
        ({"source": "sage"}, {"sage", "back"}),
        ({"q": "birch"}, {"by hand", "back"}),
        ({"q": "cash"}, {"by hand"}),
        ({"q": "INV-000002"}, {"sage", "given up"}),
        ({"q": "9" * 30}, set()),
        (
            {"since": f"{TODAY:%Y-%m-%d}", "until": f"{TODAY:%Y-%m-%d}"},
            {"by hand", "sage", "given up", "back"},
        ),
        ({"until": "2020-01-01"}, set()),
    ],
)
def test_g72_payments_are_found_by_kind_source_client_reference_number_and_date(
    paid, client_of, query, names
):
    found = {row["payment"].pk for row in shown(client_of, **query)["rows"]}
    assert found == {paid[name].pk for name in names}


def test_what_was_taken_back_is_listed_and_counts_as_no_money(paid, brook, client_of):
    with practice_scope(brook.pk):
        take_back(paid["by hand"])
    assert shown(client_of)["totals"].amount == 450
    assert [row["payment"].pk for row in shown(client_of, view="taken-back")["rows"]] == [paid["by hand"].pk]


@pytest.mark.parametrize("view", list(VIEWS))
def test_g72_the_files_amounts_add_up_to_the_pages_total_in_every_view(paid, brook, client_of, view):
    with practice_scope(brook.pk):
        take_back(paid["by hand"])
    columns = ["kind", "amount", "recorded"]
    answer = client_of("alice").get(URL, {"view": view, "file": "csv", "columns": columns})
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    amounts = [D(row["Amount"]) for row in rows if row["Amount"]]
    assert sum(amounts) == shown(client_of, view=view)["totals"].amount
    if not view:
        said = {(row["Kind"], row["Amount"], row["Amount recorded"]) for row in rows}
        assert {("Taken back", "", "300.00"), ("Paid back", "-50.00", "-50.00")} < said


def test_a_payment_costs_no_question_of_its_own(paid, brook, client_of):
    browser = client_of("alice")
    browser.get(URL)
    with CaptureQueriesContext(connection) as few:
        browser.get(URL)
    with practice_scope(brook.pk):
        for number in range(6):
            mark_paid(an_invoice(a_client(f"More {number}")), amount=D(1), received_on=TODAY, on=TODAY)
    with CaptureQueriesContext(connection) as many:
        assert len(browser.get(URL).context["rows"]) == 10
    assert len(many) == len(few)

"""The same operations as on screen: what a program may do with each resource."""

import json
from datetime import date

import pytest
from django.urls import get_resolver

from clients.models import Client, ContactPerson
from clients.operations import add_client
from invoicing.models import Invoice, Payment
from invoicing.operations import record_payment, write_off
from invoicing.operations.credit_notes import issue_credit_note
from ledger.models import Posting
from practices.api_keys import SCOPES
from practices.tenancy import practice_scope
from practices.webhooks import add_endpoint
from services.models import Service
from services.operations import archive_service
from tests.factories import TODAY
from tests.integration.invoicing.documents import a_client, a_rate, a_service, an_invoice

API = "/api/v1/"
OPEN = {"reference", "schema"}
NOW = date(2026, 3, 10)


def addresses() -> list[tuple[str, str]]:
    """Every address of the API with an id that nothing has."""
    (resolver,) = [one for one in get_resolver().url_patterns if str(one.pattern) == "api/v1/"]
    found = []
    for pattern in resolver.url_patterns:
        for one in getattr(pattern, "url_patterns", [pattern]):
            route = str(one.pattern).replace("^", "").replace("$", "").replace("\\Z", "")
            path = route.replace("(?P<pk>[1-9][0-9]{0,17})", "987654")
            if one.name not in OPEN:
                found.append((one.name, API + path))
    return found


def send(program, method, path, body):
    return getattr(program, method)(path, json.dumps(body), content_type="application/json")


@pytest.fixture
def sold(brook):
    """A client, a service and a rate of Brook & Co."""
    with practice_scope(brook.pk):
        return {"client": a_client().pk, "service": a_service().pk, "tax_rate": a_rate().pk}


def draft_of(sold, **changes):
    line = {
        "service": sold["service"],
        "tax_rate": sold["tax_rate"],
        "name": "Annual accounts",
        "quantity": "3",
        "unit_price": "33.335",
    }
    return {"client": sold["client"], "tax_point": str(NOW), "lines": [{**line, **changes}]}


def test_every_address_needs_a_key_its_scope_and_its_own_practice(brook, cedar, client, program_of, sold):
    nothing, stranger = program_of(brook, []), program_of(cedar)
    assert len(addresses()) > 15
    for name, path in addresses():
        assert client.get(path).status_code == 401, name
        assert client.post(path).status_code == 401, name
        assert nothing.get(path).status_code in (403, 405), name
        assert nothing.post(path).status_code in (403, 405), name
        if "987654" in path:
            assert stranger.get(path).status_code in (404, 405), name


def test_the_reference_and_the_description_are_open(client, db):
    assert client.get(API).status_code == 200
    described = client.get(f"{API}openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert f"{API}invoices/{{id}}/issue/" in described["paths"]


def test_an_invoice_is_drafted_issued_and_paid_to_the_penny(brook, program_of, sold):
    program = program_of(brook)
    made = send(program, "post", f"{API}invoices/", draft_of(sold)).json()
    assert (made["status"], made["net"], made["vat"], made["gross"]) == ("draft", "100.01", "20.00", "120.01")
    issued = program.post(f"{API}invoices/{made['id']}/issue/").json()
    assert (issued["status"], issued["outstanding"]) == ("issued", "120.01")
    paid = send(
        program,
        "post",
        f"{API}payments/",
        {
            "client": sold["client"],
            "received_on": str(NOW),
            "amount": "50.00",
            "allocations": [{"invoice": made["id"], "amount": "50.00"}],
        },
    )
    assert paid.status_code == 201
    assert program.get(f"{API}invoices/{made['id']}/").json()["outstanding"] == "70.01"
    again = program.post(f"{API}invoices/{made['id']}/issue/")
    assert (again.status_code, again.json()["title"]) == (409, "This cannot be done now")


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": "0"},
        {"quantity": "1.234567"},
        {"unit_price": "-1"},
        {"unit_price": "NaN"},
        {"unit_price": "1e400"},
        {"unit_price": "1" * 20},
        {"name": ""},
        {"service": "x"},
    ],
)
def test_lines_that_cannot_be_are_refused_and_nothing_is_made(brook, program_of, sold, changes):
    answer = send(program_of(brook), "post", f"{API}invoices/", draft_of(sold, **changes))
    assert answer.status_code == 400
    assert answer.json()["errors"]["lines"]
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()


def test_f89_ids_of_another_practice_in_a_body_are_unknown(cedar, program_of, sold):
    with practice_scope(cedar.pk):
        own = {"client": a_client().pk, "service": a_service().pk, "tax_rate": a_rate().pk}
    for stolen in ("client", "service", "tax_rate"):
        body = draft_of({**own, stolen: sold[stolen]})
        answer = send(program_of(cedar), "post", f"{API}invoices/", body)
        assert answer.status_code == 400, stolen
        assert "does not exist" in json.dumps(answer.json()["errors"])


def test_a_payment_from_a_program_cannot_pass_for_one_from_sage(brook, program_of, sold):
    body = {
        "client": sold["client"],
        "received_on": str(NOW),
        "amount": "1.00",
        "source": "sage",
        "external_id": "x",
        "allocations": [],
    }
    assert send(program_of(brook), "post", f"{API}payments/", body).json()["source"] == "by_hand"
    with practice_scope(brook.pk):
        assert Payment.objects.get().external_id == ""


def test_g72_a_program_does_not_take_back_what_sage_says_is_paid(brook, program_of):
    with practice_scope(brook.pk):
        invoice = an_invoice()
        paid = record_payment(
            invoice.client,
            received_on=TODAY,
            amount=invoice.gross,
            source=Payment.Source.SAGE,
            external_id="x1",
            allocations=[(invoice, invoice.gross)],
        )
    answer = send(program_of(brook), "post", f"{API}payments/{paid.pk}/reverse/", {})
    assert answer.status_code == 409
    assert "was recorded in Sage" in answer.text
    with practice_scope(brook.pk):
        assert Invoice.objects.get().outstanding == 0


def test_g81_a_program_reads_that_a_write_off_is_no_money(brook, program_of):
    with practice_scope(brook.pk):
        write_off(an_invoice(), reason="Bankrupt", on=TODAY)
    (entry,) = program_of(brook).get(f"{API}payments/").json()["results"]
    assert (entry["kind"], entry["amount"]) == ("written_off", "720.00")


def test_f22_an_included_or_archived_service_is_not_billed_by_a_program_either(brook, program_of, sold):
    with practice_scope(brook.pk):
        archived = a_service("Old work")
        included = Service.objects.create(
            name="Helpline", tax_rate_id=sold["tax_rate"], billing_basis=Service.BillingBasis.INCLUDED
        )
        archive_service(archived)
    for service in (archived, included):
        answer = send(program_of(brook), "post", f"{API}invoices/", draft_of(sold, service=service.pk))
        assert answer.status_code == 400
        assert "does not exist" in json.dumps(answer.json()["errors"]["lines"])


def test_what_the_caller_has_already_is_not_sent_again(brook, program_of, sold):
    program = program_of(brook)
    path = f"{API}clients/{sold['client']}/"
    tag = program.get(path).headers["ETag"]
    assert program.get(path, headers={"If-None-Match": tag}).status_code == 304
    page = program.get(f"{API}clients/").headers["ETag"]
    assert program.get(f"{API}clients/", headers={"If-None-Match": page}).status_code == 304


def test_a_change_of_what_changed_meanwhile_is_refused(brook, program_of, sold):
    program = program_of(brook)
    path = f"{API}clients/{sold['client']}/"
    tag = program.get(path).headers["ETag"]
    assert send(program, "patch", path, {"city": "Hull"}).status_code == 200
    late = program.patch(
        path, json.dumps({"city": "York"}), content_type="application/json", headers={"If-Match": tag}
    )
    assert late.status_code == 412
    assert program.get(path).json()["city"] == "Hull"


def test_a_list_is_walked_by_cursor_without_missing_or_repeating(brook, program_of):
    with practice_scope(brook.pk):
        made = {a_client(f"Client {number}").pk for number in range(5)}
    program = program_of(brook)
    seen, page = [], f"{API}clients/?limit=2&fields=id"
    while page:
        answer = program.get(page).json()
        seen += [row["id"] for row in answer["results"]]
        assert all(set(row) == {"id"} for row in answer["results"])
        page = answer["next"]
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "fields=nonsense", "colour=red", "status=odd"]
)
def test_a_parameter_that_means_nothing_is_refused(brook, program_of, query):
    answer = program_of(brook).get(f"{API}clients/?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


def test_a_posting_that_needs_somebody_says_why(brook, program_of):
    with practice_scope(brook.pk):
        an_invoice()
        Posting.objects.update(status=Posting.Status.FAILED, failure="mapping_missing")
    (posting,) = program_of(brook).get(f"{API}postings/?status=failed").json()["results"]
    assert posting["failure"] == "mapping_missing"
    assert posting["requested_at"]


def test_lists_are_narrowed_by_their_filters(brook, program_of, sold):
    with practice_scope(brook.pk):
        other = an_invoice(a_client("Mill Lane Dental")).client_id
    program = program_of(brook)
    found = program.get(f"{API}invoices/?client={other}&status=issued").json()["results"]
    assert [row["client"] for row in found] == [other]
    assert program.get(f"{API}invoices/?client={sold['client']}").json()["results"] == []


def test_keys_are_issued_shown_once_and_revoked_by_owners(brook, client_of):
    owner = client_of("alice")
    page = "/p/brook-co/settings/api-keys/"
    shown = owner.post(f"{page}issue/", {"name": "Client portal", "scopes": ["clients:read"]})
    assert shown.headers["Cache-Control"] == "no-store"
    assert 'value="ign_' in shown.content.decode()
    listed = owner.get(page).content.decode()
    assert "Client portal" in listed
    assert 'value="ign_' not in listed
    assert owner.post(f"{page}issue/", {"name": "x", "scopes": ["everything"]}).status_code == 422
    assert set(SCOPES) >= {"clients:read", "invoices:write"}


def test_contacts_credit_notes_and_webhooks_can_be_read_and_hold_no_secret(brook, cedar, program_of):
    with practice_scope(brook.pk):
        client = add_client(Client(name="Acme Ltd"), [ContactPerson(name="Ann", email="Ann@acme.example")])
        issue_credit_note(an_invoice(client), reason="Wrong client", issued_on=TODAY, on=TODAY)
        _, secret = add_endpoint("https://hooks.example/in", ["invoice.posted"], by=None)
    program = program_of(brook)
    (person,) = program.get("/api/v1/contacts/?email=ann@acme.example").json()["results"]
    (note,) = program.get(f"/api/v1/credit-notes/?client={client.pk}").json()["results"]
    (hook,) = program.get("/api/v1/webhooks/").json()["results"]
    assert (person["client"], note["gross"], note["lines"][0]["net"]) == (client.pk, "720.00", "600.00")
    assert hook["events"] == ["invoice.posted"]
    assert secret not in str(program.get(f"/api/v1/webhooks/{hook['id']}/").json())
    assert program.get(f"/api/v1/credit-notes/{note['id']}/?fields=number").json() == {
        "number": note["number"]
    }
    tag = program.get(f"/api/v1/credit-notes/{note['id']}/").headers["ETag"]
    assert (
        program.get(f"/api/v1/credit-notes/{note['id']}/", headers={"If-None-Match": tag}).status_code == 304
    )
    for path in ("contacts", "credit-notes", "webhooks", "webhook-deliveries"):
        assert program_of(cedar).get(f"/api/v1/{path}/").json()["results"] == []

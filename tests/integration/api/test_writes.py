"""What programs may change beside invoices and payments: each by the operation its page uses, each POST once."""

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import Client, ContactPerson
from clients.operations import add_client, amend_client
from invoicing.models import BillingSchedule, CreditNote
from ledger.models import Posting
from practices.models import AuditEntry, IdempotentAnswer
from practices.tenancy import practice_scope
from practices.webhook_models import WebhookDelivery, WebhookEndpoint
from practices.webhooks import emit
from proposals.models import Proposal
from proposals.operations import amend_draft
from proposals.operations.editing import set_options
from proposals.operations.templates import keep_template
from services.models import Service, ServiceCategory, TaxRate
from tests.integration.invoicing.documents import (
    MONTHLY,
    ON_COMPLETION,
    a_client,
    a_draft,
    a_schedule,
    a_service,
    an_invoice,
)
from tests.integration.proposals import offers

API = "/api/v1/"


def send(program, method, path, body=None, **headers):
    return getattr(program, method)(
        f"{API}{path}", json.dumps(body or {}), content_type="application/json", headers=headers
    )


@pytest.fixture
def program(brook, program_of):
    return program_of(brook)


def test_a_person_is_added_amended_and_leaves(brook, program):
    with practice_scope(brook.pk):
        ann = ContactPerson(name="Ann", email="ann@acme.example", is_signatory=True, is_primary=True)
        client = add_client(Client(name="Acme Ltd"), [ann])
    body = {"client": client.pk, "name": "Ben", "email": "ben@acme.example", "is_primary": True}
    made = send(program, "post", "contacts/", body)
    assert made.status_code == 201
    ben = made.json()
    assert (ben["client"], ben["is_signatory"], ben["is_primary"]) == (client.pk, True, True)
    assert not program.get(f"{API}contacts/{ann.pk}/").json()["is_primary"]
    stale = made.headers["ETag"]
    changed = send(program, "patch", f"contacts/{ben['id']}/", {"phone": "0113 496 0000"})
    assert changed.json()["phone"] == "0113 496 0000"
    late = send(program, "patch", f"contacts/{ben['id']}/", {"name": "X"}, **{"If-Match": stale})
    assert late.status_code == 412
    assert send(program, "delete", f"contacts/{ben['id']}/").status_code == 204
    assert program.get(f"{API}contacts/{ben['id']}/").status_code == 404
    with practice_scope(brook.pk):
        assert ContactPerson.objects.get(pk=ben["id"]).has_left
        assert ContactPerson.objects.get(pk=ann.pk).has_left is False
        assert AuditEntry.objects.filter(action="client.amended", subject_id=client.pk).count() == 3


def test_a_person_without_an_address_cannot_sign(brook, program):
    with practice_scope(brook.pk):
        client = a_client()
    answer = send(program, "post", "contacts/", {"client": client.pk, "name": "Ben", "is_signatory": True})
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"email": ["Whoever signs proposals needs an e-mail address."]}


def test_an_invoice_is_credited_once_and_the_note_amended(brook, program):
    with practice_scope(brook.pk):
        invoice = an_invoice(on=brook.today())
    body = {"invoice": invoice.pk, "reason": "Wrong client", "issued_on": str(brook.today())}
    first = send(program, "post", "credit-notes/", body, **{"Idempotency-Key": "credit 1"})
    again = send(program, "post", "credit-notes/", body, **{"Idempotency-Key": "credit 1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["gross"] == "720.00"
    assert program.get(f"{API}invoices/{invoice.pk}/").json()["outstanding"] == "0.00"
    refused = send(program, "post", "credit-notes/", body)
    assert (refused.status_code, refused.json()["status"]) == (409, 409)
    note = first.json()["id"]
    assert (
        send(program, "patch", f"credit-notes/{note}/", {"reason": "Doubled"}).json()["reason"] == "Doubled"
    )
    copied = send(program, "post", f"credit-notes/{note}/post/")
    assert copied.status_code == 409, "its invoice is not in Sage"
    with practice_scope(brook.pk):
        assert CreditNote.objects.count() == 1
        assert not Posting.objects.filter(kind=Posting.Kind.CREDIT_NOTE_CREATE).exists()


def test_a_draft_is_not_credited(brook, program):
    with practice_scope(brook.pk):
        draft = a_draft()
    assert send(program, "post", "credit-notes/", {"invoice": draft.pk, "reason": "x"}).status_code == 409


def test_a_webhook_is_added_with_a_secret_that_is_told_once_and_kept_sealed(brook, program):
    body = {"url": "https://hooks.example/in", "events": ["invoice.posted"]}
    made = send(program, "post", "webhooks/", body, **{"Idempotency-Key": "hook"})
    again = send(program, "post", "webhooks/", body, **{"Idempotency-Key": "hook"})
    assert made.status_code == 201
    secret, pk = made.json()["secret"], made.json()["id"]
    assert secret.startswith("whsec_")
    assert again.json() == made.json()
    assert "secret" not in program.get(f"{API}webhooks/{pk}/").json()
    with practice_scope(brook.pk):
        (row,) = IdempotentAnswer.objects.extra(select={"raw": "body"}).values_list("raw", flat=True)
        assert secret not in row
        emit("invoice.posted", invoice=1)
        delivery = WebhookDelivery.objects.get()
        WebhookDelivery.objects.update(status=WebhookDelivery.Status.FAILED)
    assert send(program, "post", f"webhook-deliveries/{delivery.pk}/replay/").json()["status"] == "pending"
    assert send(program, "delete", f"webhooks/{pk}/").status_code == 204
    with practice_scope(brook.pk):
        assert WebhookEndpoint.objects.get().removed_at is not None


@pytest.mark.parametrize(
    "url", ["http://hooks.example/", "https://127.0.0.1/", "https://[::1]/", "file:///etc/passwd"]
)
def test_a_webhook_to_nowhere_public_is_refused(program, url):
    answer = send(program, "post", "webhooks/", {"url": url, "events": ["invoice.posted"]})
    assert answer.status_code in (400, 409)


@pytest.mark.parametrize(("address", "status"), [("10.0.0.8", 409), ("93.184.216.34", 201)])
def test_a_webhook_whose_name_leads_into_a_private_network_is_refused(program, monkeypatch, address, status):
    """It is looked up before the transaction opens, so the door does it and not the view."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    asked = {"url": "https://hooks.example.com/", "events": ["invoice.posted"]}
    answer = send(program, "post", "webhooks/", asked)
    assert answer.status_code == status
    assert ("private network" in answer.json().get("detail", "")) == (status == 409)
    assert send(program, "post", "webhooks/", ["not what is asked for"]).status_code == 400


def test_a_proposal_is_drafted_from_a_template_sent_recalled_and_discarded(brook, program):
    with practice_scope(brook.pk):
        like = offers.a_draft(offers.a_line(), client=offers.a_client("Mara Hill"))
        template = keep_template(like, name="Usual")
        client = offers.a_client("Ann Lee", name="New Ltd")
    today = brook.today()
    body = {
        "client": client.pk,
        "title": "Engagement",
        "starts_on": str(today),
        "valid_until": str(today.replace(year=today.year + 1)),
        "template": template.pk,
    }
    made = send(program, "post", "proposals/", body)
    assert made.status_code == 201
    path = f"proposals/{made.json()['id']}"
    assert [line["name"] for line in made.json()["lines"]] == ["Bookkeeping"]
    assert send(program, "post", f"{path}/send/").json()["status"] == "sent"
    assert send(program, "post", f"{path}/recall/").json()["status"] == "draft"
    assert send(program, "delete", f"{path}/").status_code == 409, "it was sent once"
    unsent = send(program, "post", "proposals/", body | {"title": "Another"}).json()["id"]
    assert send(program, "delete", f"proposals/{unsent}/").status_code == 204
    assert send(program, "post", "proposals/", body | {"starts_on": "1066-10-14"}).status_code == 400
    with practice_scope(brook.pk):
        assert Proposal.objects.filter(client=client).count() == 1


def a_proposal_for(brook, **fields):
    today = brook.today()
    with practice_scope(brook.pk):
        client = offers.a_client("Ann Lee", name="New Ltd")
    return {
        "client": client.pk,
        "title": "Engagement",
        "starts_on": str(today),
        "valid_until": str(today.replace(year=today.year + 1)),
        **fields,
    }


def test_g03_a_proposal_is_drafted_with_its_services_and_changed_until_it_is_sent(brook, program):
    with practice_scope(brook.pk):
        books, payroll = a_service("Bookkeeping", "120"), a_service("Payroll", "30")
    monthly = {"billing": "recurring", "every": 1, "period": "month"}
    lines = [
        {"service": books.pk, **monthly},
        {"service": payroll.pk, "quantity": "12", "billing": "upfront"},
    ]
    made = send(program, "post", "proposals/", a_proposal_for(brook, lines=lines))
    assert made.status_code == 201
    seen = [(line["name"], line["quantity"], line["unit_price"]) for line in made.json()["lines"]]
    assert seen == [("Bookkeeping", "1.00", "120.0000"), ("Payroll", "12.00", "30.0000")]
    path, stale = f"proposals/{made.json()['id']}/", {"If-Match": made.headers["ETag"]}
    renamed = send(program, "patch", path, {"title": "Another name"}, **stale).json()
    assert (renamed["title"], len(renamed["lines"])) == ("Another name", 2)
    assert send(program, "patch", path, {"title": "X"}, **stale).status_code == 412
    dearer = {
        "service": books.pk,
        "unit_price": "150.5",
        "name": "Books",
        "discount_percent": "10",
        **monthly,
    }
    (line,) = send(program, "patch", path, {"lines": [dearer]}).json()["lines"]
    assert (line["name"], line["unit_price"], line["every"]) == ("Books", "150.5000", 1)
    with practice_scope(brook.pk):
        (group,) = Proposal.objects.get().groups.all()
        assert group.heading == "Ongoing services"
    assert send(program, "post", f"{path}send/").status_code == 200
    assert send(program, "patch", path, {"title": "Late"}).status_code == 409


def test_g06_the_heading_a_person_gave_stays_when_a_program_changes_the_services(brook, program):
    with practice_scope(brook.pk):
        books, payroll, start = (
            a_service("Books", "120"),
            a_service("Payroll", "30"),
            a_service("Start", "50"),
        )
    monthly = {"billing": "recurring", "every": 1, "period": "month"}
    lines = [
        {"service": books.pk, **monthly},
        {"service": payroll.pk, "heading": "Your people", **monthly},
        {"service": start.pk, "billing": "upfront", "heading": None},
    ]
    made = send(program, "post", "proposals/", a_proposal_for(brook, lines=lines)).json()
    assert [line["heading"] for line in made["lines"]] == ["Ongoing services", "Your people", "To begin with"]
    with practice_scope(brook.pk):
        group = Proposal.objects.get().groups.get(heading="To begin with")
        group.heading = "Getting you started"
        group.save()
    path = f"proposals/{made['id']}/"
    again = send(program, "patch", path, {"lines": lines}).json()
    assert [line["heading"] for line in again["lines"]] == [
        "Ongoing services",
        "Your people",
        "Getting you started",
    ]
    sent_back = send(program, "patch", path, {"lines": again["lines"]}).json()
    assert [line["heading"] for line in sent_back["lines"]] == [line["heading"] for line in again["lines"]]
    with practice_scope(brook.pk):
        assert Proposal.objects.get().groups.count() == 3
    long = send(program, "patch", path, {"lines": [{**lines[0], "heading": "x" * 81}]})
    assert long.status_code == 400


@contextmanager
def meanwhile(practice, table: str, change: Callable[[], object]) -> Iterator[None]:
    """Somebody else's change, committed just before the request takes hold of the row."""
    done = []

    def apart():
        with practice_scope(practice.pk):
            change()
        connection.close()

    def before_the_lock(execute, sql, *rest):
        if not done and "FOR UPDATE" in sql and f'FROM "{table}"' in sql:
            done.append(sql)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(apart).result()
        return execute(sql, *rest)

    with connection.execute_wrapper(before_the_lock):
        yield
    assert done


@pytest.mark.parametrize(("first", "status"), [(True, 412), (False, 200)])
def test_what_a_colleague_saved_meanwhile_of_a_proposal_is_kept(brook, program, first, status):
    with practice_scope(brook.pk):
        draft = offers.a_draft()
    path = f"proposals/{draft.pk}/"
    read = {"If-Match": program.get(f"{API}{path}").headers["ETag"]} if first else {}
    draft.title = "A colleague's"
    with meanwhile(brook, "proposals_proposal", lambda: amend_draft(draft)):
        assert send(program, "patch", path, {"minimum_months": 6}, **read).status_code == status
    now = program.get(f"{API}{path}").json()
    assert (now["title"], now["minimum_months"]) == ("A colleague's", None if first else 6)


@pytest.mark.parametrize(("first", "status"), [(True, 412), (False, 200)])
def test_what_a_colleague_saved_meanwhile_of_a_client_is_kept(brook, program, first, status):
    with practice_scope(brook.pk):
        client = a_client()
    path = f"clients/{client.pk}/"
    read = {"If-Match": program.get(f"{API}{path}").headers["ETag"]} if first else {}
    client.phone = "0113 496 0000"
    with meanwhile(brook, "clients_client", lambda: amend_client(client)):
        assert send(program, "patch", path, {"city": "Leeds"}, **read).status_code == status
    now = program.get(f"{API}{path}").json()
    assert now["phone"] == "0113 496 0000"
    assert (now["city"] == "Leeds") == (not first)


def test_g03_services_are_sent_back_as_they_were_read_at_no_questions_for_each(brook, program):
    with practice_scope(brook.pk):
        services = [a_service(f"Service {number}", "120") for number in range(6)]
    rules = [{"billing": "recurring", "every": 1, "period": "month"}, {"billing": "upfront"}]
    made = send(program, "post", "proposals/", a_proposal_for(brook)).json()
    counts = []
    for chosen in (services[:2], services):
        lines = [{"service": each.pk, **rules[place % 2]} for place, each in enumerate(chosen)]
        first = send(program, "patch", f"proposals/{made['id']}/", {"lines": lines}).json()["lines"]
        with CaptureQueriesContext(connection) as asked:
            again = send(program, "patch", f"proposals/{made['id']}/", {"lines": first}).json()["lines"]
        assert [line | {"id": 0} for line in again] == [line | {"id": 0} for line in first]
        assert len(again) == len(chosen)
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("more", [ON_COMPLETION | {"deposit": 10}, MONTHLY | {"times": 4}])
def test_a_list_of_services_drops_nothing_it_cannot_say(brook, program, more):
    with practice_scope(brook.pk):
        draft = offers.a_draft(offers.a_line(more))
    refused = send(program, "patch", f"proposals/{draft.pk}/", {"lines": []})
    assert refused.status_code == 409
    assert "change its services on its page" in refused.json()["detail"]
    assert send(program, "patch", f"proposals/{draft.pk}/", {"title": "Another"}).status_code == 200
    with practice_scope(brook.pk):
        assert draft.lines.count() == 1


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"billing": "recurring"}, "every"),
        ({"billing": "upfront", "every": 1}, "every"),
        ({"billing": "upfront", "quantity": "0"}, "quantity"),
        ({"billing": "upfront", "highest_price": "9"}, "highest_price"),
        ({"billing": "upfront", "service": 0}, "service"),
    ],
)
def test_a_service_that_makes_no_sense_in_a_proposal_is_refused_by_field(brook, program, wrong, named):
    with practice_scope(brook.pk):
        service = a_service("Payroll", "20")
    body = a_proposal_for(brook, lines=[{"service": service.pk} | wrong])
    answer = send(program, "post", "proposals/", body)
    assert answer.status_code == 400
    assert named in str(answer.json()["errors"]["lines"])
    with practice_scope(brook.pk):
        assert not Proposal.objects.exists()


def test_a_list_of_services_takes_no_packages_apart(brook, program):
    with practice_scope(brook.pk):
        draft = offers.a_draft(offers.a_line(), client=offers.a_client("Mara Hill"))
        set_options(draft, draft.version, [("Basic", ""), ("Full", "")])
    assert send(program, "patch", f"proposals/{draft.pk}/", {"lines": []}).status_code == 409
    with practice_scope(brook.pk):
        assert draft.lines.count() == 1


def test_a_schedule_is_paused_resumed_and_ended_and_work_completed(brook, program):
    today = brook.today()
    with practice_scope(brook.pk):
        monthly = a_schedule(MONTHLY, starts_on=today)
        once = a_schedule(ON_COMPLETION, client=monthly.client, starts_on=today)
    assert (
        send(program, "post", f"schedules/{monthly.pk}/pause/", {"reason": "On leave"}).json()["status"]
        == "paused"
    )
    assert send(program, "post", f"schedules/{monthly.pk}/resume/").json()["status"] == "active"
    assert send(program, "post", f"schedules/{monthly.pk}/end/").json()["ends_on"] == str(today)
    assert send(program, "post", f"schedules/{once.pk}/complete/").json()["status"] == "ended"
    assert send(program, "post", f"schedules/{once.pk}/complete/").status_code == 409
    with practice_scope(brook.pk):
        assert BillingSchedule.objects.get(pk=once.pk).status == "ended"


def test_a_schedule_is_not_ended_on_a_day_beyond_this_century(brook, program):
    with practice_scope(brook.pk):
        monthly = a_schedule(MONTHLY, starts_on=brook.today())
    answer = send(program, "post", f"schedules/{monthly.pk}/end/", {"on": "9999-12-31"})
    assert answer.status_code == 409
    assert "Check the year" in answer.content.decode()
    with practice_scope(brook.pk):
        assert BillingSchedule.objects.get(pk=monthly.pk).ends_on is None


def test_a_service_is_added_with_its_first_price_and_amended_under_the_same_rules(brook, program):
    with practice_scope(brook.pk):
        standard, zero = (TaxRate.objects.get(vat_code=code).pk for code in ("standard", "zero"))
    new = {"name": "Payroll", "billing_basis": "unit", "tax_rate": standard, "unit_price": "6.5"}
    refused = send(program, "post", "services/", new)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["unit_name"])
    made = send(
        program, "post", "services/", new | {"unit_name": "employee", "category": "Compliance"}
    ).json()
    assert (made["category"], made["unit_name"], made["status"]) == ("Compliance", "employee", "active")
    assert [price["unit_price"] for price in made["prices"]] == ["6.5000"]
    path = f"services/{made['id']}/"
    changed = send(program, "patch", path, {"name": "Payroll bureau", "tax_rate": zero}).json()
    assert changed == made | {"name": "Payroll bureau", "tax_rate": zero}
    assert send(program, "patch", path, {"category": ""}).json()["category"] == ""
    assert (
        send(program, "post", "services/", new | {"name": "PAYROLL BUREAU", "unit_name": "x"}).status_code
        == 409
    )
    with practice_scope(brook.pk):
        assert Service.objects.count() == 1
        assert not ServiceCategory.objects.exists(), "a heading without services goes"


def test_a_service_without_a_price_is_refused_unless_it_is_included(brook, program):
    with practice_scope(brook.pk):
        rate = TaxRate.objects.get(vat_code="standard").pk
    new = {"name": "Support", "billing_basis": "fixed", "tax_rate": rate}
    assert list(send(program, "post", "services/", new).json()["errors"]) == ["unit_price"]
    assert send(program, "post", "services/", new | {"billing_basis": "included"}).status_code == 201


def test_a_service_is_repriced_archived_and_offered_again(brook, program):
    with practice_scope(brook.pk):
        service = a_service("Payroll", "20")
    path = f"services/{service.pk}"
    priced = send(program, "post", f"{path}/reprice/", {"unit_price": "25.5", "effective_from": "2027-04-01"})
    assert {price["unit_price"] for price in priced.json()["prices"]} == {"20.0000", "25.5000"}
    assert send(program, "post", f"{path}/archive/").json()["status"] == "archived"
    assert send(program, "post", f"{path}/restore/").json()["status"] == "active"


def test_f89_no_write_reaches_another_practices_rows(cedar, brook, program_of):
    with practice_scope(brook.pk):
        invoice, client = an_invoice(), a_client("Theirs")
        schedule, service = a_schedule(MONTHLY, client=client), a_service()
    stranger = program_of(cedar)
    assert send(stranger, "post", "credit-notes/", {"invoice": invoice.pk, "reason": "x"}).status_code == 400
    assert send(stranger, "post", "contacts/", {"client": client.pk, "name": "X"}).status_code == 400
    for path in (
        f"schedules/{schedule.pk}/pause/",
        f"schedules/{schedule.pk}/end/",
        f"services/{service.pk}/archive/",
    ):
        assert send(stranger, "post", path).status_code == 404, path

"""Attacks on what is put in and what comes out: script, queries, numbers, ids, fields nobody offered."""

import json
from decimal import Decimal

import pytest
from django.test import Client as Browser

from clients.models import Client
from clients.operations import add_client
from ignition.demo import stock
from invoicing.models import Invoice
from ledger.models import Posting
from practices.models import AuditEntry, Membership, Practice, User
from practices.tasks import PracticeTask
from practices.tenancy import practice_scope
from proposals.models import Proposal
from services.models import Service
from tests.architecture.test_urls import ADDRESSES, address_of
from tests.factories import member
from tests.integration.api.conftest import key_for, program_of  # noqa: F401 - fixtures
from tests.integration.clients.test_records import FORM

SCRIPT = '<script>alert("x")</script><img src=x onerror=alert(1)>'
PAGES = [address for address in ADDRESSES if not set(address[2]) - {"practice"}]
HOSTILE = [
    "'; DROP TABLE clients_client; --",
    "1 OR 1=1",
    "%' UNION SELECT password FROM practices_user --",
    "-id; SELECT 1",
    "name__startswith",
    "user__password",
    "\\",
    "' || pg_sleep(9) --",
    "{{7*7}}",
    "9" * 30,
    "-1",
    "NaN",
]


@pytest.fixture
def busy(brook, cedar):
    """Both practices with something in them."""
    for practice in (brook, cedar):
        with practice_scope(practice.pk):
            stock(practice)
    return brook


def test_attack_42_script_in_names_is_text_on_every_page(busy, client_of, cast):
    with practice_scope(busy.pk):
        add_client(Client(name=SCRIPT[:100]))
        Client.objects.filter(name__startswith="Harbour").update(name=SCRIPT[:60], city="<b>x</b>")
        Service.objects.filter(name="Payroll").update(name=SCRIPT[:60])
        Proposal.objects.update(title=SCRIPT[:60])
    User.objects.filter(pk=cast.bob.pk).update(name=SCRIPT[:60])
    Practice.objects.filter(pk=busy.pk).update(name="Brook <i>&amp;</i> Co")
    browser = client_of("alice")
    seen = 0
    for name, _, arguments in PAGES:
        answer = browser.get(address_of(name, arguments, "brook-co"))
        if not answer.headers.get("Content-Type", "").startswith("text/html") or answer.status_code != 200:
            answer.close()
            continue
        page = answer.content.decode()
        assert "<script>alert" not in page, name
        assert "<img src=x" not in page, name
        assert "<b>x</b>" not in page, name
        seen += "&lt;script&gt;" in page
    assert seen > 3


@pytest.mark.parametrize("value", HOSTILE)
def test_attack_50_words_in_addresses_are_never_sql_nor_columns(busy, client_of, value):
    browser = client_of("alice")
    names = (
        "q",
        "sort",
        "view",
        "page",
        "after",
        "before",
        "status",
        "client",
        "manager",
        "from",
        "to",
        "tag",
    )
    for place in (
        "clients",
        "invoices",
        "proposals",
        "postings",
        "settings/activity",
        "services",
        "search",
        "billing",
    ):
        answer = browser.get(f"/p/brook-co/{place}/", dict.fromkeys(names, value))
        assert answer.status_code in (200, 302, 303, 400, 404, 422), (place, value)
    with practice_scope(busy.pk):
        assert Client.objects.count() == 3


def test_attack_52_fields_nobody_offers_are_ignored_in_forms(cast, cedar, client_of):
    browser = client_of("bob")
    extra = {"practice": cedar.pk, "practice_id": cedar.pk, "status": "archived", "id": 1, "is_staff": "on"}
    answer = browser.post("/p/brook-co/clients/new/", {**FORM, "name": "Plain Ltd", **extra})
    assert answer.status_code in (302, 303)
    with practice_scope(cast.brook.pk):
        client = Client.objects.get(name="Plain Ltd")
        assert (client.practice_id, client.status) == (cast.brook.pk, Client.Status.LEAD)
    assert not User.objects.get(pk=cast.bob.pk).is_staff


def test_attack_52_fields_nobody_offers_are_ignored_by_the_api(brook, cedar, program_of):  # noqa: F811
    body = {"name": "Plain Ltd", "practice": cedar.pk, "practice_id": cedar.pk, "status": "archived", "id": 7}
    answer = program_of(brook).post("/api/v1/clients/", json.dumps(body), "application/json")
    assert answer.status_code in (201, 400)
    with practice_scope(brook.pk):
        assert not Client.objects.exclude(status="lead").exists()
    with practice_scope(cedar.pk):
        assert not Client.objects.exists()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "9" * 20, "-0.001", "1_000", "٣"])
def test_attack_53_strange_numbers_are_refused_by_the_field(busy, client_of, number):
    answer = client_of("alice").post(
        "/p/brook-co/services/new/",
        {"name": "Odd", "billing_basis": "fixed", "unit_price": number, "effective_from": "2027-01-01"},
    )
    assert answer.status_code == 422
    with practice_scope(busy.pk):
        assert not Service.objects.filter(name="Odd").exists()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "9" * 20, '"NaN"', '"1e400"'])
def test_attack_53_strange_numbers_are_refused_by_the_api(busy, program_of, number):  # noqa: F811
    with practice_scope(busy.pk):
        client = Client.objects.first()
    body = f'{{"client": {client.pk}, "received_on": "2027-01-01", "amount": {number}, "allocations": []}}'
    answer = program_of(busy).post("/api/v1/payments/", body, "application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 50_000, '{"name": "' + "x" * 3_000_000 + '"}'])
def test_attack_54_deep_and_large_bodies_are_refused_at_once(brook, program_of, body):  # noqa: F811
    answer = program_of(brook).post("/api/v1/clients/", body, "application/json")
    assert answer.status_code in (400, 413)
    with practice_scope(brook.pk):
        assert not Client.objects.exists()


def test_attack_54_a_form_of_too_many_fields_is_refused(client_of):
    fields = {f"field{number}": "x" for number in range(5001)}
    assert client_of("alice").post("/p/brook-co/settings/save/", fields).status_code == 400


def test_attack_10_a_foreign_id_looks_like_one_that_does_not_exist(busy, client_of):
    browser = client_of("carol")
    with practice_scope(busy.pk):
        ids = {"clients": Client.objects.first().pk, "proposals": Proposal.objects.first().pk}
    for place, pk in ids.items():
        foreign = browser.get(f"/p/cedar-llp/{place}/{pk}/")
        unknown = browser.get(f"/p/cedar-llp/{place}/987654321/")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.content.replace(str(pk).encode(), b"") == unknown.content.replace(b"987654321", b"")


def test_attack_07_a_form_of_one_practice_does_nothing_in_another(busy, cast, client_of):
    member(busy, cast.carol, Membership.Role.OWNER)
    with practice_scope(busy.pk):
        client = Client.objects.first()
    answer = client_of("carol").post(f"/p/cedar-llp/clients/{client.pk}/archive/")
    assert answer.status_code == 404
    with practice_scope(busy.pk):
        assert Client.objects.get(pk=client.pk).status == client.status


def test_attack_08_tasks_are_told_a_practice_and_never_a_row():
    from ignition.celery import app

    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if isinstance(task, PracticeTask)}
    assert len(ours) > 5
    for name, task in ours.items():
        names = task.run.__code__.co_varnames[: task.run.__code__.co_argcount]
        assert len(names) == 1, name


def test_attack_08_a_task_for_a_practice_that_is_gone_does_nothing(busy):
    from practices.tasks import deliver_emails, run_jobs

    for task in (deliver_emails, run_jobs):
        task(987654)
    with practice_scope(busy.pk):
        assert not Posting.objects.exclude(practice=busy).exists()


def test_attack_09_a_validator_of_one_practice_says_nothing_to_another(busy, cedar, program_of):  # noqa: F811
    mine = program_of(busy)
    row = mine.get("/api/v1/clients/").json()["results"][0]
    tag = mine.get(f"/api/v1/clients/{row['id']}/").headers["ETag"]
    answer = program_of(cedar).get(f"/api/v1/clients/{row['id']}/", headers={"If-None-Match": tag})
    assert answer.status_code == 404


def test_attack_02_ids_of_another_practice_in_a_form_are_no_choice(busy, cedar, client_of):
    with practice_scope(busy.pk):
        foreign = Client.objects.first()
    answer = client_of("carol").post("/p/cedar-llp/invoices/new/", {"client": foreign.pk})
    assert answer.status_code in (404, 422)
    with practice_scope(cedar.pk):
        assert not Invoice.objects.exists()
        assert not AuditEntry.objects.filter(action__startswith="invoice").exists()


def test_amounts_stay_decimal_through_the_parser():
    from practices.rest.parsers import MoneySafeJSONParser

    class Stream:
        def read(self) -> bytes:
            return b'{"amount": 0.1}'

    assert MoneySafeJSONParser().parse(Stream())["amount"] == Decimal("0.1")


def test_attack_05_files_need_a_session(cast):
    for path in ("clients/export/", "settings/activity/?file=csv"):
        assert Browser().get(f"/p/brook-co/{path}").status_code == 302

"""Probes and figures: alive, ready, how long the queues are; nothing of anybody's records."""

import pytest
from django.utils import timezone

from ignition.metrics import queue_states
from ignition.reporting import without_particulars
from ledger.models import Posting
from ledger.outbox import hold_posting, request_posting
from practices.tenancy import practice_scope
from sage_integration.models import SageConnection, SyncRun
from tests.integration.invoicing.documents import an_invoice
from tests.sage import connected


def test_a_process_is_ready_while_all_it_needs_answers(db, client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "database": True, "schema": True, "valkey": True},
    )


def test_a_process_without_its_broker_is_alive_and_not_ready(db, client, settings):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"},
    }
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["valkey"]) == (503, False)


@pytest.mark.parametrize("probe", ["/healthz", "/readyz"])
def test_a_probe_that_comes_by_address_and_over_plain_http_is_answered(db, client, settings, probe):
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["ignition.example"], True
    by_address = {"host": "10.1.2.3:8000"}
    assert client.get(probe, headers=by_address).status_code == 200
    assert client.head(probe, headers=by_address).status_code == 200
    assert client.get("/accounts/login/", headers=by_address).status_code == 400
    assert client.get("/accounts/login/", headers={"host": "ignition.example"}).status_code == 301


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", "Basic figures"])
def test_figures_are_for_whoever_holds_the_token(db, client, settings, token):
    settings.METRICS_TOKEN = "figures"
    assert client.get("/metrics", headers={"Authorization": token}).status_code == 404


def test_without_a_token_there_is_no_such_page(db, client, settings):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_the_depth_and_age_of_each_practices_queue_is_shown(brook, cedar, client, settings):
    settings.METRICS_TOKEN = "figures"
    with practice_scope(brook.pk):
        Posting.objects.all().delete()
        for number in range(3):
            request_posting(Posting.Kind.INVOICE_CREATE, 100 + number, label="x")
    with practice_scope(cedar.pk):
        hold_posting(Posting.Kind.INVOICE_CREATE, an_invoice().pk + 1000, label="x")
    text = client.get("/metrics", headers={"Authorization": "Bearer figures"}).content.decode()
    lines = [line for line in text.splitlines() if line.startswith("ignition_queue_depth{")]
    held = [line for line in lines if f'practice="{brook.pk}",queue="postings"' in line]
    assert sum(float(line.split()[-1]) for line in held) == 3
    assert any(f'practice="{cedar.pk}",queue="postings"' in line for line in lines)
    assert "ignition_queue_age_seconds{" in text


def told(queue: str) -> list[tuple[int, str, int]]:
    return [(practice, state, count) for practice, name, state, count, _ in queue_states() if name == queue]


def test_a_connection_that_ended_is_told_to_the_operator(brook, cedar, sage):
    connected(brook, sage)
    connected(cedar, sage)
    assert told("connections to Sage") == []
    with practice_scope(brook.pk):
        SageConnection.objects.update(status="needs_reauthorisation", trouble_since=timezone.now())
    assert told("connections to Sage") == [(brook.pk, "ended", 1)]


def test_what_the_newest_comparison_found_is_told_until_one_finds_nothing(brook, cedar, sage):
    connected(brook, sage)
    runs = [
        ({"checked": 3}, "INV-000001 is missing\nINV-000002 is in Sage twice", [(brook.pk, "differs", 2)]),
        ({}, "Sage does not answer", []),
        ({"checked": 3}, "", []),
    ]
    for counts, problem, expected in runs:
        with practice_scope(brook.pk):
            SyncRun.objects.create(
                kind=SyncRun.Kind.AUDIT, counts=counts, problem=problem, finished_at=timezone.now()
            )
        assert told("comparison with Sage") == expected


def test_requests_are_counted_by_their_route_and_not_by_their_path(cast, client_of, settings):
    settings.METRICS_TOKEN = "figures"
    client_of("alice").get("/p/brook-co/clients/")
    text = client_of("alice").get("/metrics", headers={"Authorization": "Bearer figures"}).content.decode()
    assert 'route="p/<slug:practice>/clients/"' in text
    assert "brook-co" not in text


def test_methods_that_somebody_made_up_are_counted_as_one(db, client, settings):
    settings.METRICS_TOKEN = "figures"
    for number in range(3):
        client.generic(f"MADEUP{number}", "/healthz")
    text = client.get("/metrics", headers={"Authorization": "Bearer figures"}).content.decode()
    assert "MADEUP" not in text
    assert 'method="other"' in text


def test_a_reported_error_carries_no_particulars():
    event = {
        "request": {"url": "https://x/p/brook", "data": "name=Acme", "cookies": "session=1", "headers": {}},
        "user": {"email": "alice@brook.example"},
        "extra": {"access_token": "eyJa.b.c", "path": "Bearer abc"},
    }
    sent = str(without_particulars(event, {}))
    assert not any(word in sent for word in ("Acme", "alice@", "eyJa", "abc", "session=1"))

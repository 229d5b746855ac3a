"""Programs of a practice are told what happens: signed, for a day, and never inside a private network."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import time_machine
from django.utils import timezone

from practices import outbound, webhooks
from practices.models import AuditEntry
from practices.tasks import practices_from
from practices.tenancy import acting_for, practice_scope
from practices.webhook_models import WebhookDelivery, WebhookEndpoint

MORNING = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(MORNING, tick=True) as traveller:
        yield traveller


@pytest.fixture
def target(settings):
    """A program that notes what it is told and answers as `answers` says."""
    settings.WEBHOOKS_MAY_REACH_LOOPBACK = True
    told: list[SimpleNamespace] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told.append(SimpleNamespace(headers=dict(self.headers), body=body, path=self.path))
            status = answers.pop(0) if answers else 204
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}/hook", told=told, answers=answers)
    server.shutdown()
    server.server_close()


def listening(practice, url, *events) -> tuple[WebhookEndpoint, str]:
    with practice_scope(practice.pk):
        return webhooks.add_endpoint(url, events or ["invoice.posted"], by=None)


def happened(practice, event="invoice.posted", **data) -> None:
    with practice_scope(practice.pk):
        webhooks.emit(event, **(data or {"invoice": 7}))


def deliver(practice) -> int:
    with acting_for(practice.pk):
        return webhooks.deliver_due()


def deliveries(practice) -> list[WebhookDelivery]:
    with practice_scope(practice.pk):
        return list(WebhookDelivery.objects.order_by("pk"))


def test_an_event_arrives_signed_so_that_the_receiver_can_check_it(brook, cedar, target):
    _, secret = listening(brook, target.url)
    listening(cedar, target.url)
    happened(brook, invoice=7, number="SI-7")
    assert practices_from("webhook_practices_due") == [brook.pk]
    assert deliver(brook) == 1
    [message] = target.told
    body = json.loads(message.body)
    assert (body["type"], body["data"]) == ("invoice.posted", {"invoice": 7, "number": "SI-7"})
    signed = f"{message.headers['webhook-id']}.{message.headers['webhook-timestamp']}.{message.body}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
    assert message.headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(message.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    assert deliver(brook) == 0
    assert deliver(cedar) == 0
    assert practices_from("webhook_practices_due") == []


def test_only_what_was_asked_for_is_told_and_nothing_after_the_end(brook, target):
    endpoint, _ = listening(brook, target.url, "invoice.failed")
    happened(brook, "invoice.posted")
    assert deliveries(brook) == []
    happened(brook, "invoice.failed")
    with practice_scope(brook.pk):
        webhooks.remove_endpoint(endpoint)
    assert deliver(brook) == 0
    happened(brook, "invoice.failed")
    assert len(deliveries(brook)) == 1
    assert target.told == []


def test_an_event_that_is_rolled_back_is_told_nobody(brook, target):
    listening(brook, target.url)

    def undone():
        with practice_scope(brook.pk):
            webhooks.emit("invoice.posted", invoice=7)
            raise LookupError

    with pytest.raises(LookupError):
        undone()
    assert deliveries(brook) == []


def test_a_target_that_answers_500_is_asked_less_and_less_for_a_day_and_then_given_up(brook, target, clock):
    listening(brook, target.url)
    happened(brook)
    target.answers += [500] * 200
    waits = []
    while (delivery := deliveries(brook)[0]).status == "pending":
        now = datetime.now(UTC)
        with practice_scope(brook.pk):
            paused = WebhookEndpoint.objects.get().paused_until
        due = max(delivery.not_before, paused or delivery.not_before)
        if due > now:
            waits.append((due - now).total_seconds())
            clock.move_to(due + timedelta(seconds=1))
        deliver(brook)
    assert (delivery.status, delivery.answer_status) == ("failed", 500)
    assert delivery.failure == "It answered 500."
    assert 8 < len(target.told) < 25
    assert waits == sorted(waits) or max(waits) <= 4 * 3600 + 60
    assert len({message.headers["webhook-id"] for message in target.told}) == 1


def test_after_some_failures_an_endpoint_is_left_alone_and_the_others_are_not(brook, target, clock):
    bad, _ = listening(brook, target.url)
    for _ in range(webhooks.STRIKES + 5):
        happened(brook)
    target.answers += [500] * webhooks.STRIKES
    deliver(brook)
    assert len(target.told) == webhooks.STRIKES
    listening(brook, target.url + "/good")
    happened(brook)
    deliver(brook)
    assert [message.path for message in target.told[webhooks.STRIKES :]] == ["/hook/good"]
    clock.shift(webhooks.LEFT_ALONE + timedelta(hours=1))
    deliver(brook)
    with practice_scope(brook.pk):
        assert WebhookEndpoint.objects.get(pk=bad.pk).strikes == 0
    assert {delivery.status for delivery in deliveries(brook)} == {"delivered"}


def test_an_owner_who_mended_an_endpoint_ends_its_pause(brook, cedar, client_of, target, clock):
    """By hand, once, by whoever may see the page, and written down; one more failure and it is left alone again."""
    endpoint, _ = listening(brook, target.url)
    happened(brook)
    target.answers += [500] * webhooks.STRIKES
    for _ in range(webhooks.STRIKES):
        deliver(brook)
        clock.shift(timedelta(hours=1))
    clock.shift(timedelta(minutes=-59))
    assert deliver(brook) == 0, "it is left alone"
    page = f"/p/{brook.slug}/settings/webhooks/{endpoint.pk}/"
    elsewhere = f"/p/{cedar.slug}/settings/webhooks/{endpoint.pk}/ask-again/"
    assert client_of("bob").post(f"{page}ask-again/").status_code == 403
    assert client_of("carol").post(elsewhere).status_code == 404
    owner = client_of("alice")
    assert "Send what waits now" in owner.get(page).content.decode()
    assert owner.get(f"{page}ask-again/").status_code == 405
    for _ in range(2):
        assert owner.post(f"{page}ask-again/").status_code == 303
    assert f"{target.url} is asked again from now on." in owner.get(page).content.decode()
    with practice_scope(brook.pk):
        assert AuditEntry.objects.filter(action="webhook.pause_ended").count() == 1
    assert "Send what waits now" not in owner.get(page).content.decode()
    target.answers += [500]
    assert deliver(brook) == 0
    assert "Send what waits now" in owner.get(page).content.decode()
    owner.post(f"{page}ask-again/")
    assert deliver(brook) == 1


def test_what_is_being_sent_while_a_pause_is_ended_is_not_sent_by_another_worker_too(brook, target):
    """Whatever waits for longer is due at once; the endpoint that is given back says that it is asked."""
    endpoint, _ = listening(brook, target.url)
    happened(brook)
    happened(brook)
    now = timezone.now()
    sending, waiting = deliveries(brook)
    with practice_scope(brook.pk):
        for delivery, due in ((sending, now + webhooks.SENDING / 2), (waiting, now + timedelta(hours=1))):
            delivery.not_before = due
            delivery.save(update_fields=["not_before"])
        endpoint.paused_until = now + webhooks.LEFT_ALONE
        endpoint.save(update_fields=["paused_until"])
        assert not webhooks.end_pause(endpoint).is_left_alone
    kept, due_now = deliveries(brook)
    assert kept.not_before == sending.not_before
    assert due_now.not_before <= timezone.now()


def test_a_replay_has_the_same_id_and_is_safe_to_press_again(brook, target):
    listening(brook, target.url)
    happened(brook)
    deliver(brook)
    [delivery] = deliveries(brook)
    with practice_scope(brook.pk):
        webhooks.replay(delivery)
        webhooks.replay(delivery)
    assert deliver(brook) == 1
    assert len({message.headers["webhook-id"] for message in target.told}) == 1
    assert len(target.told) == 2
    assert target.told[0].body == target.told[1].body


def test_a_message_that_waits_says_why_it_is_not_sent_again_by_hand(brook, client_of, target):
    listening(brook, target.url, "invoice.posted")
    with practice_scope(brook.pk):
        webhooks.emit("invoice.posted", invoice=1)
        endpoint = WebhookEndpoint.objects.get()
    page = f"/p/{brook.slug}/settings/webhooks/{endpoint.pk}/"
    why = "It waits for its turn, and is tried again by itself."
    assert why in client_of("alice").get(page).content.decode()
    with acting_for(brook.pk):
        webhooks.deliver_due()
    assert why not in client_of("alice").get(page).content.decode()


def test_a_redirect_is_not_followed(brook, target):
    listening(brook, target.url)
    happened(brook)
    target.answers.append(307)
    assert deliver(brook) == 0
    assert [message.path for message in target.told] == ["/hook"]
    assert "redirect" in deliveries(brook)[0].failure


def test_a_name_that_leads_to_a_private_network_is_not_called(brook, target, settings, monkeypatch):
    """Also when it did not when it was added: it is looked at with every message."""
    settings.WEBHOOKS_MAY_REACH_LOOPBACK = False
    listening(brook, "https://hooks.example.com/")
    happened(brook)
    answers = [
        [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.8", 443)),
        ]
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers[0])
    connected = []
    monkeypatch.setattr(socket, "create_connection", lambda *args, **_: connected.append(args))
    assert deliver(brook) == 0
    assert connected == []
    assert "private network" in deliveries(brook)[0].failure


def leads_to(monkeypatch, address: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_a_name_that_leads_to_a_private_network_is_not_taken_either(brook, client_of, monkeypatch):
    leads_to(monkeypatch, "127.0.0.1")
    asked = {"url": "https://hooks.example.com/", "events": ["invoice.posted"]}
    refused = client_of("alice").post("/p/brook-co/settings/webhooks/add/", asked)
    assert refused.status_code == 422
    assert "hooks.example.com leads to a private network" in refused.content.decode()
    with practice_scope(brook.pk):
        assert not WebhookEndpoint.objects.exists()
    leads_to(monkeypatch, "93.184.216.34")
    assert client_of("alice").post("/p/brook-co/settings/webhooks/add/", asked).status_code == 200


def test_a_name_that_nobody_answers_for_keeps_no_page_waiting_and_is_taken_with_a_sentence(
    brook, client_of, monkeypatch
):
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(60) and [])
    monkeypatch.setattr(outbound, "LOOKUP_TIMEOUT", 0.05)
    asked = {"url": "https://hooks.example.com/", "events": ["invoice.posted"]}
    taken = client_of("alice").post("/p/brook-co/settings/webhooks/add/", asked)
    answered.set()
    assert taken.status_code == 200
    assert "The name hooks.example.com cannot be found. Messages to it are kept" in taken.content.decode()
    with practice_scope(brook.pk):
        assert WebhookEndpoint.objects.count() == 1


def test_deliveries_say_plainly_that_a_private_network_is_not_called(brook, client_of, monkeypatch):
    endpoint, _ = listening(brook, "https://hooks.example.com/")
    happened(brook)
    leads_to(monkeypatch, "10.0.0.8")
    deliver(brook)
    shown = client_of("alice").get(f"/p/brook-co/settings/webhooks/{endpoint.pk}/").content.decode()
    assert "An invoice arrived in Sage" in shown
    assert "hooks.example.com leads to a private network, which is never called." in shown
    assert "Give an address that the internet can reach." in shown


def test_the_connection_goes_to_the_address_that_was_looked_at(monkeypatch):
    """A name that answers differently the second time gains nothing: it is asked once."""
    asked, connected = [], []

    def resolve(host, port, **_):
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address, *_):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(outbound.NotReached):
        outbound.post("https://hooks.example.com/", b"{}", {})
    assert (asked, connected) == (["hooks.example.com"], [("93.184.216.34", 443)])


def test_a_target_that_trickles_is_cut_off(settings, monkeypatch):
    """A byte now and then keeps no worker: the whole answer has a deadline."""
    settings.WEBHOOKS_MAY_REACH_LOOPBACK = True
    monkeypatch.setattr(outbound, "DEADLINE", 0.3)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def trickle():
            client, _ = server.accept()
            with client:
                client.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not stop.wait(0.02):
                    try:
                        client.sendall(b"a")
                    except OSError:
                        return

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        with pytest.raises(outbound.NotReached):
            outbound.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
        stop.set()
        thread.join(timeout=5)
    assert not thread.is_alive()


def test_an_owner_adds_an_endpoint_and_sees_its_secret_once(client_of, brook):
    alice = client_of("alice")
    page = "/p/brook-co/settings/webhooks/"
    refused = alice.post(page + "add/", {"url": "https://10.0.0.8/", "events": ["invoice.posted"]})
    assert refused.status_code == 422
    assert "Give a name" in refused.content.decode()
    added = alice.post(page + "add/", {"url": "https://hooks.example.com/", "events": ["invoice.posted"]})
    assert added.status_code == 200
    assert "whsec_" in added.content.decode()
    assert added.headers["Cache-Control"] == "no-store"
    listed = alice.get(page).content.decode()
    assert "hooks.example.com" in listed
    assert listed.count("An invoice arrived in Sage") == 2, "in the list, and among those to choose from"
    assert "whsec_" not in listed
    happened(brook)
    with practice_scope(brook.pk):
        endpoint = WebhookEndpoint.objects.get()
        delivery = WebhookDelivery.objects.get()
        WebhookDelivery.objects.update(status="failed")
    assert "invoice.posted" in alice.get(f"{page}{endpoint.pk}/").content.decode()
    again = alice.post(f"{page}deliveries/{delivery.pk}/again/")
    assert again.status_code == 303
    assert deliveries(brook)[0].status == "pending"
    assert alice.post(f"{page}{endpoint.pk}/remove/").status_code == 303
    assert client_of("bob").get(page).status_code == 403


def test_an_endpoint_is_said_to_work_only_once_something_arrived_there(client_of, brook, target):
    alice, page = client_of("alice"), "/p/brook-co/settings/webhooks/"
    endpoint, _ = listening(brook, target.url)
    assert "Nothing sent yet" in alice.get(page).content.decode()
    target.answers.append(500)
    happened(brook)
    deliver(brook)
    assert "Failing" in alice.get(page).content.decode()
    with practice_scope(brook.pk):
        WebhookDelivery.objects.update(not_before=timezone.now())
    deliver(brook)
    assert "Working" in alice.get(page).content.decode()
    with practice_scope(brook.pk):  # A month without a message: what arrived before is not kept.
        WebhookDelivery.objects.all().delete()
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(created_at=timezone.now() - timedelta(days=90))
    assert "Nothing sent lately" in alice.get(page).content.decode()

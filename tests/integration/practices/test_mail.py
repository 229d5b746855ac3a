"""At most one message for an event, sent once, whatever the mail server does."""

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from practices.delivery import deliver_queued_emails
from practices.mail import queue_email
from practices.models import OutgoingEmail
from practices.tasks import practices_from
from practices.tenancy import acting_for, practice_scope

CONTEXT = {"practice": "Brook & Co", "inviter": "Alice <script>", "url": "http://example.test/x"}


def queue(practice, event: str = "event:1") -> OutgoingEmail:
    with practice_scope(practice.pk):
        return queue_email("dora@dell.example", "practices/invitation", CONTEXT, event=event)


def only_email(practice) -> OutgoingEmail:
    with practice_scope(practice.pk):
        return OutgoingEmail.objects.get()


def deliver(practice) -> int:
    with acting_for(practice.pk):
        return deliver_queued_emails()


def test_an_event_is_mailed_once(brook):
    assert queue(brook).pk == queue(brook).pk
    assert deliver(brook) == 1
    assert deliver(brook) == 0
    assert len(mail.outbox) == 1
    assert only_email(brook).status == "sent"


def test_text_is_plain_and_html_is_escaped(brook):
    email = queue(brook)
    assert "Alice <script>" in email.text
    assert "<script>" not in email.html


def test_two_workers_send_a_message_once(brook):
    queue(brook)
    barrier = threading.Barrier(2)

    def work() -> None:
        barrier.wait()
        deliver(brook)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_down_is_tried_again_later(brook, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    queue(brook)
    assert deliver(brook) == 0
    email = only_email(brook)
    assert email.status == "queued"
    assert email.not_before > timezone.now()
    assert "refused" in email.failure


def test_an_interrupted_message_is_left_to_a_person(brook):
    email = queue(brook)
    with practice_scope(brook.pk):
        OutgoingEmail.objects.filter(pk=email.pk).update(
            status="sending", not_before=timezone.now() - timedelta(minutes=11)
        )
    assert deliver(brook) == 0
    assert only_email(brook).status == "failed"
    assert mail.outbox == []


def test_the_sweep_finds_practices_with_mail_and_learns_nothing_else(brook, cedar):
    assert practices_from("mail_practices_due") == []
    queue(brook)
    assert practices_from("mail_practices_due") == [brook.pk]


def test_a_message_is_read_by_its_practice_only(brook, client_of):
    email = queue(brook)
    assert client_of("alice").get(f"/p/brook-co/settings/emails/{email.pk}/").status_code == 200
    browser = client_of("carol")
    assert browser.get(f"/p/cedar-llp/settings/emails/{email.pk}/").status_code == 404


def queue_and_fail() -> None:
    queue_email("dora@dell.example", "practices/invitation", CONTEXT, event="event:2")
    raise ZeroDivisionError


def test_a_rolled_back_event_mails_nobody(brook):
    with pytest.raises(ZeroDivisionError), practice_scope(brook.pk):
        queue_and_fail()
    assert deliver(brook) == 0

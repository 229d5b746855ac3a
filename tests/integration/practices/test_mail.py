"""At most one message for an event, sent once, whatever the mail server does."""

import socket
import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.utils import timezone

from practices.delivery import deliver_queued_emails
from practices.mail import File, queue_email
from practices.models import OutgoingEmail, PracticeProfile
from practices.operations import amend_profile
from practices.tasks import practices_from
from practices.tenancy import acting_for, practice_scope

HOST = urlsplit(settings.PUBLIC_URL).hostname
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


def test_g83_messages_come_in_the_practices_own_sender_name_as_html_or_plain_text_alone(brook):
    with practice_scope(brook.pk):
        profile = PracticeProfile(sender_name="Brook billing", reply_to="accounts@brook.example")
        amend_profile(profile)
    both = queue(brook, "event:both")
    with practice_scope(brook.pk):
        profile.sends_plain_text = True
        amend_profile(profile)
    alone = queue(brook, "event:plain")
    assert (bool(both.html), bool(alone.html), alone.text) == (True, False, both.text)
    assert deliver(brook) == 2
    first, second = mail.outbox
    assert first.from_email.startswith("Brook billing <")
    assert first.reply_to == second.reply_to == ["accounts@brook.example"]
    assert [kind for _, kind in first.alternatives] == ["text/html"]
    assert not second.alternatives


def test_two_workers_send_a_message_once(brook):
    queue(brook)
    barrier = threading.Barrier(2)

    def work() -> None:
        barrier.wait(timeout=30)
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


class PostOffice:
    """An SMTP server that answers each RCPT with the next of its words."""

    def __init__(self, *answers: bytes) -> None:
        self.answers, self.bodies = list(answers), []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        for answer in self.answers:
            connection, _ = self.socket.accept()
            with connection, connection.makefile("rwb") as line:
                self.talk(line, answer)
        self.socket.close()

    def talk(self, line, answer: bytes) -> None:
        def say(words: bytes) -> None:
            line.write(words + b"\r\n")
            line.flush()

        say(b"220 ready")
        while said := line.readline():
            verb = said[:4].upper()
            if verb == b"DATA":
                say(b"354 go on")
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += line.readline()
                self.bodies.append(body)
            say(answer if verb == b"RCPT" else b"221 bye" if verb == b"QUIT" else b"250 ok")
            if verb == b"QUIT":
                return


def through(settings, office: PostOffice) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port


def test_fault_78_an_address_that_does_not_exist_is_not_tried_again(brook, settings):
    through(settings, PostOffice(b"550 no such person"))
    queue(brook)
    assert deliver(brook) == 0
    email = only_email(brook)
    assert email.status == "failed"
    assert "no such person" in email.failure


def test_fault_78_a_busy_server_is_tried_again_and_the_message_arrives_once(brook, settings):
    office = PostOffice(b"451 try later", b"250 ok")
    through(settings, office)
    queue(brook)
    assert deliver(brook) == 0
    with practice_scope(brook.pk):
        OutgoingEmail.objects.update(not_before=timezone.now())
    assert deliver(brook) == 1
    assert deliver(brook) == 0
    assert len(office.bodies) == 1
    email = only_email(brook)
    assert (email.status, email.failure) == ("sent", "")


def test_a_message_leaves_with_its_parts_files_sender_and_one_identity(brook):
    with practice_scope(brook.pk):
        queue_email(
            "dora@dell.example",
            "practices/invitation",
            CONTEXT,
            event="event:3",
            files=[File("letter.pdf", b"%PDF-1")],
            reply_to="alice@brook.example",
        )
    assert deliver(brook) == 1
    [sent] = mail.outbox
    assert sent.from_email == "Brook & Co <ignition@localhost>"
    assert sent.reply_to == ["alice@brook.example"]
    assert [kind for _, kind in sent.alternatives] == ["text/html"]
    assert sent.attachments == [("letter.pdf", b"%PDF-1", "application/pdf")]
    assert sent.extra_headers["Message-ID"] == f"<{brook.pk}.{only_email(brook).pk}@{HOST}>"

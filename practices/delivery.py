"""Sending what is in the mail outbox: claim, send, record, each in its own step."""

from dataclasses import dataclass
from datetime import timedelta
from email.utils import formataddr, parseaddr
from importlib import import_module
from importlib.util import find_spec
from smtplib import SMTPException, SMTPRecipientsRefused
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.utils import timezone

from practices.models import OutgoingEmail, Practice
from practices.tenancy import acting_practice_id, practice_transaction

MAX_ATTEMPTS = 8
#: A worker that was killed while sending may have sent: after this long a person decides.
SENDING_LIMIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message did not leave, and whether trying again is any use."""

    words: str
    is_final: bool = False


def deliver_queued_emails(limit: int = 50) -> int:
    """Send the acting practice's queued messages; returns how many left."""
    sent = 0
    if _keeps_its_mail():
        return sent
    for email in _claim(limit):
        failure = _send(email)
        with practice_transaction():
            _record(email, failure)
        sent += failure is None
    return sent


def _keeps_its_mail() -> bool:
    """Whether this is a demo practice: what it has queued stays here, and says so."""
    with practice_transaction():
        if not Practice.objects.filter(pk=acting_practice_id(), is_demo=True).exists():
            return False
        OutgoingEmail.objects.filter(status=OutgoingEmail.Status.QUEUED).update(
            status=OutgoingEmail.Status.FAILED,
            failure="A demo practice sends no mail: its people are made up.",
        )
    return True


def _claim(limit: int) -> list[OutgoingEmail]:
    with practice_transaction():
        OutgoingEmail.objects.filter(
            status=OutgoingEmail.Status.SENDING, not_before__lt=timezone.now() - SENDING_LIMIT
        ).update(
            status=OutgoingEmail.Status.FAILED,
            failure="Sending was interrupted, so this message may have left. Check with the recipient.",
        )
        claimed = list(
            OutgoingEmail.objects.queued()
            .order_by("id")
            .prefetch_related("attachments")
            .select_for_update(skip_locked=True)[:limit]
        )
        for email in claimed:
            email.status, email.not_before = OutgoingEmail.Status.SENDING, timezone.now()
            email.attempts += 1
        OutgoingEmail.objects.bulk_update(claimed, ["status", "not_before", "attempts"])
    return claimed


def _send(email: OutgoingEmail) -> Failure | None:
    message = EmailMultiAlternatives(
        email.subject,
        email.text,
        _sender(email),
        [email.to],
        reply_to=[email.reply_to] if email.reply_to else None,
        # The same for every try, so that a server that got it twice can tell.
        headers={"Message-ID": f"<{email.practice_id}.{email.pk}@{urlsplit(settings.PUBLIC_URL).hostname}>"},
    )
    if email.html:
        message.attach_alternative(email.html, "text/html")
    for attachment in email.attachments.all():
        message.attach(attachment.name, bytes(attachment.content), attachment.content_type)
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        words = b" ".join(reason for _, reason in error.recipients.values()).decode(errors="replace")
        return Failure(f"The address was refused: {words}", is_final=min(codes) >= 500)
    except (BadHeaderError, UnicodeError) as error:
        return Failure(f"The message cannot be written: {error}", is_final=True)
    except _passing_errors() as error:
        return Failure(f"{type(error).__name__}: {error}")
    return None


def _passing_errors() -> tuple[type[Exception], ...]:
    """What may be over in a while; with what the optional mail provider package raises, where it is installed."""
    ours = (SMTPException, OSError)
    return ours if find_spec("anymail") is None else (*ours, import_module("anymail.exceptions").AnymailError)


def _sender(email: OutgoingEmail) -> str:
    """Our own address, which the mail server may send for, with the practice's name before it."""
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((email.from_name, address)) if email.from_name else settings.DEFAULT_FROM_EMAIL


def _record(email: OutgoingEmail, failure: Failure | None) -> None:
    email.failure = failure.words if failure else ""
    if failure is None:
        email.status, email.sent_at = OutgoingEmail.Status.SENT, timezone.now()
    elif failure.is_final or email.attempts >= MAX_ATTEMPTS:
        email.status = OutgoingEmail.Status.FAILED
    else:
        email.status = OutgoingEmail.Status.QUEUED
        email.not_before = timezone.now() + timedelta(minutes=2**email.attempts)
    email.save(update_fields=["status", "failure", "sent_at", "not_before"])

"""Sending what is in the mail outbox: claim, send, record, each in its own step."""

from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from practices.models import OutgoingEmail
from practices.tenancy import practice_transaction

MAX_ATTEMPTS = 8
#: A worker that was killed while sending may have sent: after this long a person decides.
SENDING_LIMIT = timedelta(minutes=10)


def deliver_queued_emails(limit: int = 50) -> int:
    """Send the acting practice's queued messages; returns how many left."""
    sent = 0
    for email in _claim(limit):
        failure = _send(email)
        with practice_transaction():
            _record(email, failure)
        sent += not failure
    return sent


def _claim(limit: int) -> list[OutgoingEmail]:
    with practice_transaction():
        OutgoingEmail.objects.filter(
            status=OutgoingEmail.Status.SENDING, not_before__lt=timezone.now() - SENDING_LIMIT
        ).update(
            status=OutgoingEmail.Status.FAILED,
            failure="Sending was interrupted, so this message may have left. Check with the recipient.",
        )
        claimed = list(
            OutgoingEmail.objects.queued().order_by("id").select_for_update(skip_locked=True)[:limit]
        )
        for email in claimed:
            email.status, email.not_before = OutgoingEmail.Status.SENDING, timezone.now()
            email.attempts += 1
        OutgoingEmail.objects.bulk_update(claimed, ["status", "not_before", "attempts"])
    return claimed


def _send(email: OutgoingEmail) -> str:
    message = EmailMultiAlternatives(email.subject, email.text, settings.DEFAULT_FROM_EMAIL, [email.to])
    if email.html:
        message.attach_alternative(email.html, "text/html")
    try:
        message.send()
    except (SMTPException, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _record(email: OutgoingEmail, failure: str) -> None:
    email.failure = failure
    if not failure:
        email.status, email.sent_at = OutgoingEmail.Status.SENT, timezone.now()
    elif email.attempts >= MAX_ATTEMPTS:
        email.status = OutgoingEmail.Status.FAILED
    else:
        email.status = OutgoingEmail.Status.QUEUED
        email.not_before = timezone.now() + timedelta(minutes=2**email.attempts)
    email.save(update_fields=["status", "failure", "sent_at", "not_before"])

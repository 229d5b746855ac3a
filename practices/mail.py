"""Mail leaves through an outbox: written in the transaction of the event, sent by a worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from practices import audit
from practices.errors import DomainError
from practices.letterhead import Brand, brand_of, practice_values
from practices.mail_kinds import MailKind, wording_of
from practices.models import EmailAttachment, MailWording, OutgoingEmail
from practices.placeholders import filled, filled_html
from practices.remembered import acting_practice
from practices.rich_text import as_html, plain
from practices.tasks import deliver_emails, wake
from practices.tenancy import acting_practice_id


class WordsAreGone(DomainError):
    message = "What this message said is no longer kept, so it cannot be sent again."


class StillOnItsWay(DomainError):
    message = "This message is still on its way. Wait until it has left or failed, then send it again."


@dataclass(frozen=True, slots=True)
class File:
    """A file to send along, made before the message is queued."""

    name: str
    content: bytes
    content_type: str = "application/pdf"


@dataclass(frozen=True, slots=True)
class Written:
    """A message as it will leave: subject, text part and HTML part."""

    subject: str
    text: str
    html: str


def queue_email(
    to: str,
    template: str,
    context: dict[str, Any],
    *,
    event: str,
    files: Sequence[File] = (),
    reply_to: str = "",
) -> OutgoingEmail:
    """The queued message; asking again for the same event returns the first one and sends nothing more.

    ``template`` is ``<app>/<message>``: its three files are ``templates/emails/<template>.{subject.txt,txt,html}``.
    """
    brand = brand_of(acting_practice())
    written = write_internal(template, context, brand)
    return _queue(to, template, written, brand, event=event, files=files, reply_to=reply_to)


def queue_message(
    to: str,
    kind: MailKind,
    values: Mapping[str, str],
    *,
    event: str,
    url: str = "",
    files: Sequence[File] = (),
    wording: MailWording | None = None,
) -> OutgoingEmail:
    """A queued message to a client in the practice's words; at most one for an event, as `queue_email`.

    ``values`` fill the kind's own placeholders, ``url`` is where its button leads, ``wording`` are words for this
    once.
    """
    practice = acting_practice()
    brand = brand_of(practice)
    written = write_message(
        kind, wording or wording_of(kind), {**values, **practice_values(practice)}, brand, url=url
    )
    return _queue(to, kind.key, written, brand, event=event, files=files)


def write_message(
    kind: MailKind, wording: MailWording, values: Mapping[str, str], brand: Brand, *, url: str = ""
) -> Written:
    """The message with its placeholders filled in; values are words and never markup."""
    body = filled_html(as_html(wording.body), values)
    context = {"brand": brand, "body": mark_safe(body), "url": url, "button": kind.button if url else ""}  # noqa: S308 - cleaned, and its values escaped
    text = plain(body)
    return Written(
        subject=one_line(filled(wording.subject, values)),
        text=f"{text}\n\n{kind.button}:\n{url}\n" if context["button"] else f"{text}\n",
        html=render_to_string("emails/message.html", context),
    )


def write_internal(template: str, context: dict[str, Any], brand: Brand) -> Written:
    """A message from its templates, in the practice's frame."""
    context = {"public_url": settings.PUBLIC_URL, **context}
    body = render_to_string(f"emails/{template}.html", context)
    return Written(
        subject=one_line(plain_text(f"emails/{template}.subject.txt", context)),
        text=plain_text(f"emails/{template}.txt", context),
        html=render_to_string("emails/message.html", {"brand": brand, "body": body}),
    )


def _queue(
    to: str,
    kind: str,
    written: Written,
    brand: Brand,
    *,
    event: str,
    files: Sequence[File] = (),
    reply_to: str = "",
) -> OutgoingEmail:
    email, created = OutgoingEmail.objects.get_or_create(
        event=event,
        defaults={
            "to": to,
            "kind": kind,
            "subject": written.subject,
            "text": written.text.replace("\0", ""),
            "html": "" if brand.is_plain else written.html.replace("\0", ""),
            "from_name": one_line(brand.sender or brand.name)[:100],
            "reply_to": reply_to or brand.reply_to,
        },
    )
    if created:
        EmailAttachment.objects.bulk_create(
            EmailAttachment(email=email, name=file.name, content_type=file.content_type, content=file.content)
            for file in files
        )
        _wake()
    return email


def send_again(email: OutgoingEmail) -> OutgoingEmail:
    """A failed message queued once more, or a copy of one that was sent; raises `StillOnItsWay` or `WordsAreGone`."""
    email = OutgoingEmail.objects.select_for_update().get(pk=email.pk)
    if not email.text:
        raise WordsAreGone(email)
    if email.status == OutgoingEmail.Status.FAILED:
        email.status, email.attempts, email.failure = OutgoingEmail.Status.QUEUED, 0, ""
        email.save(update_fields=["status", "attempts", "failure"])
        again = email
    elif email.status == OutgoingEmail.Status.SENT:
        again = _copy(email)
    else:
        raise StillOnItsWay(email)
    audit.record("email.sent_again", again, to=again.to)
    _wake()
    return again


def _copy(email: OutgoingEmail) -> OutgoingEmail:
    number = email.repeated.count() + 1  # the original is locked, so nobody else counts now
    names = ["to", "kind", "subject", "text", "html", "from_name", "reply_to"]
    values = {name: getattr(email, name) for name in names}
    copy: OutgoingEmail = OutgoingEmail.objects.create(
        event=f"again:{email.pk}:{number}", repeats=email, **values
    )
    for attachment in email.attachments.all():
        attachment.pk, attachment.email = None, copy
        attachment.save(force_insert=True)
    return copy


def _wake() -> None:
    practice_id = acting_practice_id()
    transaction.on_commit(lambda: wake(deliver_emails, practice_id))


def one_line(text: str, length: int = 200) -> str:
    """The text on one line without control characters, so that nothing in it becomes a header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:length]


def plain_text(name: str, context: dict[str, Any]) -> str:
    """A template rendered for readers of plain text: an ampersand in a name stays an ampersand."""
    return Engine.get_default().get_template(name).render(Context(context, autoescape=False))

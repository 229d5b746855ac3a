"""Mail leaves through an outbox: written in the transaction of the event, sent by a worker."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.template import Context, Engine
from django.template.loader import render_to_string

from practices.models import OutgoingEmail
from practices.tasks import deliver_emails, wake
from practices.tenancy import acting_practice_id


def queue_email(to: str, template: str, context: dict[str, Any], *, event: str) -> OutgoingEmail:
    """The queued message; asking again for the same event returns the first one and sends nothing more.

    ``template`` is ``<app>/<message>``: its three files are ``templates/emails/<template>.{subject.txt,txt,html}``.
    """
    context = {"public_url": settings.PUBLIC_URL, **context}
    email, created = OutgoingEmail.objects.get_or_create(
        event=event,
        defaults={
            "to": to,
            "subject": " ".join(plain_text(f"emails/{template}.subject.txt", context).split())[:200],
            "text": plain_text(f"emails/{template}.txt", context),
            "html": render_to_string(f"emails/{template}.html", context),
        },
    )
    if created:
        practice_id = acting_practice_id()
        transaction.on_commit(lambda: wake(deliver_emails, practice_id))
    return email


def plain_text(name: str, context: dict[str, Any]) -> str:
    """A template rendered for readers of plain text: an ampersand in a name stays an ampersand."""
    return Engine.get_default().get_template(name).render(Context(context, autoescape=False))

"""The pages of the mail outbox: what was sent to whom, how it went, and sending it again."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from practices.limits import costly
from practices.lists import Column, List, ShownList, file_of
from practices.mail import send_again
from practices.models import EmailAttachment, OutgoingEmail
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.views import settings_tabs

MESSAGES = List(
    "emails",
    "practices:email-list",
    ("message", "messages"),
    (
        Column("subject", "Subject", lambda email: email.subject, fixed=True),
        Column("to", "To", lambda email: email.to),
        Column("state", "State", lambda email: email.get_status_display()),
        Column("written", "Written", lambda email: email.created_at),
        Column("sent", "Sent", lambda email: email.sent_at, hidden=True),
    ),
    {"written": ("-pk",)},
)
#: A message is shown as mail programs show it: with its own styles, and nothing that runs or is fetched.
MESSAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


def message_page(html: str) -> HttpResponse:
    """A message's HTML part for a frame of our own pages."""
    return HttpResponse(html, headers={"Content-Security-Policy": MESSAGE_POLICY})


@requires(Can.SEE)
@require_safe
def email_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """What was sent to whom, newest first, by state and by words of its subject or address."""
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()
    emails = OutgoingEmail.objects.defer("text", "html")
    if state in OutgoingEmail.Status.values:
        emails = emails.filter(status=state)
    if words:
        emails = emails.filter(Q(to__icontains=words) | Q(subject__icontains=words))
    shown = ShownList(request, MESSAGES)
    if file := file_of(shown, emails):
        return file
    address = reverse("practices:email-list", args=[practice])
    states = [("", "All"), *OutgoingEmail.Status.choices]
    context = {
        "list": shown,
        "page": shown.page_of(emails),
        "count": shown.counted(emails),
        "state": state,
        "words": words,
        "tabs": settings_tabs(request, "Sent mail"),
        "states": [
            {
                "label": label,
                "url": f"{address}?state={value}" if value else address,
                "active": value == state,
            }
            for value, label in states
        ],
    }
    return render(request, "practices/email_list.html" + ("#rows" if request.htmx else ""), context)


@requires(Can.SEE)
@require_safe
def email_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One message as it was written, with its files."""
    email = get_object_or_404(OutgoingEmail.objects.select_related("repeats"), pk=pk)
    files = email.attachments.defer("content")
    return render(request, "practices/email_detail.html", {"email": email, "files": files})


@requires(Can.SEE)
@require_safe
@xframe_options_sameorigin
def email_html(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The message's HTML part, for the frame on its page."""
    return message_page(get_object_or_404(OutgoingEmail, pk=pk).html)


@requires(Can.SEE)
@require_safe
def email_file(request: PracticeRequest, practice: str, pk: int, file: int) -> HttpResponse:
    """A file that went with the message, to keep."""
    attachment = get_object_or_404(EmailAttachment, pk=file, email=pk)
    return HttpResponse(
        bytes(attachment.content),
        content_type=attachment.content_type,
        headers={"Content-Disposition": f'attachment; filename="{attachment.name}"'},
    )


@requires(Can.SEND_PROPOSALS)
@require_POST
@costly
def email_send_again(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Queue a failed message once more, or a copy of one that was sent."""
    email = send_again(get_object_or_404(OutgoingEmail, pk=pk))
    messages.success(request, f"The message to {email.to} is on its way again.")
    return see_other(request, "practices:email-detail", practice=practice, pk=email.pk)

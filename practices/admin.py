"""The operator's view of practices and people, and of what is recorded inside a practice."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from practices.job_models import Job
from practices.mail import send_again
from practices.models import ApiKey, AuditEntry, Membership, OutgoingEmail, Practice, User
from practices.operator_site import PracticeRowsAdmin, ReadOnlyAdmin, operators
from practices.operators import sign_out
from practices.webhook_models import WebhookDelivery, WebhookEndpoint


@admin.register(Practice, site=operators)
class PracticeAdmin(ReadOnlyAdmin):
    list_display = ["name", "slug", "country", "plan", "created_at", "entry"]
    search_fields = ["name", "slug"]
    ordering = ["name"]

    @admin.display(description="")
    def entry(self, practice: Practice) -> str:
        """The way in."""
        return format_html('<a href="{}">Enter</a>', reverse("operator-enter", args=[practice.pk]))


@admin.register(User, site=operators)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["email", "name", "is_active", "is_staff", "date_joined", "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    actions = ["sign_out"]

    @admin.action(description="Sign the chosen people out everywhere")
    def sign_out(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Their sessions end on every device; they may sign in again."""
        ended = sum(map(sign_out, people))
        messages.success(request, f"{ended} sessions ended. Whoever it was signs in again to go on.")


@admin.register(Membership, site=operators)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["user", "practice", "role", "joined_at"]
    list_select_related = ["user", "practice"]
    list_filter = ["role"]
    search_fields = ["user__email", "practice__name"]


@admin.register(ApiKey, site=operators)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ["name", "practice", "prefix", "created_at", "last_used_at", "revoked_at"]
    list_select_related = ["practice"]
    search_fields = ["name", "prefix", "practice__name"]


@admin.register(AuditEntry, site=operators)
class AuditEntryAdmin(PracticeRowsAdmin):
    list_display = ["at", "actor", "action", "subject_type", "subject_id"]
    list_select_related = ["actor"]
    search_fields = ["action", "subject_type"]


@admin.register(OutgoingEmail, site=operators)
class OutgoingEmailAdmin(PracticeRowsAdmin):
    #: Messages hold links that open proposals and invitations.
    hidden = ("text", "html")
    list_display = ["subject", "to", "status", "attempts", "created_at", "sent_at"]
    list_filter = ["status"]
    search_fields = ["to", "subject"]
    actions = ["send_again"]

    @admin.action(description="Send the chosen messages again")
    def send_again(self, request: HttpRequest, emails: QuerySet[OutgoingEmail]) -> None:
        """Failed messages once more, copies of sent ones."""
        self.do_each(request, emails, send_again, "messages are on their way again.")


@admin.register(Job, site=operators)
class JobAdmin(PracticeRowsAdmin):
    list_display = ["title", "status", "done", "total", "failed", "created_at", "finished_at"]
    list_filter = ["status", "kind"]
    search_fields = ["title"]


@admin.register(WebhookEndpoint, site=operators)
class WebhookEndpointAdmin(PracticeRowsAdmin):
    list_display = ["url", "strikes", "paused_until", "created_at", "removed_at"]
    search_fields = ["url"]


@admin.register(WebhookDelivery, site=operators)
class WebhookDeliveryAdmin(PracticeRowsAdmin):
    list_display = ["endpoint", "event", "status", "attempts", "created_at"]
    list_select_related = ["endpoint"]
    list_filter = ["status"]

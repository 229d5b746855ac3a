"""The operator's view of practices and people. Rows of a practice are looked at inside the practice."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from practices.models import Membership, Practice, User


class ReadOnlyAdmin(admin.ModelAdmin):
    """Search and look; changes go through the product's own pages."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Practice)
class PracticeAdmin(ReadOnlyAdmin):
    list_display = ["name", "slug", "country", "created_at"]
    search_fields = ["name", "slug"]


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["email", "name", "is_active", "is_staff", "date_joined"]
    search_fields = ["email", "name"]
    exclude = ["password"]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["user", "practice", "role"]
    list_select_related = ["user", "practice"]
    search_fields = ["user__email", "practice__name"]

"""The operator's door: Django admin that looks and searches, and changes nothing except through operations."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import cached_property

from practices.errors import DomainError
from practices.fields import SealedTextField
from practices.models import Membership, Practice, User
from practices.operators import visit_of
from practices.second_factors import SET_UP_PAGE, lacks_second_factor
from practices.tenancy import scope_is_open

#: Columns that open something; nobody looks at them, operators included.
SECRET_NAMES = re.compile(r"token|secret|password|nonce|verifier")
#: A list ends there; whoever needs more narrows it, so that no page counts or skips through a large table.
MOST_ROWS = 1000


class OperatorSite(admin.AdminSite):
    """Admin for platform staff with a second factor; only what the apps register here is in it."""

    site_header = site_title = "Ignition for operators"
    index_title = "Practices"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this is an operator of the service who has proved it twice."""
        return may_operate(request)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """The view for operators; everybody else is sent to the door at once."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def for_operators(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return guarded(request, *args, **kwargs) if may_operate(request) else to_the_door(request)

        return for_operators

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The product's own sign-in, with its limits and second factors, instead of admin's."""
        return to_the_door(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The practices, and inside one its people and what may be done for it."""
        return super().index(request, {**inside(request), **(extra_context or {})})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Whose practice this is, on every page."""
        return {**super().each_context(request), **inside(request)}


def may_operate(request: HttpRequest) -> bool:
    """Whether whoever asks is active staff of the service, with a second factor where that is demanded."""
    user = request.user
    return bool(isinstance(user, User) and user.is_active and user.is_staff and not lacks_second_factor(user))


def to_the_door(request: HttpRequest) -> HttpResponse:
    """Where somebody goes who may not operate: to sign in, to set up a second factor, or nowhere."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not request.user.is_staff:
        return render(request, "404.html", status=404)
    messages.warning(request, "Operators of the service need a second factor. Set one up to go on.")
    return redirect(SET_UP_PAGE)


def inside(request: HttpRequest) -> dict[str, Any]:
    """The practice the operator is in and its members; nothing outside one."""
    visit = visit_of(request, timezone.now()) if request.user.is_authenticated else None
    if visit is None:
        return {"visit": None}
    practice = Practice.objects.get(pk=visit.practice_id)
    members = Membership.objects.filter(practice=practice).select_related("user").order_by("user__email")
    return {"visit": visit, "visited": practice, "members": members}


class ShortPaginator(Paginator):
    """Pages of the first rows only, so that neither counting nor skipping grows with the table."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most `MOST_ROWS`."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by().values("pk")[:MOST_ROWS].count()


class ReadOnlyAdmin(admin.ModelAdmin):
    """Search and look; whatever changes goes through an operation."""

    paginator = ShortPaginator
    show_full_result_count = False
    list_per_page = 50
    #: Further columns that nobody looks at here.
    hidden: tuple[str, ...] = ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_operate(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows, without what is sealed."""
        sealed = [f.name for f in self.model._meta.fields if isinstance(f, SealedTextField)]
        rows = super().get_queryset(request)
        return rows.defer(*sealed) if sealed else rows

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Every column that opens nothing."""
        return [
            field.name
            for field in self.model._meta.fields
            if field.name not in {*self.hidden, "id"}
            and not isinstance(field, SealedTextField)
            and not SECRET_NAMES.search(field.name)
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return self.get_fields(request, obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Closed: what happened is in the practice's own audit trail."""
        raise PermissionDenied


class PracticeRowsAdmin(ReadOnlyAdmin):
    """Rows of the practice that the operator is in; without one there are none, and nobody else's ever."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return scope_is_open() and super().has_view_permission(request, obj)

    def do_each(self, request: HttpRequest, rows: QuerySet[Any], operation: Any, done: str) -> None:
        """Call the operation on each chosen row; what a rule forbids is said and skipped."""
        count = 0
        for row in rows:
            try:
                operation(row)
                count += 1
            except DomainError as problem:
                messages.warning(request, f"{row}: {problem.message}")
        if count:
            messages.success(request, f"{count} {done}")


operators = OperatorSite(name="admin")

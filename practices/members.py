"""Who is signed in, and what they are in the practice of the path: known with one question."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.db.models import BigIntegerField
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from practices.change_marks import MARKS
from practices.models import Membership, Practice, User
from practices.prepared import Prepared
from practices.rows import columns_of, cut

PREFIX = "/p/"


def known_member(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware behind Django's own of authentication: the person is read together with the membership.

    Whatever is not plain (a stranger, an account that was closed, a session of an older password) is left to Django.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PREFIX):
            member = _member(request)
            if member is not None:
                request.known_member = member  # type: ignore[attr-defined]
                # Where Django keeps the person once it has looked.
                request._cached_user = member.user  # type: ignore[attr-defined]  # noqa: SLF001
        return get_response(request)

    return middleware


def membership_of(user_id: int | None, slug: str) -> Membership | None:
    """The person's membership in the practice of that address, with both; None for strangers.

    What is ``marked`` in the practice comes with it, so that a page need not ask for it.
    """
    if user_id is None or user_id > BigIntegerField.MAX_BIGINT:
        return None  # of a forged session: the database has no such number
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [user_id, slug])
        found = cursor.fetchone()
    if found is None:
        return None
    *columns, marked = found
    member: Membership
    member, member.practice, member.user = cut(columns, [Membership, Practice, User])
    member.marked = marked  # type: ignore[attr-defined]
    return member


@cache
def _statement() -> Prepared:
    """Every page asks it first; through a queryset it would be put together and planned anew each time."""
    return Prepared(
        f"SELECT {columns_of(Membership)}, {columns_of(Practice)}, {columns_of(User)},"  # noqa: S608 - names of ours
        f" {MARKS.format(practice='practices_practice.id')}"
        " FROM practices_membership"
        " JOIN practices_practice ON practices_practice.id = practices_membership.practice_id"
        " JOIN practices_user ON practices_user.id = practices_membership.user_id"
        " WHERE practices_membership.user_id = %s AND practices_practice.slug = %s"
    )


def _member(request: HttpRequest) -> Membership | None:
    user_id = request.session.get(SESSION_KEY, "")
    if (
        not str(user_id).isdecimal()
        or request.session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS
    ):
        return None
    slug = request.path_info.removeprefix(PREFIX).split("/", 1)[0]
    member = None if "\0" in slug else membership_of(int(user_id), slug)
    if member is None or not member.user.is_active:
        return None
    kept = request.session.get(HASH_SESSION_KEY, "")
    return member if constant_time_compare(kept, member.user.get_session_auth_hash()) else None

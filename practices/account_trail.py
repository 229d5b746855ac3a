"""What people change about how they sign in is in the trail of each of their practices, every attempt in the log."""

from collections.abc import Sequence
from typing import Any

import structlog
from allauth.account import signals as account
from allauth.account.utils import url_str_to_user_pk
from allauth.core import context
from allauth.mfa import signals as factors
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.dispatch import Signal
from django.http import HttpRequest

from practices import audit
from practices.models import Membership, User
from practices.requests import address_of
from practices.tenancy import practice_scope

#: Which act a signal tells of, as the trail names it.
ACTS: dict[str, Signal] = {
    "password_changed": account.password_changed,
    "password_set": account.password_set,
    "password_reset": account.password_reset,
    "email_address_changed": account.email_changed,
    "email_address_added": account.email_added,
    "email_address_removed": account.email_removed,
    "second_factor_added": factors.authenticator_added,
    "second_factor_removed": factors.authenticator_removed,
    "recovery_codes_made_anew": factors.authenticator_reset,
}

log = structlog.get_logger("ignition.sign_in")


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]  # allauth has no types
    """Ends sessions as allauth does, and notes it."""

    def end_sessions(self, sessions: Sequence[UserSession]) -> None:
        """End these sessions of one person."""
        super().end_sessions(sessions)
        if sessions:
            note("sessions_ended", sessions[0].user, context.request, sessions=len(sessions))


def note(act: str, person: User, request: HttpRequest | None, **details: Any) -> None:
    """Write it down in the log, and once it is so in the trail of each practice the person belongs to.

    The practices are apart, so this is after the transaction of the change: one that broke off leaves no entry.
    """
    if request is not None:
        details["address"] = address_of(request)
    log.info("account changed", act=act, user_id=person.pk, **details)
    transaction.on_commit(lambda: _into_trails(act, person, details), robust=True)


def refused(reason: str, user_id: int | None = None) -> None:
    """Write down that somebody was not let in, and from where; who it was meant to be, where that is an account."""
    request, address = context.request, None
    if request is not None:
        address = address_of(request)
        # Whose password was right already, while a second factor is asked for.
        waiting = (request.session.get("account_login") or {}).get("user_pk")
        user_id = user_id or (url_str_to_user_pk(waiting) if waiting else None)
    log.warning("sign-in refused", reason=reason, user_id=user_id, address=address)


def _into_trails(act: str, person: User, details: dict[str, Any]) -> None:
    for member in Membership.objects.filter(user=person).order_by("pk"):
        with audit.acting_as(person), practice_scope(member.practice_id):
            audit.record(f"member.{act}", member, **details)


def _let_in(*, request: HttpRequest, user: User, **_: Any) -> None:
    methods = [each.get("method", "") for each in request.session.get("account_authentication_methods", [])]
    log.info("signed in", user_id=user.pk, address=address_of(request), by=methods)


def _wrong_password(*, credentials: dict[str, Any], **_: Any) -> None:
    found = User.objects.filter(email__iexact=credentials.get("email") or "").values_list("pk", flat=True)
    refused("wrong password", found.first())


def _noted_as(act: str) -> Any:
    def receive(*, request: HttpRequest, user: User, authenticator: Any = None, **_: Any) -> None:
        note(act, user, request, **({"factor": authenticator.type} if authenticator else {}))

    return receive


def listen() -> None:
    """Note from now on what allauth tells of."""
    for act, signal in ACTS.items():
        signal.connect(_noted_as(act), weak=False, dispatch_uid=f"account trail: {act}")
    account.user_logged_in.connect(_let_in, dispatch_uid="account trail: signed in")
    user_login_failed.connect(_wrong_password, dispatch_uid="account trail: refused")

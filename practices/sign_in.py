"""Signing in with a password: who guesses is slowed down, and nobody is locked out by somebody else's guesses."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from practices.account_trail import refused

#: A browser that signed in is known for so long.
KNOWN_FOR = 60 * 60 * 24 * 180


class SignInAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Counts wrong passwords for an account, those from a browser it has signed in with before apart from all others.

    So a stranger who goes on guessing keeps other strangers out, and not the person.
    """

    #: With our word for an address.
    error_messages = DefaultAccountAdapter.error_messages | {
        "cannot_remove_primary_email": "You cannot remove your primary e-mail address.",
        "duplicate_email": "This e-mail address is already yours.",
        "email_password_mismatch": "This e-mail address and password do not match.",
        "email_taken": "Somebody already signs in with this e-mail address.",
        "max_email_addresses": "You cannot add more than %d e-mail addresses.",
        "unverified_primary_email": "Confirm your primary e-mail address first.",
    }

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """The error in our words; whoever is kept waiting stands in the log."""
        if code == "too_many_login_attempts":
            refused("too many wrong passwords")
        error: ValidationError = super().validation_error(code, *args)
        return error

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Where the person goes, with a cookie by which this browser is known as theirs."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        response.set_cookie(
            settings.KNOWN_BROWSER_COOKIE_NAME,
            _mark_of(user.email),
            max_age=KNOWN_FOR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What attempts are counted by; allauth has no public place to say it."""
        key: str = super()._get_login_attempts_cache_key(request, **credentials)
        mark = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, "")
        is_known = constant_time_compare(mark, _mark_of(credentials.get("email", "")))
        return f"{key}:known" if is_known else key


def _mark_of(email: str) -> str:
    """What only we can make for this address."""
    return salted_hmac("practices.known-browser", email.lower(), algorithm="sha256").hexdigest()

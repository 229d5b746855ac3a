"""Second factors: authenticator apps, passkeys and recovery codes, kept by allauth under our keys."""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.exceptions import ValidationError

from practices.account_trail import refused
from practices.fields import CannotOpen, keys
from practices.models import Membership, User

#: Where somebody goes who may not work here without a second factor.
SET_UP_PAGE = "mfa_index"


class SealedSecretsAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """allauth's second factors with their secrets encrypted at rest; they belong to a person, not to a practice."""

    #: allauth says "Incorrect code." of a passkey too, where nobody typed one.
    error_messages = DefaultMFAAdapter.error_messages | {
        "add_email_blocked": "Remove your second factor before you add an e-mail address.",
        "unverified_email": "Confirm your e-mail address before you set up a second factor.",
        "incorrect_code": "This code or passkey was not accepted. Try again, or sign in another way.",
    }

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """The error in our words; a code or passkey that was not accepted stands in the log."""
        if code == "incorrect_code":
            refused("wrong second factor")
        error: ValidationError = super().validation_error(code, *args)
        return error

    def encrypt(self, text: str) -> str:
        """The secret under the newest of the installation's keys."""
        return keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret in plain; raises `CannotOpen` when its key is gone."""
        try:
            return keys().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise CannotOpen("FIELD_ENCRYPTION_KEYS lacks the key of a second factor.") from error


def must_set_up(member: Membership) -> bool:
    """Whether the practice lets this member in only with a second factor they do not have yet."""
    if not (member.role == Membership.Role.OWNER and member.practice.owners_need_second_factor):
        return False
    return not SealedSecretsAdapter().is_mfa_enabled(member.user)


def lacks_second_factor(operator: User) -> bool:
    """Whether this operator of the service still has to set up a second factor before anything opens."""
    if not settings.OPERATORS_NEED_SECOND_FACTOR:
        return False
    return not SealedSecretsAdapter().is_mfa_enabled(operator)

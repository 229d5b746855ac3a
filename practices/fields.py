"""Encrypted columns: keys outside the database, and the practice's id bound into each value."""

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from practices.tenancy import acting_practice_id


class CannotOpen(Exception):
    """A stored secret does not open with the keys of this installation, or belongs to another practice."""


def keys() -> MultiFernet:
    """The configured keys: the first encrypts, all decrypt."""
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


def seal(secret: str) -> str:
    """The secret encrypted for the acting practice (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return keys().encrypt(f"{acting_practice_id()}:{secret}".encode()).decode()


def unseal(sealed: str) -> str:
    """The secret of the acting practice; raises `CannotOpen` for a wrong key or another practice's value."""
    try:
        owner, _, secret = keys().decrypt(sealed.encode()).decode().partition(":")
    except InvalidToken as error:
        raise CannotOpen("FIELD_ENCRYPTION_KEYS lacks the key this value was written with.") from error
    if owner != str(acting_practice_id()):
        raise CannotOpen("This value was written for another practice.")
    return secret


class SealedTextField(models.TextField):
    """Text that is encrypted at rest for its practice and plain in Python; empty stays empty."""

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return unseal(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        return seal(str(value)) if value else value

"""A new key for what is encrypted at rest: everything opens before, during and after."""

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from practices.fields import CannotOpen
from practices.tenancy import practice_scope
from sage_integration.models import SageConnection
from tests.sage import connected


def tokens(practice) -> tuple[str, str]:
    with practice_scope(practice.pk):
        connection = SageConnection.objects.get()
        return connection.access_token, connection.refresh_token


def test_after_rotation_the_old_key_is_not_needed(brook, sage, settings):
    connected(brook, sage)
    before, newest = tokens(brook), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [newest, *settings.FIELD_ENCRYPTION_KEYS]
    call_command("rotate_field_keys")
    settings.FIELD_ENCRYPTION_KEYS = [newest]
    assert tokens(brook) == before


def test_an_old_key_removed_too_early_is_said_and_changes_nothing(brook, sage, settings):
    """Fault 84."""
    connected(brook, sage)
    before, old = tokens(brook), settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CannotOpen):
        tokens(brook)
    with pytest.raises(CommandError, match="nothing was changed"):
        call_command("rotate_field_keys")
    settings.FIELD_ENCRYPTION_KEYS = old
    assert tokens(brook) == before

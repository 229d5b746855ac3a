"""A new key for what is encrypted at rest: everything opens before, during and after."""

from threading import Thread

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from practices.fields import CannotOpen
from practices.tenancy import practice_scope
from sage_integration.models import SageConnection
from tests.integration.practices.test_second_factors import app_set_up, code_of, signed_in
from tests.racing import wait_until
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


def test_attack_23_second_factors_open_after_rotation_without_the_old_key(cast, settings):
    secret = app_set_up(cast.alice.email)
    newest = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [newest, *settings.FIELD_ENCRYPTION_KEYS]
    call_command("rotate_field_keys")
    settings.FIELD_ENCRYPTION_KEYS = [newest]
    browser, _ = signed_in(cast.alice.email)
    browser.post("/accounts/second-factor/authenticate/", {"code": code_of(secret)})
    assert browser.get("/p/brook-co/").status_code == 200


def is_waited_for() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_attack_39_a_recovery_code_used_while_keys_are_rotated_stays_used(cast):
    app_set_up(cast.alice.email)

    def rotate() -> None:
        call_command("rotate_field_keys")
        connection.close()

    with transaction.atomic():
        codes = Authenticator.objects.select_for_update().get(type="recovery_codes")
        rotation = Thread(target=rotate)
        rotation.start()
        wait_until(is_waited_for)
        codes.data = codes.data | {"used_mask": 1}
        codes.save(update_fields=["data"])
    rotation.join(timeout=20)
    codes.refresh_from_db()
    assert codes.data["used_mask"] == 1

"""Fixtures of every test that has a database: real PostgreSQL, real Valkey, real commits.

Each test commits for real and the rows are deleted afterwards: a test's outer transaction would keep the
practice setting alive and hide what isolation tests look for. Tests run as `ignition_app`, bound by row
level security. Both practices exist in every one of them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache as cache_once
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import setup_databases, teardown_databases
from redis import Redis

from devtools.faults.database_clock import move_along
from practices.isolation import tenant_models
from practices.prepared import keep_plans
from sage_integration.sessions import forget_everything
from tests import factories
from tests.template_database import migrated_template

pytest_plugins = ["tests.plugins.features", "tests.sage"]

#: Rows that migrations write, and that stay.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """How often the property tests of polling throw their dice: few times with the suite, many on demand."""
    parser.addoption("--interleavings", type=int, default=6, help="random interleavings to try (6)")


def pytest_configure() -> None:
    """Static files come straight from their folders, the database's clock moves with the one of a
    test, and sessions keep plans as those of workers do."""
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
    move_along()
    keep_plans()


@pytest.fixture(scope="session")
def database(worker_id: str, django_db_blocker) -> Iterator[None]:
    """A migrated test database of this worker's own; made as the owner, used as the application."""
    suffix = "" if worker_id == "master" else worker_id
    number = int(worker_id.removeprefix("gw")) if suffix else 15
    settings.REDIS_URL = settings.CELERY_BROKER_URL = (
        f"{settings.REDIS_URL.rsplit('/', 1)[0]}/{number % 15 + 1}"
    )
    settings.CACHES["default"]["LOCATION"] = settings.REDIS_URL
    with suppress(AttributeError):
        del caches["default"]  # Somebody may have used it before, in the place all workers share.
    # Hashing slowly is production's business; the cast alone would cost a second a test.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    test = connections["default"].settings_dict["TEST"]
    with django_db_blocker.unblock(), running_as(settings.OWNER_ROLE):
        test["TEMPLATE"] = migrated_template()
        test["NAME"] = f"test_ignition_{os.getpid()}{suffix}"
        made = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        end_other_sessions()
        with running_as(settings.OWNER_ROLE):
            teardown_databases(made, verbosity=0)


def end_other_sessions() -> None:
    """Let go of what threads of a server may still hold: a database in use cannot be dropped."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )


@contextmanager
def running_as(role: str) -> Iterator[None]:
    """New connections take this role inside."""
    options = connections["default"].settings_dict["OPTIONS"]
    before, options["assume_role"] = options["assume_role"], role
    connection.close()
    try:
        yield
    finally:
        connection.close()
        options["assume_role"] = before


def delete_all_rows() -> None:
    """Empty every table in one transaction (all our keys are checked at its end)."""
    where = connection.settings_dict["PORT"], connection.settings_dict["NAME"]
    try:
        empty_tables(sweeper(*where))
    except DatabaseError:  # a test may have restarted the server
        sweeper(*where).close()
        sweeper.cache_clear()
        empty_tables(sweeper(*where))


def empty_tables(server: BaseDatabaseWrapper) -> None:
    """Call what `sweeper` has made."""
    with server.cursor() as cursor:
        cursor.execute("SELECT pg_temp.empty_tables()")


@cache_once
def sweeper(port: int, name: str) -> BaseDatabaseWrapper:
    """A connection of the owner's to this database, kept: it has planned once how every table is emptied."""
    server = connection.copy()
    server.settings_dict["OPTIONS"] = {**server.settings_dict["OPTIONS"], "assume_role": settings.OWNER_ROLE}
    statements = "; ".join(f'DELETE FROM "{table}"' for table in tables_to_empty())
    with server.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION pg_temp.empty_tables() RETURNS void LANGUAGE plpgsql AS 'BEGIN {statements}; END'"
        )
    return server


@cache_once
def tables_to_empty() -> list[str]:
    """Every table but those that migrations fill."""
    return [table for table in connection.introspection.table_names() if table not in KEPT]


@pytest.fixture
def db(database: None, django_db_blocker) -> Iterator[None]:
    """Access to the database, empty before and after."""
    with django_db_blocker.unblock():
        with Redis.from_url(settings.REDIS_URL) as valkey:
            valkey.flushdb()
        forget_everything()
        yield
        delete_all_rows()
        connection.close()


@pytest.fixture
def cast(db: None) -> SimpleNamespace:
    """Alice owns Brook & Co, Bob is staff there, Carol owns Cedar LLP."""
    return factories.cast()


@pytest.fixture
def brook(cast: SimpleNamespace):
    """Brook & Co, the practice most tests act for."""
    return cast.brook


@pytest.fixture
def cedar(cast: SimpleNamespace):
    """Cedar LLP, the other practice, always there."""
    return cast.cedar


@pytest.fixture
def client_of(cast: SimpleNamespace, client):
    """Signs somebody of the cast in and returns their browser: `client_of("alice")`."""

    def signed_in(name: str):
        client.force_login(getattr(cast, name))
        return client

    return signed_in


@pytest.fixture(scope="session")
def tenant_tables() -> list[str]:
    """Every practice-owned table."""
    return [model._meta.db_table for model in tenant_models()]

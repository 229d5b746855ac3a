"""A backup holds every practice, and restores into an empty database exactly once."""

from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from devtools.backup import dump, load
from devtools.terminal import Problem
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import a_client


@pytest.fixture
def url(db) -> str:
    """The test database's address."""
    given = connection.settings_dict
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


@pytest.fixture
def empty(url):
    """Another database of the owner's with nothing in it."""
    name = f"{urlsplit(url).path[1:]}_restored"
    admin = psycopg2.connect(url)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" OWNER {settings.OWNER_ROLE}')
    yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    with admin.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.OWNER_ROLE}")
        cursor.execute(f'DROP DATABASE "{name}"')
    admin.close()


def names(url: str) -> list[tuple[str, str]]:
    reader = psycopg2.connect(url)
    try:
        with reader.cursor() as cursor:
            cursor.execute(f"SET ROLE {settings.OWNER_ROLE}")
            cursor.execute(
                "SELECT p.slug, c.name FROM clients_client c JOIN practices_practice p ON p.id = c.practice_id"
                " ORDER BY 1, 2"
            )
            return cursor.fetchall()
    finally:
        reader.close()


def test_what_was_dumped_is_restored_with_every_practice_and_every_policy(cast, url, empty, tmp_path):
    for practice, name in ((cast.brook, "Harbour Bakery Ltd"), (cast.cedar, "Mill Lane Dental")):
        with practice_scope(practice.pk):
            a_client(name)
    file = tmp_path / "ignition.dump"
    dump(url, file)
    assert file.stat().st_mode & 0o077 == 0
    load(file, empty)
    assert (
        names(empty) == names(url) == [("brook-co", "Harbour Bakery Ltd"), ("cedar-llp", "Mill Lane Dental")]
    )
    reader = psycopg2.connect(empty)
    with reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_policies")
        restored = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM pg_proc WHERE proname = 'ledger_practices_due'")
        assert cursor.fetchone() == (1,)
    reader.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_policies")
        assert cursor.fetchone() == restored


def test_a_database_that_is_not_empty_is_left_alone(cast, url, tmp_path):
    file = tmp_path / "ignition.dump"
    dump(url, file)
    with pytest.raises(Problem, match="nothing was restored"):
        load(file, url)


def test_a_file_that_is_no_backup_changes_nothing(empty, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a dump")
    with pytest.raises(Problem, match="nothing was changed"):
        load(file, empty)

"""A backup holds every practice, and restores into an empty database exactly once."""

import json
import os
import subprocess
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from devtools import services
from devtools.backup import dump, load
from devtools.paths import PYTHON, ROOT
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


def test_attack_61_a_backup_goes_by_the_encryption_that_the_address_demands(cast, url, tmp_path):
    with pytest.raises(Problem, match="SSL"):
        dump(f"{url}?sslmode=require", tmp_path / "ignition.dump")
    with pytest.raises(Problem, match="krbsrvname"):
        dump(f"{url}?krbsrvname=x", tmp_path / "ignition.dump")
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_named_is_taken_though_a_dev_up_runs_with_its_own(empty, monkeypatch):
    lent = {"DATABASE_URL": "postgres://localhost/development", "REDIS_URL": "redis://localhost"}
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", empty)
    monkeypatch.setattr(services, "_hold_or_borrow", lambda _lock: lent)
    with services.development_servers("backup") as used:
        assert used == {"DATABASE_URL": empty, "REDIS_URL": "redis://localhost"}


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


def test_the_whole_journey_runs_on_a_restored_backup(cast, url, empty, tmp_path):
    """Web, worker, beat and a pretend Sage on the restored database: propose, sign, bill, post, be paid."""
    with practice_scope(cast.brook.pk):
        a_client("Harbour Bakery Ltd")
    dump(url, tmp_path / "ignition.dump")
    load(tmp_path / "ignition.dump", empty)
    kept = {name: value for name, value in os.environ.items() if name not in {"PUBLIC_URL", "ALLOWED_HOSTS"}}
    done = subprocess.run(
        [str(PYTHON), str(ROOT / "dev"), "journey", "--json"],
        env=kept | {"DATABASE_URL": empty, "REDIS_URL": settings.REDIS_URL, "STATIC_FROM_FOLDERS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["ok"]
    assert (outcome["duplicates"], outcome["difference"]) == (0, "0.00")
    there = [name for _, name in names(empty)]
    assert "Harbour Bakery Ltd" in there, "what the backup held is there beside what the journey made"
    assert "Journey Bakery Ltd" in there

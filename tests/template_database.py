"""A migrated database that each test database is copied from: migrations run once for each state of the code."""

import fcntl
import hashlib
from contextlib import closing
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.test.utils import setup_databases

from devtools.paths import REQUIREMENTS, STATE

PREFIX = "ignition_template_"


def migrated_template() -> str:
    """The name of a database with every migration applied; made the first time, dropped once code moves on.

    Called as the owner role, before the test database has its name.
    """
    name = PREFIX + fingerprint()
    with (STATE / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with closing(_server()) as server, server.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [PREFIX + "%"])
            known = [known for (known,) in cursor.fetchall()]
            if name not in known:
                for old in known:
                    cursor.execute(f'DROP DATABASE "{old}"')
                _make(cursor, name)
    return name


def fingerprint() -> str:
    """Equal for equal migrations of our apps, equal dependencies and an equal choice of apps."""
    digest = hashlib.sha256()
    ours = [
        Path(app.path) for app in apps.get_app_configs() if Path(app.path).is_relative_to(settings.BASE_DIR)
    ]
    files = [file for app in ours for file in (app / "migrations").glob("*.py")]
    for file in sorted([*files, *REQUIREMENTS.glob("*.txt")]):
        digest.update(str(file.relative_to(settings.BASE_DIR)).encode() + b"\0" + file.read_bytes())
    digest.update(repr(settings.INSTALLED_APPS).encode())
    return digest.hexdigest()[:16]


def _make(cursor: CursorWrapper, name: str) -> None:
    """Migrate under another name first: a run that is stopped half-way leaves no template behind."""
    unfinished = PREFIX + "unfinished"
    connections["default"].settings_dict["TEST"]["NAME"] = unfinished
    setup_databases(verbosity=0, interactive=False)
    connections["default"].close()
    cursor.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


def _server() -> BaseDatabaseWrapper:
    """A connection as the owner to the server's own database, each statement on its own."""
    server = connections["default"].copy()
    server.settings_dict["NAME"] = "postgres"
    return server

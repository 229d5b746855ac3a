"""System checks that keep row level security in force."""

import sys
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

#: The commands that change the schema, and so may run as the owner of the tables.
OWNER_COMMANDS = {"migrate", "makemigrations", "check"}


def register_checks() -> None:
    """Add our checks to Django's."""
    register(bound_by_row_level_security, Tags.database)


def bound_by_row_level_security(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Errors unless this process runs as a role that policies bind (or is `migrate`)."""
    if not databases:
        return []
    if settings.DATABASE_ROLE == settings.OWNER_ROLE:
        if sys.argv[1:2] and sys.argv[1] in OWNER_COMMANDS:
            return []
        return [
            Error(
                f"Only migrate may run as {settings.OWNER_ROLE}.",
                hint="Unset DATABASE_ROLE.",
                id="practices.E001",
            )
        ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper OR rolbypassrls,"
            " EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user)"
            " FROM pg_roles WHERE rolname = current_user"
        )
        role, bypasses, owns = cursor.fetchone()
    if bypasses or owns:
        return [
            Error(
                f"The database role {role} is not bound by row level security.",
                hint=f"Run the application as {settings.APP_ROLE}: leave DATABASE_ROLE unset.",
                id="practices.E002",
            )
        ]
    return []

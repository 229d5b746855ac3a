"""Locks of this test's database alone: tests beside it have theirs on the same server."""

from django.db import connection


def is_held(classid: int) -> bool:
    """Whether a session holds or awaits an advisory lock of this kind."""
    return _exists(
        "pg_locks WHERE locktype = 'advisory' AND classid = %s"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        [classid],
    )


def somebody_waits() -> bool:
    """Whether a session waits for a lock; which one is hidden from the application's role, that it does is not."""
    return _exists(
        "pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
    )


def _exists(rows: str, values: list[int] | None = None) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {rows})", values)
        return bool(cursor.fetchone()[0])

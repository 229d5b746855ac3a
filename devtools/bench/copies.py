"""A database of its own for each part of a measurement, copied from the one that was migrated; Valkey begins empty."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from psycopg2.errors import InsufficientPrivilege
from psycopg2.extensions import cursor
from redis import Redis

from devtools import roles

#: Seconds that a database's last vacuum is waited for.
PATIENCE = 60


@contextmanager
def clean_start(part: str) -> Iterator[dict[str, str]]:
    """This environment with a copy of its database, which must not be in use; dropped with the block."""
    address = urlsplit(os.environ["DATABASE_URL"])
    template = address.path[1:]
    name = f"{template}_{part}"
    server = psycopg2.connect(urlunsplit(address._replace(path="/postgres")))
    server.autocommit = True
    names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
    with Redis.from_url(os.environ["REDIS_URL"]) as valkey:
        valkey.flushdb()
    try:
        with server.cursor() as owner:
            owner.execute(f"SET ROLE {roles.OWNER}")
            owner.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**names))
            yield {**os.environ, "DATABASE_URL": urlunsplit(address._replace(path=f"/{name}"))}
            _drop(owner, sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))
    finally:
        server.close()


def _drop(server: cursor, statement: sql.Composed) -> None:
    """Run it once nobody vacuums there any more: that is the server's own doing, which only a superuser may end."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            server.execute(statement)
            break
        except InsufficientPrivilege:
            if time.monotonic() > ends:
                raise
            time.sleep(1)

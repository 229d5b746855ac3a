"""A database of its own for each part of a measurement, copied from the one that was migrated; Valkey begins empty."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from redis import Redis

from devtools import roles


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
        with server.cursor() as cursor:
            cursor.execute(f"SET ROLE {roles.OWNER}")
            cursor.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**names))
            yield {**os.environ, "DATABASE_URL": urlunsplit(address._replace(path=f"/{name}"))}
            cursor.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))
    finally:
        server.close()

"""The two database roles. `ignition_owner` owns the tables and migrates; `ignition_app` runs, and is bound by
row level security. Logins are members of one or both and take a role with SET ROLE.

`python -m devtools.roles` prepares the server of DATABASE_URL from a login that may do so; with the variables
WEB_LOGIN and WEB_PASSWORD it also makes a login that can only ever be `ignition_app`.
"""

import os
import sys
from collections.abc import Sequence

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class

from devtools.terminal import Problem, say

OWNER = "ignition_owner"
APP = "ignition_app"
OLDEST_SERVER = 150000


def prepare_given(url: str, *, for_tests: bool = False) -> None:
    """Have the server of this address hold both roles, and its login able to take them.

    Raises Problem with the SQL for an administrator where the login may not do it itself.
    """
    with _connected(url) as connection:
        login = str(_value(connection, "SELECT current_user"))
        database = _value(connection, "SELECT current_database()")
        statements = missing_statements(connection, login, for_tests=for_tests)
        if not statements:
            return
        say(f"preparing the roles {OWNER} and {APP} on the given PostgreSQL")
        try:
            _execute(connection, ["BEGIN", *statements, "COMMIT"])
        except errors.InsufficientPrivilege as refusal:
            script = "\n".join(f"  {statement};" for statement in statements)
            raise Problem(
                f"The login {login} may not prepare the database roles ({refusal.diag.message_primary}).\n"
                f"An administrator has to run this once, connected to the database {database}:\n{script}"
            ) from refusal


def prepare_embedded(
    superuser_url: str, database_url: str, *, login: str, password: str, database: str
) -> None:
    """Have our own cluster hold both roles, a login that can take either, and the database of the owner."""
    with _connected(superuser_url) as connection:
        has_login = _value(connection, "SELECT count(*) FROM pg_roles WHERE rolname = %s", [login])
        verb = "ALTER" if has_login else "CREATE"
        # NOINHERIT: until it takes a role, the login can do nothing, and a forgotten role is noticed.
        make_login = sql.SQL(
            verb + " ROLE {} LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS CREATEDB PASSWORD {}"
        ).format(sql.Identifier(login), sql.Literal(password))
        _execute(connection, [make_login.as_string(connection)])
        _execute(connection, missing_statements(connection, login, for_tests=True))
        if not _value(connection, "SELECT count(*) FROM pg_database WHERE datname = %s", [database]):
            make_database = sql.SQL("CREATE DATABASE {} OWNER {}")
            _execute(
                connection,
                [make_database.format(sql.Identifier(database), sql.Identifier(OWNER)).as_string(connection)],
            )
    with _connected(database_url):
        pass  # the login works


def make_web_login(url: str, login: str, password: str) -> None:
    """Have a login for web and workers that is a member of `ignition_app` and of nothing else."""
    with _connected(url) as connection:
        exists = _value(connection, "SELECT count(*) FROM pg_roles WHERE rolname = %s", [login])
        statement = sql.SQL(("ALTER" if exists else "CREATE") + " ROLE {} LOGIN NOSUPERUSER PASSWORD {}")
        names = sql.Identifier(login), sql.Literal(password)
        grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP), names[0])
        _execute(connection, [statement.format(*names).as_string(connection), grant.as_string(connection)])


def missing_statements(connection: Connection, login: str, *, for_tests: bool) -> list[str]:
    """The SQL that this server still lacks, in order; empty when all is prepared."""
    quoted = sql.Identifier(login).as_string(connection)
    statements: list[str] = []
    for role in (OWNER, APP):
        if not _value(connection, "SELECT count(*) FROM pg_roles WHERE rolname = %s", [role]):
            statements.append(f"CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS")
            statements.append(f"GRANT {role} TO {quoted}")
        elif not _can_take(connection, login, role):
            statements.append(f"GRANT {role} TO {quoted}")
    if for_tests and not _value(
        connection, "SELECT count(*) FROM pg_roles WHERE rolname = %s AND rolcreatedb", [OWNER]
    ):
        statements.append(f"ALTER ROLE {OWNER} CREATEDB")  # the test runner makes databases of its own
    if not _may_in_public(connection, OWNER, "CREATE"):
        statements.append(f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}")
    if not _may_in_public(connection, APP, "USAGE"):
        statements.append(f"GRANT USAGE ON SCHEMA public TO {APP}")
    return statements


def _can_take(connection: Connection, login: str, role: str) -> bool:
    """PostgreSQL 16 told the right to SET ROLE apart from membership."""
    right = "SET" if connection.server_version >= 160000 else "MEMBER"
    return bool(_value(connection, "SELECT pg_has_role(%s, %s, %s)", [login, role, right]))


def _may_in_public(connection: Connection, role: str, right: str) -> bool:
    return bool(
        _value(
            connection,
            "SELECT coalesce(bool_or(has_schema_privilege(oid, 'public', %s)), false)"
            " FROM pg_roles WHERE rolname = %s",
            [right, role],
        )
    )


class _connected:  # noqa: N801 - used as a function
    """A connection in autocommit mode, closed at the end."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __enter__(self) -> Connection:
        try:
            self.connection: Connection = psycopg2.connect(self.url, connect_timeout=10)
        except psycopg2.OperationalError as error:
            raise Problem(
                f"The PostgreSQL of DATABASE_URL cannot be used: {str(error).strip()}\n"
                "Check the address (postgres://user:password@host:port/database), that the server runs, "
                "and that the database exists (CREATE DATABASE …)."
            ) from error
        self.connection.autocommit = True
        if self.connection.server_version < OLDEST_SERVER:
            version = self.connection.server_version // 10000
            self.connection.close()
            raise Problem(f"The PostgreSQL of DATABASE_URL is version {version}; 15 or newer is needed.")
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def _value(connection: Connection, query: str, parameters: Sequence[object] = ()) -> str | int | bool:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        row = cursor.fetchone()
    value: str | int | bool = row[0]
    return value


def _execute(connection: Connection, statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def main() -> int:
    """Prepare the server of DATABASE_URL; the exit code."""
    try:
        prepare_given(os.environ["DATABASE_URL"])
        if login := os.environ.get("WEB_LOGIN"):
            make_web_login(os.environ["DATABASE_URL"], login, os.environ["WEB_PASSWORD"])
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

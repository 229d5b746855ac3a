"""Preparing a PostgreSQL server for the two roles, on a cluster of the test's own."""

from collections.abc import Iterator

import psycopg2
import pytest

from devtools import roles
from devtools.embedded_postgres import EmbeddedPostgres, find_binaries
from devtools.terminal import Problem


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[EmbeddedPostgres]:
    try:
        find_binaries()
    except Problem as problem:
        pytest.skip(str(problem))
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("cluster"), durable=False)
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.stop()


@pytest.fixture
def server(cluster) -> Iterator[EmbeddedPostgres]:
    """The cluster without any of our roles."""
    yield cluster
    run(cluster.url("postgres"), "DROP DATABASE IF EXISTS given")
    run(cluster.url("postgres"), "DROP DATABASE IF EXISTS ignition")
    for role in ("ignition", "web", "plain", "creator", roles.OWNER, roles.APP):
        known = run(cluster.url("postgres"), f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'")
        if known:
            run(cluster.url("postgres"), f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def run(url: str, *statements: str):
    """The rows of the last statement."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


def given_database(server: EmbeddedPostgres, login: str, attributes: str = "") -> str:
    run(
        server.url("postgres"),
        f"CREATE ROLE {login} LOGIN PASSWORD 'x' {attributes}",
        f"CREATE DATABASE given OWNER {login}",
    )
    return server.url("given", login, "x")


def prepare_embedded(server: EmbeddedPostgres) -> str:
    url = server.url("ignition", "ignition", "x")
    roles.prepare_embedded(server.url("postgres"), url, login="ignition", password="x", database="ignition")
    return url


def test_our_own_cluster_is_prepared_however_often_it_starts(server):
    url = prepare_embedded(server)
    assert prepare_embedded(server) == url
    assert run(url, "SET ROLE ignition_owner", "CREATE TABLE t (i int)", "SELECT current_user") == [
        ("ignition_owner",)
    ]


def test_the_application_role_cannot_bypass_policies_nor_own_tables(server):
    url = prepare_embedded(server)
    assert run(
        url, "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = 'ignition_app'"
    ) == [(False, False, False)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(url, "SET ROLE ignition_app", "CREATE TABLE t (i int)")


def test_the_login_can_do_nothing_until_it_takes_a_role(server):
    url = prepare_embedded(server)
    run(url, "SET ROLE ignition_owner", "CREATE TABLE t (i int)")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(url, "SELECT * FROM t")


def test_a_login_that_may_create_roles_prepares_the_given_server(server):
    url = given_database(server, "creator", "CREATEROLE CREATEDB")
    roles.prepare_given(url, for_tests=True)
    assert run(url, "SET ROLE ignition_owner", "CREATE TABLE t (i int)", "SELECT current_user") == [
        ("ignition_owner",)
    ]


def test_the_administrators_sql_is_complete(server):
    """What a login may not do is said as SQL that an administrator can run as it is."""
    url = given_database(server, "plain")
    with pytest.raises(Problem) as refused:
        roles.prepare_given(url, for_tests=True)
    script = [line for line in str(refused.value).splitlines() if line.startswith("  ")]
    run(server.url("given"), *script)
    roles.prepare_given(url, for_tests=True)
    assert run(url, "SET ROLE ignition_owner", "CREATE TABLE t (i int)", "SELECT current_user") == [
        ("ignition_owner",)
    ]


def test_the_web_login_can_never_be_the_owner(server):
    prepare_embedded(server)
    roles.make_web_login(server.url("ignition"), "web", "x")
    url = server.url("ignition", "web", "x")
    assert run(url, "SET ROLE ignition_app", "SELECT current_user") == [("ignition_app",)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(url, "SET ROLE ignition_owner")


def test_a_server_that_does_not_answer_is_named():
    with pytest.raises(Problem, match="DATABASE_URL"):
        roles.prepare_given("postgres://nobody@127.0.0.1:1/nothing")

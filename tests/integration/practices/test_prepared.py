"""Statements that a session plans once: other values each time, a changed table, and sessions that are not kept."""

from importlib import import_module, reload

import django
import pytest
from django.db import DatabaseError, connection, transaction

from practices import prepared
from practices.prepared import MOST, Prepared


@pytest.fixture(autouse=True)
def _a_new_session(brook):
    connection.close()
    yield
    connection.close()


def ask(statement, values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def kept() -> int:
    return ask("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'kept%%'", [])[0][0]


def test_is_prepared_once_and_asked_with_other_values():
    named = Prepared("SELECT %(one)s::int + %(two)s::int, %(one)s::int, '100%%', %(one)s::int %% 2")
    placed = Prepared("SELECT %s::text, %s::numeric")
    for number in range(8):
        assert ask(named, {"two": 10, "one": number}) == [(number + 10, number, "100%", number % 2)]
        assert ask(placed, [f"it's {number}", None]) == [(f"it's {number}", None)]
    assert kept() == 2


def test_is_still_known_after_a_transaction_was_rolled_back():
    statement = Prepared("SELECT %s::int")
    with transaction.atomic():
        assert ask(statement, [1]) == [(1,)]
        transaction.set_rollback(True)
    assert ask(statement, [2]) == [(2,)]
    assert kept() == 1


def test_is_prepared_anew_where_what_it_gives_has_changed():
    statement = Prepared("SELECT word FROM changing WHERE word = %s")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE changing (word varchar(10))")
    assert ask(statement, ["a"]) == []
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE changing ALTER COLUMN word TYPE varchar(20)")
    with pytest.raises(DatabaseError):
        ask(statement, ["a"])
    assert ask(statement, ["a"]) == []


def test_a_mistake_in_it_is_told_as_that_of_any_statement():
    with pytest.raises(DatabaseError, match="no_such_table"):
        ask(Prepared("SELECT * FROM no_such_table WHERE id = %s"), [1])


def test_a_session_keeps_only_so_many():
    for number in range(MOST + 5):
        assert ask(Prepared(f"SELECT {number} + %s::int"), [1]) == [(number + 1,)]
    assert kept() == MOST


def test_nothing_more_is_prepared_once_a_session_turns_out_to_be_another_one(monkeypatch):
    """A pooler that nobody told us of: one question fails, and no later one does."""
    monkeypatch.setattr(prepared, "_keeps_plans", True)
    statement = Prepared("SELECT %s::int")
    assert ask(statement, [1]) == [(1,)]
    ask("DEALLOCATE ALL; SELECT 1", None)
    with pytest.raises(DatabaseError):
        ask(statement, [2])
    assert ask(statement, [3]) == [(3,)]
    assert kept() == 0


def test_what_another_process_prepared_in_the_session_is_never_taken_for_ours(monkeypatch):
    monkeypatch.setattr(prepared, "_keeps_plans", True)
    statement = Prepared("SELECT %s::int")
    assert ask(statement, [1]) == [(1,)]
    connection.connection._known.clear()  # as a process that has not asked here yet
    with pytest.raises(DatabaseError):
        ask(statement, [2])
    assert ask(statement, [3]) == [(3,)]
    connection.connection._known.clear()
    assert ask(Prepared("SELECT %s::int + 1"), [2]) == [(3,)]


def test_nothing_is_prepared_where_sessions_are_not_kept(monkeypatch):
    monkeypatch.setattr(prepared, "_keeps_plans", False)
    assert ask(Prepared("SELECT %s::int"), [1]) == [(1,)]
    assert kept() == 0


@pytest.mark.parametrize("pooled", [False, True])
def test_web_processes_prepare_unless_their_sessions_are_a_poolers(settings, monkeypatch, pooled):
    # Setting Django up a second time would set logging up anew, away from the loggers that are in use already.
    monkeypatch.setattr(django, "setup", lambda **_: None)
    started = import_module("ignition.wsgi")
    monkeypatch.setattr(prepared, "_keeps_plans", False)
    settings.DATABASE_POOLER = pooled
    reload(started)
    ask(Prepared("SELECT %s::int"), [1])
    assert kept() == (0 if pooled else 1)

"""Several people pressing at the same moment: threads and a barrier, no sleeping."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event
from typing import Any

from django.db import connection

from practices.errors import DomainError
from practices.models import Practice
from practices.tenancy import practice_scope


def at_once(practice: Practice, times: int, act: Callable[[], Any]) -> list[Any]:
    """What each of so many simultaneous transactions returned, or the rule it broke."""
    return all_at_once(practice, *[act] * times)


def all_at_once(practice: Practice, *acts: Callable[[], Any]) -> list[Any]:
    """What each of these simultaneous transactions returned, or the rule it broke."""
    barrier = Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        barrier.wait(timeout=10)
        try:
            with practice_scope(practice.pk):
                return act()
        except DomainError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


@contextmanager
def uncommitted(practice: Practice, act: Callable[[], Any]) -> Iterator[None]:
    """Inside, another transaction has done this and not committed it yet; afterwards it has."""
    written, go_on = Event(), Event()

    def slow() -> None:
        try:
            with practice_scope(practice.pk):
                act()
                written.set()
                assert go_on.wait(timeout=30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(slow)
        try:
            assert written.wait(timeout=30)
            yield
        finally:
            go_on.set()
        writer.result()


def in_parallel(times: int, act: Callable[[], Any]) -> list[Any]:
    """What each of so many simultaneous calls returned; each opens what it needs itself."""
    barrier = Barrier(times)

    def one(_number: int) -> Any:
        barrier.wait(timeout=10)
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def wait_until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Returns once it is true; the other side runs in another thread."""
    pause = Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("It did not happen")

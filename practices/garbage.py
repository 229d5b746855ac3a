"""The collector of circular garbage, and work that makes none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Let the collector rest while thousands of objects are made that go by themselves once nobody needs them.

    It would look through everything this process ever loaded, again and again, and find nothing: a third of what such
    work costs. Only for a bounded amount of work, since circles that others leave meanwhile are kept that long.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

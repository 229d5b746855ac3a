"""Addresses of pages, worked out once for each kind of page and filled in for each row of a list."""

from functools import lru_cache
from typing import Any, NamedTuple

from django.urls import get_script_prefix, get_urlconf, reverse

#: Stands for a number while an address is worked out; no row has it, and no path contains it.
_PLACE = 7_130_259_846_017
#: What all placeholders of an address begin with; words that contain it are not taken for one.
_DIGITS = str(_PLACE)[:-2]


def address_of(
    name: str,
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    *,
    current_app: str | None = None,
) -> str:
    """What `reverse` gives, at a fraction of its cost. Raises NoReverseMatch."""
    named = kwargs or {}
    values = (*args, *named.values())
    if not all(map(_is_kept, values)):
        return reverse(name, args=args, kwargs=named, current_app=current_app)
    page = _Page(name, tuple(named), current_app, get_urlconf(), get_script_prefix())
    around = _around(
        page, tuple(_PLACE + at if type(value) is int else value for at, value in enumerate(values))
    )
    if not around:
        return reverse(name, args=args, kwargs=named, current_app=current_app)
    parts = [around[0]]
    for number, words in zip((value for value in values if type(value) is int), around[1:], strict=True):
        parts += (str(number), words)
    return "".join(parts)


def _is_kept(value: Any) -> bool:
    return (type(value) is str and _DIGITS not in value) or (type(value) is int and 0 <= value < _PLACE)


class _Page(NamedTuple):
    """All that decides an address beside its values."""

    name: str
    names: tuple[str, ...]
    current_app: str | None
    urlconf: str | None
    prefix: str


@lru_cache(maxsize=2048)
def _around(page: _Page, values: tuple[Any, ...]) -> tuple[str, ...]:
    """What stands around the numbers of an address, in the order they are given.

    Nothing where numbers cannot simply be filled in.
    """
    named = dict(zip(page.names, values, strict=True)) if page.names else {}
    address = reverse(
        page.name,
        page.urlconf,
        args=() if page.names else values,
        kwargs=named,
        current_app=page.current_app,
    )
    words = [address]
    for number in (value for value in values if type(value) is int):
        before, found, after = words[-1].partition(str(number))
        if not found:
            return ()
        words[-1:] = [before, after]
    return tuple(words)

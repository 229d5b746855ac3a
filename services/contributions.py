"""What the apps above know of services and the price list shows: which account, how many clients, what it brings.

They register here when they are ready; the list asks only for what its shown columns say.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

#: Takes the ids of some services; gives what is known of each by the key of a column.
Facts = Callable[[Sequence[int]], Mapping[int, Mapping[str, Any]]]

_known: list[tuple[frozenset[str], Facts]] = []


def say_of_services(keys: Sequence[str], facts: Facts) -> None:
    """Let the price list's columns of these keys say what ``facts`` knows."""
    _known.append((frozenset(keys), facts))


def with_what_is_known(services: Sequence[Any], columns: Container[str]) -> Sequence[Any]:
    """The services, each with ``known``: what the apps above say for these columns, a question or two for all."""
    ids = [service.pk for service in services]
    said = [facts(ids) for keys, facts in _known if ids and any(key in columns for key in keys)]
    for service in services:
        service.known = {key: value for facts in said for key, value in facts.get(service.pk, {}).items()}
    return services

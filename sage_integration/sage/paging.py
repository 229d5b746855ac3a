"""Lists of Sage, page after page, until Sage says that there is no next one."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

from sage_integration.sage.errors import UnexpectedAnswer
from sage_integration.sage.transport import JsonObject, Params

#: The most rows Sage puts on one page (FACTS.md 3).
ROWS_PER_PAGE = 200


def rows(
    read: Callable[[str, Params], JsonObject], base_url: str, path: str, params: Params
) -> Iterator[JsonObject]:
    """Every row of a list, fetched as they are asked for.

    A page beyond the end repeats the last one (FACTS.md 3), so only `$next` decides when to stop;
    a `$next` that leads elsewhere or back raises `UnexpectedAnswer`.
    """
    seen: set[str] = set()
    while True:
        page = read(path, params)
        items = page.get("$items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise UnexpectedAnswer(f"GET {path}: no list of rows")
        yield from items
        following = page.get("$next")
        if not following:
            return
        if not isinstance(following, str) or following in seen:
            raise UnexpectedAnswer(f"GET {path}: the next page is one already read")
        seen.add(following)
        params = _params_of_next(following, base_url, path)


def _params_of_next(following: str, base_url: str, path: str) -> Params:
    """The query of a `$next`, which is a path without host or, by some accounts, a full address."""
    ours, theirs = urlsplit(base_url), urlsplit(following)
    elsewhere = theirs.netloc and (theirs.scheme or ours.scheme, theirs.netloc) != (ours.scheme, ours.netloc)
    if elsewhere or theirs.path.removeprefix(ours.path) != path:
        raise UnexpectedAnswer(f"GET {path}: the next page is somewhere else")
    return dict(parse_qsl(theirs.query))

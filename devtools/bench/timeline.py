"""What the pretend Sage's list of requests says about pace and fairness."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

Request = dict[str, Any]


def by_business(requests: Iterable[Request]) -> dict[str, list[Request]]:
    """The requests of each business, in the order they arrived; sign-in and token requests belong to none."""
    found: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        if request["business"]:
            found[request["business"]].append(request)
    return found


def invoices_of(requests: Iterable[Request]) -> list[Request]:
    """The invoices that were accepted."""
    return [
        request
        for request in requests
        if (request["method"], request["path"], request["status"]) == ("POST", "/sales_invoices", 201)
    ]


def share_of_allowed(requests: Sequence[Request], *, allowed: int, window: float) -> float | None:
    """How much of its allowance a business used in the whole windows it had work for; None in under one window."""
    if not requests:
        return None
    first, last = requests[0]["started"], requests[-1]["started"]
    windows = int((last - first) // window)
    if not windows:
        return None
    end = first + windows * window
    used = len([request for request in requests if request["started"] < end])
    return used / (windows * allowed)


def first_after(requests: Iterable[Request], due: float) -> float | None:
    """Seconds from a moment until the first invoice was under way."""
    starts = [request["started"] - due for request in invoices_of(requests) if request["started"] >= due]
    return min(starts, default=None)


def last_after(requests: Iterable[Request], due: float) -> float | None:
    """Seconds from a moment until the last invoice was answered."""
    return max((request["ended"] - due for request in invoices_of(requests)), default=None)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that this share of the others does not exceed; None without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


def rounded(value: float | None, places: int = 3) -> float | None:
    """The value as people read it, or None."""
    return None if value is None else round(value, places)

"""What a request of a program says beside its body."""

from datetime import date

from rest_framework.request import Request


def today_of(request: Request) -> date:
    """Today, where the practice of the key is."""
    today: date = request._request.api_key.practice.today()  # type: ignore[attr-defined]  # noqa: SLF001 - DRF's wrapper
    return today

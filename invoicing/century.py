"""Dates that money may have: those of this century, as proposals have them. Others are slips of the hand."""

from datetime import date
from typing import Any

from invoicing.errors import DateOutOfRange
from proposals.models import EARLIEST, LATEST


def check_century(subject: Any, *days: date | None) -> None:
    """Raises `DateOutOfRange` where one of the days lies outside 2000 to 2100; one that is not set says nothing."""
    if any(day is not None and not EARLIEST <= day <= LATEST for day in days):
        raise DateOutOfRange(subject)

"""The sandbox's own clock, which tests move instead of sleeping."""

import math
import time
from datetime import UTC, date, datetime, timedelta
from email.utils import formatdate


class Clock:
    """Real time plus an offset that can be moved forwards or backwards."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> float:
        """Seconds since 1970 (UTC) on the sandbox's clock."""
        return time.time() + self.offset

    def timestamp(self) -> str:
        """Now as Sage prints it: UTC, whole seconds, `Z` (FACTS.md 3)."""
        return timestamp(self.now())

    def today(self) -> date:
        """Today's date in UTC."""
        return datetime.fromtimestamp(self.now(), UTC).date()

    def http_date(self) -> str:
        """Now as an HTTP `Date` header."""
        return formatdate(self.now(), usegmt=True)

    def advance(self, seconds: float) -> None:
        """Move the clock by so many seconds; negative moves it back."""
        self.offset += seconds


def timestamp(moment: float) -> str:
    """Seconds since 1970 as Sage prints an instant, cut to whole seconds."""
    return datetime.fromtimestamp(math.floor(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str) -> datetime:
    """The instant in a feed parameter (`YYYY-MM-DD`, `YYYY-MM-DDT±hh:mm` or a full date-time); ValueError if none.

    A `+` that was sent unencoded arrives as a space; it is refused, as a wrong zone would lose rows.
    """
    text = text.strip()
    zone_at_once = len(text) > 11 and text[10] == "T" and text[11] in "+-"
    if zone_at_once:
        text = f"{text[:10]}T00:00:00{text[11:]}"
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_date(text: object) -> date:
    """The civil date `YYYY-MM-DD`; raises ValueError for anything else."""
    if not isinstance(text, str) or len(text) != 10:
        raise ValueError("not a date")
    return date.fromisoformat(text)


def days_after(start: date, days: int) -> date:
    """The date so many days later."""
    return start + timedelta(days=days)

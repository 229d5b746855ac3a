"""Dates and instants as people in the practice read them."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

register = template.Library()

NOTHING = "\N{EM DASH}"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def written_date(value: date | None) -> str:
    """`5 Mar 2027`, a dash for None. Raises TypeError for anything but a civil date."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime) or not isinstance(value, date):
        raise TypeError(f"a civil date is a date without a time, not {value!r}")
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def written_instant(value: datetime | None, zone: str | None = None) -> str:
    """`5 Mar 2027, 14:02` in `zone`, or else in the active time zone; a dash for None.

    Raises TypeError for a datetime without a time zone.
    """
    if value is None:
        return NOTHING
    local = _local(value, zone)
    return f"{written_date(local.date())}, {local:%H:%M}"


def _local(value: object, zone: str | None) -> datetime:
    if not isinstance(value, datetime) or timezone.is_naive(value):
        raise TypeError(f"an instant is a datetime with a time zone, not {value!r}")
    return timezone.localtime(value, ZoneInfo(zone) if zone else None)


@register.filter
def age(value: datetime) -> str:
    """How long it has been, as `3 hours`; `less than a minute` rather than none."""
    passed = timezone.now() - value
    return timesince(value) if passed >= timedelta(minutes=1) else "less than a minute"


@register.simple_tag
def civil_date(value: date | None) -> SafeString | str:
    """`<time datetime="2027-03-05">5 Mar 2027</time>`."""
    if value is None:
        return NOTHING
    return _kept(value) if type(value) is date else _marked(value)


def _marked(value: date) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), written_date(value))


#: A list has few days and many rows.
_kept = lru_cache(maxsize=1024)(_marked)


@register.simple_tag
def instant(value: datetime | None, zone: str | None = None) -> SafeString | str:
    """`<time datetime="…">5 Mar 2027, 14:02</time>` in `zone`, or else in the active time zone."""
    if value is None:
        return NOTHING
    words = written_instant(value, zone)
    return format_html(
        '<time datetime="{}">{}</time>', _local(value, zone).isoformat(timespec="seconds"), words
    )


@register.filter
def civil(value: date | None) -> str:
    """The civil date as plain text, for subjects, titles and attributes."""
    return written_date(value)

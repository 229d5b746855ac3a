"""Amounts as an accountant writes them. Templates show money through these and nothing else."""

from decimal import Decimal
from functools import lru_cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EM DASH}"


def written(value: Decimal | int | None, currency: str = "GBP") -> str:
    """The amount in words for a reader: `£1,234.50`, `−£5.00`, a dash for None.

    Never rounds: an amount has two places, a unit price shows up to as many as it carries.
    Raises TypeError for a float, a string or a misspelt template variable.
    """
    if value is None:
        return NOTHING
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"an amount is a Decimal, an int or None, not {value!r}")
    digits = _at_least_two_places(abs(Decimal(value)))
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{MINUS if value < 0 else ''}{symbol}{digits:,f}"


def _at_least_two_places(value: Decimal) -> Decimal:
    two = value.quantize(Decimal("0.01"))
    return two if two == value else value.normalize()


@register.simple_tag
def amount(value: Decimal | int | None, currency: str = "GBP") -> SafeString:
    """`<span class="amount">£1,234.50</span>`; currency is an ISO 4217 code."""
    # Lists show the same few prices many times. Equal amounts are written alike, but 1 and True are equal too.
    return _kept(value, currency) if type(value) is Decimal else _marked(value, currency)


def _marked(value: Decimal | int | None, currency: str) -> SafeString:
    return format_html('<span class="amount">{}</span>', written(value, currency))


_kept = lru_cache(maxsize=4096)(_marked)


@register.filter
def typed_price(value: Decimal) -> str:
    """A unit price as somebody would type it: `100`, `6.50`, `0.333`."""
    shortest = value.normalize()
    return f"{value:.2f}" if shortest.as_tuple().exponent == -1 else f"{shortest:f}"


@register.filter
def thousands(value: int) -> str:
    """A count as people read it: `20,000`."""
    return f"{value:,d}"


@register.filter
def money(value: Decimal | int | None, currency: str = "GBP") -> str:
    """The amount as plain text, for subjects, titles and attributes."""
    return written(value, currency)

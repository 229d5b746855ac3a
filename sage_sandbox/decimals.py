"""Decimal numbers the way Sage reads and writes them (FACTS.md 3 and 8.3)."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation

PENNY = Decimal("0.01")
ZERO = Decimal(0)
LARGEST = Decimal("1e12")
ROUNDING_MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}


def sage_string(value: Decimal) -> str:
    """The number as Sage prints it: a string, trailing zeros cut to one place (`"6011.4"`, `"0.0"`)."""
    text = format(value, "f")
    if "." not in text:
        return f"{text}.0"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def parse_decimal(value: object) -> Decimal:
    """The Decimal in a JSON number or string; raises ValueError for anything else, NaN and infinities included."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("not a number")
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation as error:
        raise ValueError("not a number") from error
    if not number.is_finite() or abs(number) >= LARGEST:
        raise ValueError("not a number within range")
    return number


def to_places(value: Decimal, places: int, mode: str = "half_up") -> Decimal:
    """The value rounded to so many places, by default half-up (FACTS.md 8.3)."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUNDING_MODES[mode])


def to_pennies(value: Decimal, mode: str = "half_up") -> Decimal:
    """The amount of money rounded to two places."""
    return value.quantize(PENNY, rounding=ROUNDING_MODES[mode])

"""A practice's own colour, on its messages and PDFs: any that white words can be read on, and that reads on white."""

import re

from django.core.exceptions import ValidationError

DEFAULT_COLOUR = "#a8410e"
#: What WCAG 2.2 asks between words and what is behind them (1.4.3).
LEAST_CONTRAST = 4.5


def readable_colour(value: str) -> None:
    """Raises `ValidationError` unless the value is `#rrggbb` and dark enough to stand against white."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValidationError("Write the colour as # and six digits or letters a to f, such as #1f4e8c.")
    if contrast_with_white(value) < LEAST_CONTRAST:
        raise ValidationError("This colour is too light to be read on white. Choose a darker one.")


def contrast_with_white(value: str) -> float:
    """The contrast ratio of a `#rrggbb` colour and white, from 1 to 21 (WCAG 2.2, relative luminance)."""
    red, green, blue = (_linear(int(value[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)

"""A drawn signature: strokes of points in a field of 600 by 200, as data that nothing can hide in."""

import json

from django.core.exceptions import ValidationError

WIDTH, HEIGHT = 600, 200
MOST_STROKES, MOST_POINTS = 60, 3000

Strokes = list[list[list[int]]]


def read_drawing(text: str) -> Strokes:
    """The strokes of a drawing as the page sends it; none for an empty text. Raises `ValidationError`."""
    if not text.strip():
        return []
    try:
        strokes = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(WRONG) from error
    if not isinstance(strokes, list) or len(strokes) > MOST_STROKES:
        raise ValidationError(WRONG)
    if not all(isinstance(stroke, list) and len(stroke) > 1 for stroke in strokes):
        raise ValidationError(WRONG)
    if sum(len(stroke) for stroke in strokes) > MOST_POINTS:
        raise ValidationError(WRONG)
    if not all(_is_point(point) for stroke in strokes for point in stroke):
        raise ValidationError(WRONG)
    return strokes


WRONG = "The drawing could not be read. Clear it and draw again, or type your name alone."


def _is_point(point: object) -> bool:
    if not (isinstance(point, list) and len(point) == 2):
        return False
    x, y = point
    whole = type(x) is int and type(y) is int
    return whole and 0 <= x <= WIDTH and 0 <= y <= HEIGHT


def lines_of(strokes: Strokes) -> list[str]:
    """Each stroke as the points of an SVG polyline."""
    return [" ".join(f"{x},{y}" for x, y in stroke) for stroke in strokes]

"""Bar charts as SVG, worked out on the server, each with its table for those who do not see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django import template

from practices.templatetags.money_tags import SYMBOLS, written

register = template.Library()

WIDTH, HEIGHT = 640, 220
LEFT, BOTTOM, TOP = 56, 28, 8
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True)
class Bar:
    """One bar in the drawing's own units."""

    x: str
    y: str
    width: str
    height: str
    series: str
    title: str


@dataclass(frozen=True)
class Line:
    """One grid line with its label."""

    y: str
    label: str


def rounded_up(highest: Decimal, *, counts: bool = False) -> tuple[Decimal, Decimal]:
    """The top of a scale that holds `highest`, and the step between its four lines: whole ones where it counts."""
    if highest <= 0:
        return Decimal(4), Decimal(1)
    rough = highest / 4
    magnitude = Decimal(10) ** rough.adjusted()
    steps = (size * magnitude for size in STEPS)
    step = next(size for size in steps if size >= rough and (not counts or size % 1 == 0))
    return step * 4, step


def short(value: Decimal, symbol: str) -> str:
    """A scale label: `£0`, `£750`, `£2.5k`, `£1m`."""
    for size, suffix in ((Decimal(1_000_000), "m"), (Decimal(1_000), "k")):
        if value >= size:
            return f"{symbol}{(value / size).normalize():f}{suffix}"
    return f"{symbol}{value.normalize():f}"


def in_words(value: Decimal, currency: str) -> str:
    """An amount, or a plain count where there is no currency."""
    return written(value, currency) if currency else f"{value:,f}"


def at(value: Decimal) -> str:
    """A coordinate with one place, which is finer than anybody sees."""
    return f"{value:.1f}"


@register.inclusion_tag("components/bar_chart.html")
def bar_chart(
    title: str,
    series: Sequence[str],
    groups: Sequence[tuple[str, Sequence[Decimal]]],
    currency: str = "GBP",
    *,
    every: int = 1,
    width: int = WIDTH,
    bad: str = "",
    to_last: bool = False,
) -> dict[str, object]:
    """Grouped bars: one group a label (a month), one bar a series (raised, posted, paid).

    Each group is (label, one Decimal of zero or more for each series); currency "" for plain counts. Of many groups
    only ``every`` so-manieth is named under the picture, counted back from the last one where that is the current
    one (``to_last``); the table names all. A chart in the rail is drawn in a ``width`` of 320, so that its words stay
    legible. ``bad`` names the series that nobody wants.
    """
    symbol = SYMBOLS.get(currency, currency)
    highest = max((value for _, values in groups for value in values), default=Decimal(0))
    top, step = rounded_up(highest, counts=not currency)
    plot = Decimal(HEIGHT - BOTTOM - TOP)
    slot = Decimal(width - LEFT) / max(len(groups), 1)
    thick = min(slot * Decimal("0.72") / max(len(series), 1), Decimal(28))
    kinds = ["bad" if name == bad else str(place) for place, name in enumerate(series, 1)]
    bars, labels = [], []
    for index, (label, values) in enumerate(groups):
        middle = LEFT + slot * index + slot / 2
        if to_last and index == len(groups) - 1:
            labels.append((at(Decimal(width)), label, "end"))  # centred it would stick out of the picture
        elif (len(groups) - 1 - index if to_last else index) % every == 0:
            labels.append((at(middle), label, "middle"))
        start = middle - thick * len(series) / 2
        for number, value in enumerate(values):
            height = plot * value / top
            x, y = start + thick * number, TOP + plot - height
            words = f"{label}, {series[number]}: {in_words(value, currency)}"
            bars.append(Bar(at(x), at(y), at(thick - 2), at(height), kinds[number], words))
    lines = [Line(at(TOP + plot - plot * n / 4), short(step * n, symbol)) for n in range(5)]
    return {
        "title": title,
        "series": series,
        "legend": list(zip(kinds, series, strict=True)),
        "rows": [(label, [in_words(value, currency) for value in values]) for label, values in groups],
        "bars": bars,
        "labels": labels,
        "lines": lines,
        "left": LEFT,
        "scale_x": LEFT - 8,
        "width": width,
        "height": HEIGHT,
        "label_y": HEIGHT - 3,
    }


@dataclass(frozen=True)
class Row:
    """One row of a chart that is a table: how long its bar is in percent, and where it leads."""

    label: str
    length: str
    words: str
    url: str
    note: str


@register.inclusion_tag("components/row_chart.html")
def row_chart(
    title: str, rows: Sequence[tuple[str, Decimal, str, str]], heading: str, currency: str = "GBP"
) -> dict[str, object]:
    """One bar a row, in a table that says the same in figures: for long names and few of them.

    Each row is (label, Decimal of zero or more, address or "", a note or ""); currency "" for plain counts.
    """
    highest = max((value for _, value, _, _ in rows), default=Decimal(0)) or Decimal(1)
    return {
        "title": title,
        "heading": heading,
        "rows": [
            Row(label, at(value / highest * 100), in_words(value, currency), url, note)
            for label, value, url, note in rows
        ],
    }

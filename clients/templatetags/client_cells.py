"""What a column says of a client, as the list and the head of the client's page show it."""

from collections.abc import Sequence
from functools import lru_cache

from django import template
from django.template.loader import get_template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from clients.contributions import Cell, Column
from practices.templatetags.dates import civil_date
from practices.templatetags.money_tags import NOTHING, amount

register = template.Library()
_END = ' class="end"'


@register.simple_tag
def cell(said: Cell) -> SafeString | str:
    """An amount and perhaps its day, a state, a day, a link or words; a dash for none of them.

    A list of clients has hundreds, so they are no component of their own.
    """
    if said.amount is not None:
        written = amount(said.amount)
        return (
            format_html('{} <span class="sub">{}</span>', written, civil_date(said.on))
            if said.on
            else written
        )
    if said.tone:
        return _badge(said.text, said.tone)
    if said.on:
        return civil_date(said.on)
    return format_html('<a href="{}">{}</a>', said.url, said.text) if said.url else said.text or NOTHING


@register.simple_tag
def cells(said: Sequence[tuple[Column, Cell]]) -> SafeString:
    """What the columns of a list say of one client, each in its place of the row."""
    return SafeString(
        "".join(
            [
                f"<td{_END if column.is_figure else ''}>{conditional_escape(cell(each))}</td>"
                for column, each in said
            ]
        )
    )


@lru_cache(maxsize=256)
def _badge(label: str, tone: str) -> str:
    return get_template("components/badge.html").render({"label": label, "tone": tone})

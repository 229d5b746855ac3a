"""What stands in the log of Sage, as a person reads it."""

from django import template

from sage_integration.log import pretty

register = template.Library()


@register.filter
def body(text: str) -> str:
    """The body of a request or an answer: JSON on lines of its own, anything else as it is."""
    return pretty(text)

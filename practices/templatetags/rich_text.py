"""Rich text on a page: sanitised once more on its way out, whatever is in the database."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from practices.rich_text import as_html

register = template.Library()


@register.filter
def rich(text: str) -> SafeString:
    """The text as HTML: its harmless markup, or its lines as paragraphs where it is plain."""
    return mark_safe(as_html(text))  # noqa: S308 - sanitised in the same breath

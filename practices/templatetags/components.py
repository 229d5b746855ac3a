"""Tags that components are made of and made with. See docs/design-system.md."""

from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField, Select
from django.template import Context
from django.template.loader import get_template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

from practices.table_markup import with_roles, with_roles_and_labels

register = template.Library()

TONE_ICONS = {
    "neutral": "circle-dashed",
    "info": "info",
    "good": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-alert",
    "working": "loader-circle",
}
STATE_ICONS = {"done": "check", "warn": "triangle-alert", "error": "x"}
# Django's message levels are words; debug is never shown to a person.
MESSAGE_TONES = {"success": "good", "warning": "warn", "error": "bad"}


@register.simple_block_tag(takes_context=True, end_name="endcomponent")
def component(context: Context, content: SafeString, name: str, **variables: Any) -> str:
    """`components/<name>.html` around the block, which it shows as `body`.

    The component sees the named variables and nothing else of the page.
    """
    return get_template(f"components/{name}.html").render({**variables, "body": content})


@register.simple_block_tag(end_name="endcapture")
def capture(content: SafeString) -> SafeString:
    """The block's markup under a name: `{% capture as actions %}…{% endcapture %}`."""
    return content


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, size: int = 16) -> str:
    """A Lucide icon as inline SVG, hidden from screen readers: the word beside it is what they read.

    Raises lucide.IconDoesNotExist for an unknown name.
    """
    return lucide(name, size=size, **{"class": "icon", "aria_hidden": "true"})


@register.simple_tag
def filter_choice(field: BoundField) -> str:
    """A field in the filters of a list: `components/field.html` with `filter`.

    A list of clients has a dozen choices, of which the component and the widget asked sixty things each.
    """
    widget = field.field.widget
    is_plain = type(widget) is Select and not (widget.attrs or field.errors or field.help_text)
    if not is_plain or field.field.disabled or (field.field.required and _says_required(field)):
        return get_template("components/field.html").render({"field": field, "filter": True})
    value = field.value()
    chosen, is_chosen, options = "" if value is None else str(value), False, []
    for key, label in widget.choices:  # none of a list's is in groups
        marked = " selected" if not is_chosen and str(key) == chosen else ""
        is_chosen = is_chosen or bool(marked)
        options.append(
            f'\n<option value="{conditional_escape(key)}"{marked}>{conditional_escape(label)}</option>'
        )
    name, place = conditional_escape(field.html_name), conditional_escape(field.auto_id)
    return SafeString(
        f'<div class="field" data-kind="text" data-grow><label for="{place}">{conditional_escape(field.label)}</label>'
        f'<select name="{name}" id="{place}">{"".join(options)}\n</select></div>'
    )


def _says_required(field: BoundField) -> bool:
    return bool(field.field.widget.use_required_attribute(field.initial))


@register.filter
def tone_icon(tone: str) -> str:
    """The icon that goes with a tone. Raises KeyError for a word that is no tone."""
    return TONE_ICONS[tone or "neutral"]


@register.filter
def state_icon(state: str) -> str:
    """The icon of a finished step or check, or an empty string for one still open."""
    return STATE_ICONS.get(state, "")


@register.filter
def message_tone(level_tag: str) -> str:
    """The tone of a Django message level."""
    return MESSAGE_TONES.get(level_tag, "info")


@register.filter(is_safe=True)
def table_rows(rows: str, kind: str) -> str:
    """The rows of a table with what a phone needs: roles, and in a list and a comparison the headings too."""
    return with_roles_and_labels(rows) if kind in ("list", "diff") else with_roles(rows)


@register.filter
def initials(name: str) -> str:
    """Up to two initials of a name: `Alice Brook` gives `AB`."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

"""With JavaScript off nothing is out of reach: whatever script fetches or sends, a link or a form does too.

Only the live previews, the news of a colleague's edits and the acts on many ticked rows are left to script.
"""

import re
from pathlib import Path

import pytest
from django.conf import settings

TEMPLATES = Path(settings.BASE_DIR, "templates")
FILES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
TAG = re.compile(r"<(\w+)((?:[^<>\"']|\"(?:{%.*?%}|{{.*?}}|[^\"])*\"|'[^']*'|{%.*?%}|{{.*?}})*)>", re.DOTALL)
#: Addresses that only a preview or a hint of the editor asks for, which a page without script goes without.
PREVIEWS = {
    "sage:line-preview": "what a description looks like in Sage, while it is written",
    "sage:terms-example": "what a due date would be, while the days are typed",
    "sage:client-offer-save": "a customer of Sage beside the clients found, which is taken over under Clients as well",
    "sage:client-offers": "the same",
    "proposals:proposal-state": "that a colleague has changed the proposal meanwhile",
}


def tags_of(text: str) -> list[tuple[str, str]]:
    """Each tag's name and what stands in it."""
    return TAG.findall(text)


def value_of(attributes: str, name: str) -> str | None:
    """An attribute as the template has it; None where it is not there."""
    found = re.search(rf"(?<![\w-]){name}=(?:\"((?:{{%.*?%}}|{{{{.*?}}}}|[^\"])*)\"|'([^']*)')", attributes)
    return None if found is None else found[1] or found[2] or ""


def page_of(address: str, text: str) -> str:
    """The URL name an address is made of, there or further up: `sage:line-preview`."""
    named = re.search(r"{% url \"([\w:-]+)\"", address)
    if not named and (variable := re.fullmatch(r"{{ (\w+) }}", address)):
        named = re.search(rf"{{% url \"([\w:-]+)\"[^%]* as {variable[1]} %}}", text)
    return named[1] if named else address


def reaches(text: str, name: str, attributes: str) -> bool:
    """Whether what this tag fetches or sends by script can be had without it on the same page."""
    fetched, sent = value_of(attributes, "hx-get"), value_of(attributes, "hx-post")
    address = fetched if fetched is not None else sent or ""
    if page_of(address, text) in PREVIEWS:
        return True
    if name == "a":
        return bool(value_of(attributes, "href"))
    if name == "form":
        # A form that saves as one types keeps a button for those who press one.
        return 'type="submit"' in text or "components/button.html" in text or "{{ body }}" in text
    if name == "button":
        is_submit = value_of(attributes, "type") in (None, "submit")
        return is_submit or "<noscript>" in text
    if fetched is None:  # a row of fields that is sent as one types
        return f'action="{address}"' in text
    if name == "input":  # of a form that is sent by its own button as well
        return "<form" in text or "<noscript><button" in text
    again = "every " in (value_of(attributes, "hx-trigger") or "")
    links = [page_of(link, text) for link in re.findall(r"href=\"((?:{%.*?%}|{{.*?}}|[^\"])*)\"", text)]
    # What is asked for again and again is the page itself, which reloading asks for just as well.
    return again or page_of(address, text) in links


@pytest.mark.parametrize(
    "page", [page for page in FILES if re.search(r"hx-(get|post)=", (TEMPLATES / page).read_text())]
)
def test_whatever_script_fetches_or_sends_a_link_or_a_form_does_too(page):
    text = (TEMPLATES / page).read_text()
    scripted = [tag for tag in tags_of(text) if re.search(r"hx-(?:get|post)=", tag[1])]
    assert scripted
    assert [tag for tag in scripted if not reaches(text, *tag)] == []


@pytest.mark.parametrize("page", FILES)
def test_no_button_or_link_does_nothing_without_script(page):
    if page.startswith("styleguide/"):
        return
    idle, text = [], (TEMPLATES / page).read_text()
    # what is inside something that waits for script, waits for it too
    text = re.sub(r"<(div|p)[^>]*needs-script.*?</\1>", "", text, flags=re.DOTALL)
    for name, attributes in tags_of(text):
        link = value_of(attributes, "href") or ""
        if name == "a" and (link == "#" or link.startswith("javascript:")):
            idle.append(attributes)
        works = any(
            word in attributes for word in ("popovertarget", "needs-script", "aria-disabled", "hx-", "{% if")
        )
        if name == "button" and value_of(attributes, "type") == "button" and not works:
            idle.append(attributes)
    assert idle == []


def test_each_preview_is_still_asked_for():
    everything = "".join((TEMPLATES / page).read_text() for page in FILES)
    assert {name for name in PREVIEWS if f'url "{name}"' not in everything} == set()

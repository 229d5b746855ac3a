"""The style guide is for platform staff, and draws every component there is."""

import re
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.http import Http404
from django.test import RequestFactory

from practices.styleguide import styleguide

TEMPLATES = Path(settings.BASE_DIR, "templates")


def asked_by(*, staff: bool):
    request = RequestFactory().get("/styleguide/")
    request.user = SimpleNamespace(is_staff=staff, is_authenticated=True, email="staff@ignition.example")
    return request


def test_nobody_but_platform_staff_finds_the_style_guide():
    with pytest.raises(Http404):
        styleguide(asked_by(staff=False))


def test_platform_staff_see_it():
    response = styleguide(asked_by(staff=True))
    assert response.status_code == 200
    assert b"In Sage as SI-42" in response.content


def test_every_component_is_drawn_on_it():
    drawn, waiting = set(), ["styleguide/styleguide.html"]
    while waiting:
        page = waiting.pop()
        drawn.add(page)
        waiting += [name for name in drawn_by((TEMPLATES / page).read_text()) if name not in drawn]
    assert {page for page in components() if page not in drawn} == set()


def drawn_by(text: str) -> list[str]:
    """The templates that a template draws: included, as a block, or by a tag of the same name."""
    blocks = re.findall(r"{% (?:component \"(\w+)\"|(bar_chart|row_chart) )", text)
    included = re.findall(r"include \"([\w/]+\.html)", text)
    return [*included, *(f"components/{block or tag}.html" for block, tag in blocks)]


def test_what_a_component_can_be_given_is_shown_given_and_left_out():
    pages = ("styleguide/styleguide.html", "styleguide/_both.html")
    shown = uses_in("".join((TEMPLATES / page).read_text() for page in pages))
    missing = {
        f"{name}: {option}"
        for name, options in options_of_components().items()
        for option in options
        if not any(option in use for use in shown[name]) or all(option in use for use in shown[name])
    }
    assert missing == SHOWN_ONE_WAY


#: The page has one header, one form that is not saved yet and one list; errors that take the focus would keep it.
SHOWN_ONE_WAY = {
    *(
        f"page_header: {option}"
        for option in ("actions", "back_label", "back_url", "badge", "state", "subtitle")
    ),
    *(f"filters: {option}" for option in ("label", "submit", "target", "url")),
    "form_errors: quiet",
    "stepper: label",
    "unsaved_bar: effect",
}


def components() -> list[str]:
    return [str(path.relative_to(TEMPLATES)) for path in (TEMPLATES / "components").glob("*.html")]


def options_of_components() -> dict[str, set[str]]:
    """What each component says, in its first line, may be left out."""
    found = {}
    for page in components():
        text = (TEMPLATES / page).read_text()
        head = re.sub(r"\([^)]*\)", "", " ".join(re.findall(r"{#(.*?)#}", text)))
        told = head.partition("optional:")[2].split(".")[0] if "optional:" in head else ""
        asked = set(re.findall(r"{% (?:el)?if (?:not )?(\w+)", text)) | set(
            re.findall(r"{{ (\w+)\|default", text)
        )
        found[Path(page).stem] = asked & set(re.findall(r"\w+", told))
    return found


def uses_in(text: str) -> dict[str, list[set[str]]]:
    """The names that each use of a component gives it."""
    found: dict[str, list[set[str]]] = defaultdict(list)
    for included, block, given in re.findall(
        r"(?:include \"components/(\w+)\.html\"|component \"(\w+)\")((?:[^%]|%(?!}))*)%}", text
    ):
        found[included or block].append(set(re.findall(r"(\w+)=", given)))
    return found

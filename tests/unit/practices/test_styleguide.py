"""The style guide is for platform staff, and draws every component there is."""

import re
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


def test_every_component_is_on_it():
    # some are drawn by another component, by the shell around the page, or belong to one person in one practice
    pages = ["styleguide/styleguide.html", "_messages.html", "_account_menu.html", *components()]
    used = {name for page in pages for name in named_in((TEMPLATES / page).read_text())}
    missing = (
        {Path(page).stem for page in components()}
        - used
        - {"bar_chart", "row_chart", "post_button", "fields", "list_tools", "list_headings", "list_looks"}
    )
    assert missing == set()


def components() -> list[str]:
    return [str(path.relative_to(TEMPLATES)) for path in (TEMPLATES / "components").glob("*.html")]


def named_in(text: str) -> list[str]:
    return ["".join(pair) for pair in re.findall(r"components/(\w+)\.html|component \"(\w+)\"", text)]

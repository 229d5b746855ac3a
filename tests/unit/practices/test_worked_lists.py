"""Rows held in memory are found by what a person reads in them."""

from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from practices.lists import Column
from practices.worked_lists import _with_words


@pytest.mark.parametrize(
    ("words", "found"), [("none", 0), ("annual 13:30", 1), ("12:30", 0), ("+00:00", 0), ("", 1)]
)
def test_words_find_what_the_columns_say_and_not_how_it_is_kept(words, found):
    row = {"name": "Annual", "at": datetime(2027, 7, 1, 12, 30, tzinfo=UTC), "by": None}
    columns = [Column(key, key, lambda row, key=key: row[key]) for key in row]
    shown = SimpleNamespace(request=SimpleNamespace(GET={"q": words}), offered=columns)
    with timezone.override(ZoneInfo("Europe/London")):
        assert len(_with_words(shown, [row])) == found

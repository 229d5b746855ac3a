"""Several long texts in one parameter arrive as they are."""

import pytest
from django.db import connection

from practices.arrays import LONG_TEXTS, long_texts


def arrived(texts: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {LONG_TEXTS.format('%s')}", [long_texts(texts)])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    "texts",
    [
        [""],
        ["", ""],
        ["a", "", "b"],
        ['{"a": "b\\n", "c": null}', "it's {x},y"],
        ["NULL", "\\x1f", "£ 😀\r\n%s"],
    ],
)
def test_long_texts_arrive_one_by_one(brook, texts):
    assert arrived(texts) == texts


def test_what_stands_between_them_is_a_space_within_one(brook):
    assert arrived(["a\x1fb", "c", "\x1f"]) == ["a b", "c", " "]

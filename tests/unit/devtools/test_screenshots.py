"""Pictures of some pages: which ones the words of the command line ask for."""

from pathlib import Path

import pytest

from devtools.screenshots import Findings, name_of


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), True),
        (("invoices",), True),
        (("clients", "practice-invoices-n"), True),
        (("clients",), False),
    ],
)
def test_a_page_is_drawn_when_its_name_holds_a_word_asked_for(words, wanted):
    name = name_of("demo-p/practice/invoices/N/")

    assert name == "demo-p-practice-invoices-n"
    assert Findings(Path(), words=words).wants(name) is wanted

"""Which correction Sage takes: five states, each with the one path that works (P12, FACTS.md 9.4 and 9.6)."""

from itertools import product

import pytest

from ledger.models import Posting
from sage_integration.corrections import WORDS, Path, fits_in_place, path_for

Standing, Blocked = Posting.Standing, Posting.Blocked
LINE = {"id": "1", "description": "Bookkeeping", "item": ""}
ONE, TWO = {"lines": [LINE]}, {"lines": [LINE, LINE]}


def path(**changes) -> Path:
    facts = {
        "standing": Standing.AS_COPIED,
        "blocked": Blocked.NO,
        "is_draft": False,
        "wanted": ONE,
        "in_sage": ONE,
        "is_same": False,
    }
    return path_for(**{**facts, **changes})


P12 = [
    ({}, Path.UPDATE),
    ({"blocked": Blocked.SETTLED}, Path.UNALLOCATE_OR_CREDIT),
    ({"blocked": Blocked.LOCKED}, Path.CREDIT_AND_REISSUE),
    ({"is_draft": True}, Path.REPLACE),
    ({"standing": Standing.VOID}, Path.DECIDE_VOID),
    ({"standing": Standing.MISSING}, Path.DECIDE_MISSING),
    ({"wanted": ONE, "in_sage": TWO}, Path.REPLACE),
    ({"wanted": TWO, "in_sage": ONE}, Path.UPDATE),
    ({"is_same": True}, Path.NOTHING),
]


@pytest.mark.parametrize(("facts", "expected"), P12)
def test_p12_each_state_has_the_path_that_sage_takes(facts, expected):
    assert path(**facts) == expected


@pytest.mark.parametrize("gone", [Standing.VOID, Standing.MISSING])
@pytest.mark.parametrize(
    ("blocked", "is_draft", "is_same"), list(product(Blocked.values, [True, False], [True, False]))
)
def test_p13_what_is_gone_waits_for_a_person_whatever_else_holds(gone, blocked, is_draft, is_same):
    found = path(standing=gone, blocked=blocked, is_draft=is_draft, is_same=is_same)
    assert found in (Path.DECIDE_VOID, Path.DECIDE_MISSING)


@pytest.mark.parametrize("blocked", [Blocked.SETTLED, Blocked.LOCKED])
@pytest.mark.parametrize("is_draft", [True, False])
@pytest.mark.parametrize("stored", [ONE, TWO])
def test_p12_what_is_paid_or_locked_is_never_updated_or_replaced(blocked, is_draft, stored):
    found = path(blocked=blocked, is_draft=is_draft, in_sage=stored)
    assert found in (Path.UNALLOCATE_OR_CREDIT, Path.CREDIT_AND_REISSUE)


def test_facts_15_17_a_line_that_would_lose_its_item_is_replaced():
    with_item = [{**LINE, "item": "product-1"}]
    assert not fits_in_place([LINE], with_item)
    assert fits_in_place(with_item, with_item)
    assert fits_in_place(with_item, [LINE])


def test_every_path_has_its_words():
    assert set(WORDS) == set(Path)
    assert all(words.why.endswith(".") for words in WORDS.values())

"""Which invoice in Sage one of ours is."""

from datetime import date
from decimal import Decimal

import pytest

from sage_integration.adoption.matching import Evidence, Ours, Theirs, is_number_of, pair_up

DAY = date(2027, 3, 10)


def ours(key=1, number=123, on=DAY, net="100.00", vat="20.00", client="Tarn Foods Ltd", contact=""):
    return Ours(key, number, on, Decimal(net), Decimal(vat), client, contact)


def theirs(
    key="s1",
    number="SI-7",
    reference="",
    on=DAY,
    net="100.00",
    vat="20.00",
    contact="c1",
    name="Tarn Foods Ltd",
):
    return Theirs(key, number, reference, on, Decimal(net), Decimal(vat), contact, name)


def only(pairs):
    (pair,) = pairs
    return pair


def test_p26_the_same_amount_contact_and_date_is_sure():
    pair = only(pair_up([ours()], [theirs()]))
    assert pair.is_sure
    assert set(pair.evidence) == {Evidence.AMOUNT, Evidence.CONTACT, Evidence.DATE}


def test_the_same_number_is_as_good_as_the_date():
    pair = only(pair_up([ours()], [theirs(reference="INV-000123", on=date(2027, 6, 1))]))
    assert pair.is_sure


def test_a_linked_contact_counts_whatever_it_is_called():
    assert only(pair_up([ours(contact="c1")], [theirs(name="Anything")])).is_sure
    assert pair_up([ours(contact="c2")], [theirs()]) == []


@pytest.mark.parametrize(
    "other",
    [
        theirs(on=date(2027, 3, 14)),
        theirs(name="Tarn Foods Limited"),
        theirs(net="101.00", vat="19.00"),
        theirs(reference="123", name="Somebody Else"),
    ],
)
def test_what_is_nearly_the_same_is_asked_about(other):
    assert only(pair_up([ours()], [other])).is_sure is False


@pytest.mark.parametrize(
    "other",
    [
        theirs(net="100.01"),
        theirs(on=date(2027, 6, 1)),
        theirs(name="Beck Farm"),
        theirs(number="SI-123", on=date(2027, 6, 1)),
    ],
)
def test_what_differs_in_what_matters_is_nothing(other):
    assert pair_up([ours()], [other]) == []


def test_two_that_fit_alike_are_never_guessed_between():
    assert only(pair_up([ours()], [theirs("s1"), theirs("s2")])).is_sure is False
    pairs = pair_up([ours(1), ours(2, number=124)], [theirs("s1"), theirs("s2")])
    assert [pair.is_sure for pair in pairs] == [False, False]


def test_the_number_decides_between_two_that_fit_alike_otherwise():
    pairs = pair_up(
        [ours(1), ours(2, number=124)], [theirs("s1", reference="INV-124"), theirs("s2", reference="123")]
    )
    assert {(pair.ours.key, pair.theirs.key, pair.is_sure) for pair in pairs} == {
        (1, "s2", True),
        (2, "s1", True),
    }


def test_each_invoice_is_used_once():
    pairs = pair_up([ours(1), ours(2, number=124)], [theirs()])
    assert len(pairs) == 1


@pytest.mark.parametrize(
    ("reference", "number", "fits"),
    [
        ("INV-000123", "SI-1", True),
        ("inv 123", "SI-1", True),
        ("0123", "SI-1", True),
        ("", "INV-123", True),
        ("", "123", False),
        ("1123", "SI-1", False),
        ("PO 123", "SI-1", False),
    ],
)
def test_our_number_is_known_by_how_people_write_it(reference, number, fits):
    assert is_number_of(123, theirs(reference=reference, number=number)) is fits

"""Answers that no guide describes: a read says that it was not understood, a write that its outcome is unknown."""

import json
from decimal import Decimal

import pytest

from sage_integration.sage.errors import OutcomeUnknown, SageError, SageUnavailable, UnexpectedAnswer
from tests.unit.sage_integration.conftest import BASE

INVOICE = {
    "id": "a1",
    "displayed_as": "SI-1",
    "reference": "INV-000123-K7Q2M9",
    "status": {"id": "UNPAID", "displayed_as": "Unpaid"},
    "contact": {"id": "c1", "displayed_as": "Acme"},
    "net_amount": "165.53",
    "tax_amount": "33.11",
    "total_amount": "198.64",
}
NONSENSE = {
    "html": "<html><body>Please try again later</body></html>",
    "an array": "[]",
    "an array of numbers": "[1, 2]",
    "an object of something else": '{"hello": "world"}',
    "nothing": "",
    "truncated": json.dumps({"$items": [INVOICE]})[:60],
    "null": "null",
    "the word null": '"null"',
    "a number": "17",
    "not a number": '{"id": NaN}',
    "nested without end": "[" * 100_000,
    "half a character": b'{"id": "\xff"}',
}
BAD_LISTS = {
    "items null": {"$items": None},
    "items an object": {"$items": {"id": "a1"}},
    "items of strings": {"$items": ["null"]},
    "items of lists": {"$items": [[INVOICE]]},
    "an amount in words": {"$items": [{**INVOICE, "total_amount": "a lot"}]},
    "an amount that is a list": {"$items": [{**INVOICE, "total_amount": ["1"]}]},
    "an amount that is true": {"$items": [{**INVOICE, "total_amount": True}]},
}


def page(*rows, following=None, **more):
    return {"$total": len(rows), "$page": 1, "$next": following, "$items": list(rows), **more}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_hostile_answers_to_a_list_are_not_understood(sage, client, body):
    sage.get(f"{BASE}/sales_invoices", body=body)
    with pytest.raises(UnexpectedAnswer):
        list(client.sales_invoices.list())


@pytest.mark.parametrize("answer", BAD_LISTS.values(), ids=BAD_LISTS)
def test_hostile_rows_are_not_understood(sage, client, answer):
    sage.get(f"{BASE}/sales_invoices", json={"$next": None, **answer})
    with pytest.raises(UnexpectedAnswer):
        list(client.sales_invoices.list())


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_hostile_answers_to_a_create_leave_its_outcome_unknown(sage, client, body):
    sage.post(f"{BASE}/sales_invoices", body=body, status=201)
    with pytest.raises(OutcomeUnknown):
        client.sales_invoices.create({"reference": "INV-000123-K7Q2M9"})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 422, 429, 500, 502, 525])
@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_hostile_bodies_of_errors_are_errors_all_the_same(sage, client, no_pauses, status, body):
    sage.add("POST", f"{BASE}/sales_invoices", body=body, status=status)
    if status == 401:
        sage.add("POST", f"{BASE}/sales_invoices", body=body, status=status)
    with pytest.raises(SageError) as caught:
        client.sales_invoices.create({"reference": "INV-000123-K7Q2M9"})
    assert caught.value.status == status


def test_hostile_answers_numbers_come_as_strings_numbers_or_nothing(sage, client):
    rows = [
        {**INVOICE, "id": "1", "total_amount": "198.64"},
        {**INVOICE, "id": "2", "total_amount": 198.64},
        {**INVOICE, "id": "3", "total_amount": 198},
        {**INVOICE, "id": "4", "total_amount": ""},
        {**INVOICE, "id": "5", "total_amount": None},
    ]
    sage.get(f"{BASE}/sales_invoices", body=json.dumps(page(*rows)))
    amounts = [row["total_amount"] for row in client.sales_invoices.list()]
    assert amounts == [Decimal("198.64"), Decimal("198.64"), Decimal(198), None, None]


@pytest.mark.parametrize("nothing", ["", "null", None])
def test_hostile_answers_a_reference_that_is_empty_null_or_the_word_null(sage, client, nothing):
    sage.get(f"{BASE}/sales_invoices", json=page({**INVOICE, "reference": nothing}))
    assert client.sales_invoices.find_by_reference(INVOICE["reference"]) is None


def test_hostile_answers_unknown_fields_are_passed_over(sage, client):
    strange = {"vat_reverse_charge": {"deep": [1]}, "$new": "field", "amounts": "not ours"}
    sage.get(f"{BASE}/sales_invoices", json=page({**INVOICE, **strange}, **{"$links": []}))
    [row] = client.sales_invoices.list()
    assert row["total_amount"] == Decimal("198.64")


@pytest.mark.parametrize("key", ["$itemsPerPage", "$items_per_page", "itemsPerPage"])
def test_hostile_answers_a_page_beyond_the_end_is_never_asked_for(sage, client, key):
    """A page past the end repeats the last one, so only `$next` says when to stop."""
    sage.get(f"{BASE}/sales_invoices", json=page(INVOICE, following="/sales_invoices?page=2", **{key: 1}))
    sage.get(f"{BASE}/sales_invoices", json=page({**INVOICE, "id": "a2"}, **{key: 1, "$total": 999}))
    assert [row["id"] for row in client.sales_invoices.list()] == ["a1", "a2"]
    assert len(sage.calls) == 2


def test_hostile_answers_a_list_without_an_end_is_given_up(sage, client):
    sage.get(f"{BASE}/sales_invoices", json=page(INVOICE, following="/sales_invoices?page=2"))
    sage.get(f"{BASE}/sales_invoices", json=page(INVOICE, following="/sales_invoices?page=2"))
    with pytest.raises(UnexpectedAnswer):
        list(client.sales_invoices.list())


@pytest.mark.parametrize(
    "following",
    [
        "https://elsewhere.test/v3.1/sales_invoices?page=2",
        "//elsewhere.test/x",
        "/contacts?page=2",
        {"page": 2},
    ],
)
def test_hostile_answers_a_next_page_at_another_host_is_never_asked_for(sage, client, following):
    sage.get(f"{BASE}/sales_invoices", json=page(INVOICE, following=following))
    with pytest.raises(UnexpectedAnswer):
        list(client.sales_invoices.list())
    assert len(sage.calls) == 1


def test_hostile_answers_rows_that_move_between_pages_are_seen_twice_rather_than_missed(sage, client):
    """The reader gets both; what to make of a repeat is decided by id and time stamp (sync/feeds.py)."""
    moved = {**INVOICE, "id": "a2"}
    sage.get(f"{BASE}/sales_invoices", json=page(INVOICE, moved, following="/sales_invoices?page=2"))
    sage.get(f"{BASE}/sales_invoices", json=page(moved, {**INVOICE, "id": "a3"}))
    assert [row["id"] for row in client.sales_invoices.list()] == ["a1", "a2", "a2", "a3"]


def test_hostile_answers_gateway_525_is_no_answer(sage, client):
    sage.get(f"{BASE}/sales_invoices", body="<html>525</html>", status=525)
    with pytest.raises(SageUnavailable):
        list(client.sales_invoices.list())

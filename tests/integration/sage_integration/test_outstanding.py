"""The sum of what is outstanding here beside Sage's: equal, or told which invoices differ."""

from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.operations import mark_paid
from practices.tenancy import practice_scope
from sage_integration.outstanding import last_comparison
from tests.factories import TODAY
from tests.integration.sage_integration.posting import issued_invoice, push_once
from tests.sage import connected

D = Decimal


@pytest.fixture
def copied(brook, sage):
    connected(brook, sage)
    invoice = issued_invoice(brook)
    push_once(brook)
    return invoice


def compare_now(brook, client_of):
    answer = client_of("alice").post(reverse("sage:outstanding-check", args=[brook.slug]), follow=True)
    with practice_scope(brook.pk):
        return answer.content.decode(), last_comparison()[0]


def test_the_sum_here_equals_sages_and_the_page_says_so(copied, brook, client_of):
    page, comparison = compare_now(brook, client_of)
    assert comparison.here == comparison.sage == copied.gross
    assert (comparison.difference, comparison.apart, comparison.invoices) == (0, [], 1)
    assert "they are equal" in page
    aged = client_of("alice").get(reverse("invoicing:aged-debt", args=[brook.slug])).content.decode()
    assert reverse("sage:outstanding", args=[brook.slug]) in aged


def test_what_came_after_a_comparison_is_told_and_nothing_is_called_equal_any_more(
    clock, copied, brook, client_of
):
    compare_now(brook, client_of)
    clock.shift(60)
    later = issued_invoice(brook)
    push_once(brook)
    with practice_scope(brook.pk):
        mark_paid(later, amount=D("10"), received_on=TODAY, on=TODAY)
    page = client_of("alice").get(reverse("sage:outstanding", args=[brook.slug])).content.decode()
    assert "1 invoice and 1 payment since then are not in these sums." in page
    assert "Equal when last compared" in page
    assert "they are equal" not in page
    page, _ = compare_now(brook, client_of)
    assert "they are equal" not in page
    assert "since then" not in page


def test_what_was_entered_here_makes_a_difference_that_names_the_invoice(copied, brook, client_of):
    with practice_scope(brook.pk):
        mark_paid(copied, amount=D("10"), received_on=TODAY, on=TODAY)
    page, comparison = compare_now(brook, client_of)
    assert (comparison.difference, comparison.by_hand) == (D("10.00"), D("10.00"))
    assert [pk for pk, _, _ in comparison.apart] == [copied.pk]
    assert copied.number_label in page


def test_what_is_not_in_sage_is_told_apart(copied, brook, client_of):
    other = issued_invoice(brook)
    _, comparison = compare_now(brook, client_of)
    assert comparison.difference == 0
    assert comparison.not_there == other.gross


def test_while_sage_is_down_nothing_is_compared_and_it_says_so(copied, brook, client_of, sage):
    sage.arm("status", on="GET /sales_invoices", times=None, status=503)
    answer = client_of("alice").post(reverse("sage:outstanding-check", args=[brook.slug]), follow=True)
    assert "Nothing was compared" in answer.content.decode()
    with practice_scope(brook.pk):
        assert last_comparison() is None


def test_where_nothing_was_there_to_compare_nobody_is_told_that_both_are_equal(brook, sage, client_of):
    connected(brook, sage)
    page, comparison = compare_now(brook, client_of)
    assert comparison.invoices == 0
    assert "Nothing was there to compare" in page
    assert "they are equal" not in page

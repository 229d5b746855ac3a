"""When work is billed, in words and in dates."""

from datetime import date

import pytest

from proposals.billing_rules import Rule

MONTHLY = {"billing": "recurring", "every": 1, "period": "month"}
STARTS, ACCEPTED = date(2027, 5, 1), date(2027, 3, 10)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(), "On acceptance"),
        (Rule(billing="on_completion"), "On completion"),
        (
            Rule(billing="on_completion", completes_on=date(2027, 12, 31)),
            "On completion, at the latest on 31 Dec 2027",
        ),
        (Rule(**MONTHLY), "Every month"),
        (Rule(**MONTHLY | {"every": 3}), "Every 3 months"),
        (Rule(**MONTHLY | {"every": 24}), "Every 2 years"),
        (Rule(**MONTHLY | {"every": 10, "period": "day"}), "Every 10 days"),
        (Rule(**MONTHLY, counts_from="acceptance"), "Every month from acceptance"),
        (Rule(**MONTHLY, counts_from="date", first_on=date(2027, 6, 1)), "Every month from 1 Jun 2027"),
        (
            Rule(**MONTHLY, delay=3, delay_period="month"),
            "Every month from 3 months after the proposal's start",
        ),
        (Rule(**MONTHLY, times=4), "Every month, 4 times"),
        (Rule(**MONTHLY, times=1), "Every month, once"),
    ],
)
def test_g06_a_rule_in_words(rule, words):
    assert rule.in_words == words


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({}, STARTS),
        ({"counts_from": "acceptance"}, ACCEPTED),
        ({"counts_from": "date", "first_on": date(2027, 6, 15)}, date(2027, 6, 15)),
        ({"delay": 2, "delay_period": "week"}, date(2027, 5, 15)),
        ({"counts_from": "acceptance", "delay": 5, "delay_period": "day"}, date(2027, 3, 15)),
    ],
)
def test_g06_a_rule_counts_from_the_start_the_acceptance_or_a_date(changes, begins):
    rule = Rule(**MONTHLY | changes)
    assert rule.begins_on(starts_on=STARTS, accepted_on=ACCEPTED) == begins


def test_g08_a_free_start_moves_the_first_bill_by_its_months():
    rule = Rule(**MONTHLY, delay=3, delay_period="month")
    assert rule.begins_on(starts_on=date(2027, 1, 31), accepted_on=ACCEPTED) == date(2027, 4, 30)


def test_g06_a_rule_that_ends_knows_its_last_period():
    assert Rule(**MONTHLY, times=12).last_period_on(date(2027, 5, 1)) == date(2028, 4, 1)
    assert Rule(**MONTHLY, times=1).last_period_on(date(2027, 5, 1)) == date(2027, 5, 1)
    assert Rule(**MONTHLY).last_period_on(date(2027, 5, 1)) is None

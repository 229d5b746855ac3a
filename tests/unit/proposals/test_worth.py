"""What an offer brings: once, in a month, in a year."""

from decimal import Decimal

import pytest

from proposals.queries import Worth, worth_of


@pytest.mark.parametrize(
    ("rule", "one_off", "monthly", "yearly"),
    [
        (("upfront", None, ""), "100", "0", "0"),
        (("on_completion", None, ""), "100", "0", "0"),
        (("recurring", 1, "month"), "0", "100", "1200"),
        (("recurring", 3, "month"), "0", "33.33", "400"),
        (("recurring", 12, "month"), "0", "8.33", "100"),
        (("recurring", 1, "week"), "0", "433.33", "5200"),
        (("recurring", 2, "week"), "0", "216.67", "2600"),
    ],
)
def test_worth_of_a_rule(rule, one_off, monthly, yearly):
    worth = worth_of(Decimal(100), *rule)
    assert (worth.one_off, worth.monthly, worth.yearly) == (
        Decimal(one_off),
        Decimal(monthly),
        Decimal(yearly),
    )


def test_worths_add_up():
    assert Worth(Decimal(1), Decimal(24)) + Worth(Decimal(2), Decimal(12)) == Worth(Decimal(3), Decimal(36))

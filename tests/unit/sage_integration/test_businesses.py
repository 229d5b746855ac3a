"""Which companies can be connected (F01, F02)."""

import pytest

from sage_integration.businesses import plan_of, refusal_of


def business(country="GB", subscriptions=(("ACCOUNTING", True),)):
    return {
        "id": "b1",
        "displayed_as": "Acme Ltd",
        "country": {"id": country, "displayed_as": {"GB": "United Kingdom", "IE": "Ireland"}[country]},
        "subscriptions": [
            {"id": plan, "displayed_as": plan.title(), "active": active} for plan, active in subscriptions
        ],
    }


@pytest.mark.parametrize("plan", ["START", "MICRO", "ACCOUNTS", "ACCOUNTING_10", "ACCOUNTING"])
def test_f02_every_sage_accounting_plan_can_be_connected(plan):
    assert refusal_of(business(subscriptions=[(plan, True)])) == ""


def test_f01_a_company_in_another_country_is_refused_by_name():
    assert refusal_of(business("IE")).startswith("Acme Ltd is a company in Ireland")


@pytest.mark.parametrize("subscriptions", [[], [("PAYROLL", True)]])
def test_f02_another_sage_product_is_refused(subscriptions):
    assert "does not use Sage Accounting" in refusal_of(business(subscriptions=subscriptions))


@pytest.mark.parametrize(
    "subscriptions", [[("ACCOUNTING", False)], [("ACCOUNTING", False), ("PAYROLL", True)]]
)
def test_f02_a_lapsed_plan_is_refused_with_the_way_out(subscriptions):
    assert "renew it in Sage" in refusal_of(business(subscriptions=subscriptions))


def test_the_active_plan_is_the_one_shown():
    assert plan_of(business(subscriptions=[("START", False), ("ACCOUNTING", True)])) == "Accounting"
    assert plan_of(business(subscriptions=[])) == ""

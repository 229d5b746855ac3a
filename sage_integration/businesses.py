"""Which companies of a Sage login can be connected, and why others cannot."""

from sage_integration.errors import BusinessUnsuitable
from sage_integration.sage.resources.businesses import Business, Subscription, is_uk

#: Sage Accounting Start (also its partner edition), Standard (old and new) and Plus (FACTS.md 2).
PLANS = {"START", "MICRO", "ACCOUNTS", "ACCOUNTING_10", "ACCOUNTING"}


def refusal_of(business: Business) -> str:
    """Why a company, as `get` returns it, cannot be connected; empty when it can (F01, F02)."""
    name = business["displayed_as"]
    if not is_uk(business):
        country = business["country"]["displayed_as"]
        return f"{name} is a company in {country}; only companies in the United Kingdom can be connected."
    plans = business.get("subscriptions", [])
    if not any(_is_sage_accounting(plan) for plan in plans):
        return f"{name} does not use Sage Accounting; other Sage products cannot be connected."
    if not any(_is_sage_accounting(plan) and plan.get("active") is True for plan in plans):
        return f"{name} has no active Sage Accounting plan; renew it in Sage first."
    return ""


def refuse_unsuitable(business: Business) -> None:
    """Raises `BusinessUnsuitable` with the reason for a company that cannot be connected."""
    if refusal := refusal_of(business):
        raise BusinessUnsuitable(business, message=refusal)


def plan_of(business: Business) -> str:
    """The name of the active Sage plan, else of any."""
    return _plan(business).get("displayed_as", "")


def plan_id_of(business: Business) -> str:
    """Sage's id of the same plan, such as `ACCOUNTING` for Plus."""
    return _plan(business).get("id", "")


def _plan(business: Business) -> Subscription:
    plans = sorted(business.get("subscriptions", []), key=lambda plan: plan.get("active") is not True)
    return plans[0] if plans else {}


def _is_sage_accounting(subscription: Subscription) -> bool:
    return subscription.get("id", "") in PLANS

"""Which companies of a Sage login can be connected, and why others cannot."""

from collections.abc import Iterable
from dataclasses import dataclass

from sage_integration.sage.client import SageClient
from sage_integration.sage.resources.businesses import Business, Subscription, is_uk

#: Sage Accounting Start (also its partner edition), Standard (old and new) and Plus (FACTS.md 2).
PLANS = {"START", "MICRO", "ACCOUNTS", "ACCOUNTING_10", "ACCOUNTING"}


@dataclass(frozen=True)
class Candidate:
    """One company to choose from; `refusal` says why it cannot be connected."""

    id: str
    name: str
    country: str
    plan: str
    refusal: str


def candidate(business: Business) -> Candidate:
    """A company as the person choosing sees it."""
    return Candidate(
        id=business["id"],
        name=business["displayed_as"],
        country=business["country"]["displayed_as"],
        plan=plan_of(business),
        refusal=refusal_of(business),
    )


def candidates(sage: SageClient, businesses: Iterable[Business]) -> list[Candidate]:
    """The companies with country and plan, which takes one request for each."""
    return [candidate(sage.businesses.get(business["id"])) for business in businesses]


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


def plan_of(business: Business) -> str:
    """The name of the active Sage plan, else of any."""
    plans = sorted(business.get("subscriptions", []), key=lambda plan: plan.get("active") is not True)
    return plans[0].get("displayed_as", "") if plans else ""


def _is_sage_accounting(subscription: Subscription) -> bool:
    return subscription.get("id", "") in PLANS

"""The pretend Sage in tests: the `sage` fixture, and `connected`, which signs a practice in to it.

One server serves a whole test run and is set back before each test. The app reaches it by its settings
alone, over real HTTP, as it would reach Sage.
"""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from practices.models import Membership, Practice, User
from practices.tenancy import acting_for, practice_transaction
from sage_integration.authorisations import begin_connection, finish_authorisation
from sage_integration.companies import connect_company
from sage_integration.connections import current_connection, enable_posting
from sage_integration.models import SageConnection
from sage_integration.rate_matching import suggestion
from sage_integration.setup import (
    Settings,
    map_tax_rate,
    save_settings,
    suggested_account,
    usable_accounts,
    usable_rates,
)
from sage_sandbox.handle import SandboxHandle
from sage_sandbox.server import Sandbox
from services.models import TaxRate
from tests.factories import TODAY

COMPANY = "Harbour & Pine Ltd"
CLIENT = {"SAGE_CLIENT_ID": "ignition/tests", "SAGE_CLIENT_SECRET": "not-a-secret"}
BROWSER = "the browser of a test"


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One pretend Sage for the whole run."""
    with Sandbox(client_id=CLIENT["SAGE_CLIENT_ID"], client_secret=CLIENT["SAGE_CLIENT_SECRET"]) as running:
        yield running


@pytest.fixture
def sage(sandbox: Sandbox, settings) -> SandboxHandle:
    """The pretend Sage as on its first day, with the app's settings pointing at it."""
    sandbox.handle.reset()
    for name, value in {**sandbox.handle.settings, **CLIENT}.items():
        setattr(settings, name, value)
    return sandbox.handle


def owner_of(practice: Practice) -> User:
    """The person who opened the practice."""
    return Membership.objects.filter(practice=practice, role=Membership.Role.OWNER).earliest("pk").user


def answer_of_consent(url: str, decision: str = "allow") -> dict[str, str]:
    """What Sage sends the browser back with, after a person pressed Allow (or `deny`) on its page."""
    page = requests.get(url, timeout=10)
    fields = {
        unescape(name): unescape(value)
        for name, value in re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    }
    action = re.search(r'<form method="post" action="([^"]*)"', page.text)
    assert action, page.text
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    back = requests.post(
        origin + action[1], data={**fields, "decision": decision}, allow_redirects=False, timeout=10
    )
    return dict(parse_qsl(urlsplit(back.headers["Location"]).query))


def callback_path(answer: dict[str, str]) -> str:
    """The path of the app that Sage sends the browser to."""
    return f"/sage/callback/?{urlencode(answer)}"


def signed_in(practice: Practice, by: User | None = None) -> None:
    """The practice signed in to Sage through its real sign-in page; no company chosen yet."""
    by = by or owner_of(practice)
    with acting_for(practice.pk), practice_transaction():
        url = begin_connection(practice, by=by, browser=BROWSER)
    finish_authorisation(answer_of_consent(url), by=by, browser=BROWSER)


def connected(practice: Practice, handle: SandboxHandle, *, company: str = COMPANY) -> SageConnection:
    """The practice connected to a company of the pretend Sage, set up and enabled.

    Default account 4010, every VAT rate mapped to its likeliest one, payments pulled, 14 days to pay.
    """
    signed_in(practice)
    with acting_for(practice.pk):
        connect_company(handle.business_id(company))
        with practice_transaction():
            map_every_rate()
            save_settings(usual_settings())
            return enable_posting()


def usual_settings(**changes) -> Settings:
    """Settings as a practice would save them, inside its scope."""
    usual = {
        "default_account_id": suggested_account(usable_accounts()),
        "pulls_payments": True,
        "posts_new_clients": True,
        "includes_descriptions": True,
        "manual_terms_days": 14,
        "automatic_terms_days": 14,
    }
    return Settings(**{**usual, **changes})


def map_every_rate() -> None:
    """Each VAT rate of the acting practice on the likeliest one of Sage."""
    connection = current_connection()
    for rate in TaxRate.objects.offered():
        likeliest = suggestion(
            rate.vat_code, rate.percent_on(TODAY), usable_rates(), connection.tax_scheme if connection else ""
        )
        map_tax_rate(rate, likeliest.sage_id)

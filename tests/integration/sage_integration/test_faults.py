"""What each fault of Sage is to the client, and what Sage holds afterwards."""

import uuid
from collections.abc import Iterator
from decimal import Decimal

import pytest

from sage_integration.sage.client import SageClient
from sage_integration.sage.decimals import number
from sage_integration.sage.errors import (
    AccessDenied,
    GrantRefused,
    OutcomeUnknown,
    ReauthorisationRequired,
    RefreshOutcomeUnknown,
    SageRateLimited,
    SageUnavailable,
    SubscriptionInactive,
    UnexpectedAnswer,
    WrongBusiness,
)
from sage_integration.sage.oauth import OAuthClient
from sage_integration.sage.transport import Transport
from sage_sandbox.server import Sandbox

CREATE = "POST /sales_invoices"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running) -> Sandbox:
    running.handle.reset()
    return running


@pytest.fixture
def sage(sandbox) -> Iterator[SageClient]:
    token = sandbox.handle.tokens()["access_token"]
    transport = Transport(
        sandbox.handle.settings["SAGE_API_URL"], sandbox.handle.business_id(), lambda: token, timeout=(1, 0.5)
    )
    with SageClient(transport) as client:
        yield client


@pytest.fixture
def invoice(sage, sandbox):
    account = next(iter(sage.ledger_accounts.list()))
    return {
        "contact_id": sandbox.handle.add_contact("Acme Co")["id"],
        "date": "2026-11-22",
        "reference": "INV-000123-K7Q2M9",
        "invoice_lines": [
            {
                "description": "Bookkeeping",
                "ledger_account_id": account["id"],
                "quantity": number(Decimal(1)),
                "unit_price": number(Decimal("165.53")),
                "tax_rate_id": "GB_STANDARD",
                "tax_amount": number(Decimal("33.11")),
            }
        ],
        "idempotency_id": uuid.uuid4().hex,
    }


UNKNOWN = [
    ("drop_answer_after_saving", {}, 1),
    ("reset_before_saving", {}, 0),
    ("half_answer", {}, 1),
    ("truncated_json", {}, 1),
    ("empty_answer", {}, 1),
    ("not_json", {}, 1),
    ("delay", {"seconds": 0.7, "when": "after"}, 1),
    ("delay", {"seconds": 0.7}, None),
    ("status", {"status": 500}, 0),
    ("status_after_saving", {"status": 500}, 1),
    ("status_after_saving", {"status": 504}, 1),
    ("html_error", {}, 0),
]


@pytest.mark.parametrize(("fault", "options", "stored"), UNKNOWN)
def test_a_create_that_may_have_landed_is_found_or_repeated_and_is_there_once(
    sage, sandbox, invoice, fault, options, stored
):
    sandbox.handle.arm(fault, on=CREATE, **options)
    with pytest.raises(OutcomeUnknown):
        sage.sales_invoices.create(invoice)
    if stored is not None:
        assert len(sandbox.handle.sales_invoices()) == stored
    found = sage.sales_invoices.find_by_reference(invoice["reference"]) or sage.sales_invoices.create(invoice)
    assert found["total_amount"] == Decimal("198.64")
    assert len(sandbox.handle.sales_invoices()) == 1


@pytest.mark.parametrize(("fault", "options", "stored"), UNKNOWN)
def test_the_idempotency_id_alone_is_enough(sage, sandbox, invoice, fault, options, stored):
    sandbox.handle.arm(fault, on=CREATE, **options)
    with pytest.raises(OutcomeUnknown):
        sage.sales_invoices.create(invoice)
    sage.sales_invoices.create(invoice)
    assert len(sandbox.handle.sales_invoices()) == 1


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("too_many_requests", {"retry_after": 7}, SageRateLimited),
        ("too_many_requests", {"retry_after": None, "body": "html"}, SageRateLimited),
        ("unauthorised", {}, ReauthorisationRequired),
        ("no_subscription", {}, SubscriptionInactive),
        ("forbidden", {}, AccessDenied),
        ("revoked", {}, AccessDenied),
    ],
)
def test_a_refused_create_stored_nothing(sage, sandbox, invoice, fault, options, expected):
    sandbox.handle.arm(fault, on=CREATE, **options)
    with pytest.raises(expected) as caught:
        sage.sales_invoices.create(invoice)
    assert caught.value.retry_after == options.get("retry_after")
    assert sandbox.handle.sales_invoices() == []


def test_a_create_echoed_for_another_business_goes_to_a_person(sage, sandbox, invoice):
    sandbox.handle.arm("wrong_business_echo", on=CREATE)
    with pytest.raises(WrongBusiness):
        sage.sales_invoices.create(invoice)


def test_a_total_that_is_a_penny_off_is_handed_over_as_it_is(sage, sandbox, invoice):
    sandbox.handle.arm("wrong_totals", on=CREATE)
    assert sage.sales_invoices.create(invoice)["total_amount"] == Decimal("198.65")


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("reset_before_saving", {"times": 2}),
        ("half_answer", {"times": 2}),
        ("html_error", {"times": 2}),
        ("status", {"status": 503, "times": 2}),
    ],
)
def test_a_read_gets_over_two_hiccups(sage, sandbox, fault, options):
    sandbox.handle.arm(fault, on="GET /tax_rates", **options)
    assert len(list(sage.tax_rates.list())) == 5


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("reset_before_saving", {"times": None}, SageUnavailable),
        ("html_error", {"times": None}, SageUnavailable),
        ("status", {"status": 500}, SageUnavailable),
        ("delay", {"seconds": 0.7}, SageUnavailable),
        ("truncated_json", {}, UnexpectedAnswer),
        ("empty_answer", {}, UnexpectedAnswer),
        ("not_json", {}, UnexpectedAnswer),
        ("wrong_business_echo", {}, WrongBusiness),
        ("too_many_requests", {}, SageRateLimited),
    ],
)
def test_a_read_that_fails_says_why(sage, sandbox, fault, options, expected):
    sandbox.handle.arm(fault, on="GET /tax_rates", **options)
    with pytest.raises(expected):
        list(sage.tax_rates.list())


def test_a_next_page_on_another_host_is_refused(sage, sandbox):
    sandbox.handle.arm("next_to_other_host", on="GET /contacts")
    with pytest.raises(UnexpectedAnswer):
        list(sage.contacts.list())


def test_an_expired_token_is_replaced_in_the_middle_of_a_write(sandbox, invoice):
    tokens = sandbox.handle.tokens()
    oauth = oauth_client(sandbox, "test-client")
    transport = Transport(
        sandbox.handle.settings["SAGE_API_URL"],
        sandbox.handle.business_id(),
        lambda: tokens["access_token"],
        refresh=lambda _stale: oauth.refresh(tokens["refresh_token"]).access_token,
    )
    sandbox.handle.expire_access_tokens()
    with SageClient(transport) as sage:
        sage.sales_invoices.create(invoice)
    assert len(sandbox.handle.sales_invoices()) == 1


def test_a_refresh_answer_lost_on_the_way_ends_in_a_refused_grant_on_the_next_try(sandbox):
    refresh_token = sandbox.handle.tokens()["refresh_token"]
    oauth = oauth_client(sandbox, "test-client")
    sandbox.handle.arm("lost_refresh_answer")
    with pytest.raises(RefreshOutcomeUnknown):
        oauth.refresh(refresh_token)
    with pytest.raises(GrantRefused):
        oauth.refresh(refresh_token)


def oauth_client(sandbox: Sandbox, client_id: str) -> OAuthClient:
    settings = sandbox.handle.settings
    return OAuthClient(
        authorize_url=settings["SAGE_AUTHORIZE_URL"],
        token_url=settings["SAGE_TOKEN_URL"],
        revoke_url=settings["SAGE_REVOKE_URL"],
        client_id=client_id,
        client_secret="secret",
        redirect_uri="http://127.0.0.1:8000/sage/callback/",
    )

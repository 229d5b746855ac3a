import json
from decimal import Decimal

import pytest
import requests
from responses import matchers
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProtocolError

from sage_integration.sage.errors import (
    NotInSage,
    OutcomeUnknown,
    ReauthorisationRequired,
    SageRateLimited,
    SageRejected,
    SageUnavailable,
    SubscriptionInactive,
    UnexpectedAnswer,
    WrongBusiness,
)
from sage_integration.sage.transport import READ_PAUSES, Transport
from tests.unit.sage_integration.conftest import BASE, BUSINESS

URL = f"{BASE}/contacts"
ECHO = {"X-Business": BUSINESS}

REFUSED = requests.ConnectionError(MaxRetryError(None, URL, NewConnectionError(None, "refused")))
NO_ROUTE = requests.ConnectTimeout(MaxRetryError(None, URL, ConnectTimeoutError("slow")))
DROPPED = requests.ConnectionError(ProtocolError("Connection aborted."))
SILENT = requests.ReadTimeout("read timed out")
HALF = requests.exceptions.ChunkedEncodingError("half an answer")


def test_every_request_names_its_business_and_carries_the_token(sage, transport):
    sage.get(
        URL,
        json={"$items": []},
        headers=ECHO,
        match=[
            matchers.header_matcher({"Authorization": "Bearer token", "X-Business": BUSINESS}),
            matchers.query_param_matcher({"exclude_system": "true", "search": "A+B & C"}),
        ],
    )
    transport.read("/contacts", {"exclude_system": True, "search": "A+B & C", "page": None})


def test_numbers_are_read_exactly_and_strings_are_left_alone(sage, transport):
    sage.get(f"{URL}/1", body='{"balance": 0.1, "credit_limit": "178.0"}')
    assert transport.read("/contacts/1") == {"balance": Decimal("0.1"), "credit_limit": "178.0"}


def test_decimals_are_written_as_exact_numbers(sage, transport):
    sage.post(URL, json={"id": "1"}, status=201)
    transport.write("POST", "/contacts", {"contact": {"credit_limit": Decimal("1234567890.10")}})
    assert sage.calls[0].request.body == b'{"contact":{"credit_limit":1234567890.10}}'


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (REFUSED, SageUnavailable),
        (NO_ROUTE, SageUnavailable),
        (DROPPED, OutcomeUnknown),
        (SILENT, OutcomeUnknown),
        (HALF, OutcomeUnknown),
    ],
)
def test_a_write_is_sent_once_whatever_happens(sage, transport, failure, expected):
    sage.post(URL, body=failure)
    with pytest.raises(expected):
        transport.write("POST", "/contacts", {})
    assert len(sage.calls) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_that_sage_says_failed_is_not_repeated_and_not_called_a_failure(sage, transport, status):
    sage.post(URL, status=status)
    with pytest.raises(OutcomeUnknown):
        transport.write("POST", "/contacts", {})
    assert len(sage.calls) == 1


@pytest.mark.parametrize("body", ["", "<html>Created</html>", "[]", "null", '"done"', '{"id": '])
def test_a_stored_write_whose_answer_is_unreadable_has_an_unknown_outcome(sage, transport, body):
    sage.post(URL, body=body, status=201)
    with pytest.raises(OutcomeUnknown):
        transport.write("POST", "/contacts", {})


def test_a_redirected_write_is_not_followed(sage, transport):
    sage.post(URL, status=307, headers={"Location": "https://elsewhere.test/"})
    with pytest.raises(OutcomeUnknown):
        transport.write("POST", "/contacts", {})


def test_a_delete_may_answer_nothing_but_a_create_may_not(sage, transport):
    sage.delete(f"{URL}/1", status=204)
    assert transport.write("DELETE", "/contacts/1", None) == {}
    sage.post(URL, status=204)
    with pytest.raises(OutcomeUnknown):
        transport.write("POST", "/contacts", {})


@pytest.mark.parametrize("failure", [REFUSED, DROPPED, HALF])
def test_a_read_is_tried_twice_more_at_once_after_a_broken_connection(sage, transport, no_pauses, failure):
    sage.get(URL, body=failure)
    sage.get(URL, body=failure)
    sage.get(URL, json={"$items": []})
    assert transport.read("/contacts") == {"$items": []}
    assert no_pauses == list(READ_PAUSES)
    assert sum(READ_PAUSES) <= 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_read_is_tried_again_after_gateway_noise_and_then_given_up(sage, transport, status):
    for _ in range(3):
        sage.get(URL, status=status, body="<html>")
    with pytest.raises(SageUnavailable):
        transport.read("/contacts")
    assert len(sage.calls) == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"body": SILENT}, SageUnavailable),
        ({"body": NO_ROUTE}, SageUnavailable),
        ({"status": 500}, SageUnavailable),
        ({"status": 422}, SageRejected),
        ({"status": 404}, NotInSage),
        ({"status": 429}, SageRateLimited),
        ({"status": 302, "headers": {"Location": "https://elsewhere.test/"}}, UnexpectedAnswer),
        ({"body": "<html>"}, UnexpectedAnswer),
        ({"body": "[]"}, UnexpectedAnswer),
    ],
)
def test_other_reads_are_not_tried_again(sage, transport, no_pauses, answer, expected):
    sage.get(URL, **answer)
    with pytest.raises(expected):
        transport.read("/contacts")
    assert len(sage.calls) == 1
    assert no_pauses == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_expired_token_is_refreshed_once_and_the_request_repeated(sage, transport, seen, method):
    sage.add(method, URL, status=401, json=[])
    sage.add(
        method,
        URL,
        json={"id": "1"},
        match=[matchers.header_matcher({"Authorization": "Bearer newer-token"})],
    )
    if method == "GET":
        transport.read("/contacts")
    else:
        transport.write("POST", "/contacts", {})
    assert seen.refreshed == ["token"]


def test_a_token_that_stays_refused_asks_for_authorisation(sage, transport, seen):
    sage.get(URL, status=401, json=[])
    sage.get(URL, status=401, json=[])
    with pytest.raises(ReauthorisationRequired):
        transport.read("/contacts")
    assert seen.refreshed == ["token"]


def test_an_ended_subscription_is_not_mistaken_for_an_expired_token(sage, transport, seen):
    sage.get(
        URL,
        status=401,
        json=[{"$dataCode": "AuthorizationFailure", "$message": "No active subscription. (MSE)"}],
    )
    with pytest.raises(SubscriptionInactive):
        transport.read("/contacts")
    assert seen.refreshed == []


def test_a_write_lost_after_the_refresh_has_an_unknown_outcome(sage, transport):
    sage.post(URL, status=401, json=[])
    sage.post(URL, body=DROPPED)
    with pytest.raises(OutcomeUnknown):
        transport.write("POST", "/contacts", {})


@pytest.mark.parametrize("status", [200, 422])
def test_an_answer_for_another_business_is_refused(sage, transport, status):
    sage.post(URL, status=status, json={"id": "1"}, headers={"X-Business": "another"})
    with pytest.raises(WrongBusiness):
        transport.write("POST", "/contacts", {})


def test_without_a_business_no_header_is_sent_and_no_echo_expected(sage):
    with_no_business = Transport(BASE, None, lambda: "token")
    sage.get(f"{BASE}/businesses", json={"$items": []}, headers={"X-Business": "lead"})
    with_no_business.read("/businesses")
    assert "X-Business" not in sage.calls[0].request.headers
    with_no_business.close()


def test_too_many_requests_says_how_long_to_wait(sage, transport):
    sage.post(URL, status=429, body="<html>", headers={"Retry-After": "60"})
    with pytest.raises(SageRateLimited) as caught:
        transport.write("POST", "/contacts", {})
    assert caught.value.retry_after == 60


def test_a_spent_budget_stops_the_request_before_it_leaves(sage):
    def spent() -> None:
        raise SageRateLimited("our own budget", retry_after=7)

    limited = Transport(BASE, BUSINESS, lambda: "token", acquire=spent)
    with pytest.raises(SageRateLimited):
        limited.write("POST", "/contacts", {})
    assert len(sage.calls) == 0
    limited.close()


def test_every_sending_is_paid_for(sage, transport, seen):
    sage.get(URL, status=503)
    sage.get(URL, status=401)
    sage.get(URL, json={})
    transport.read("/contacts")
    assert len(seen.acquired) == 3


def test_an_exchange_is_told_without_secrets(sage, transport, seen):
    link = "https://accounts-extra.sageone.com/advanced_uk/online_payment/gb000042"
    sage.get(f"{URL}/1", json={"links": [{"href": link}]}, headers={"x-request-id": "r-7"})
    transport.read("/contacts/1")
    (told,) = seen.exchanges
    assert (told.method, told.path, told.status, told.request_id) == ("GET", "/contacts/1", 200, "r-7")
    assert "gb000042" not in told.received
    assert "token" not in repr(told)


def test_a_failed_exchange_is_told_too(sage, transport, seen):
    sage.post(URL, body=DROPPED)
    with pytest.raises(OutcomeUnknown):
        transport.write("POST", "/contacts", {"contact": {"name": "Acme"}})
    assert (seen.exchanges[0].status, seen.exchanges[0].failure) == (None, "ConnectionError")
    assert json.loads(seen.exchanges[0].sent) == {"contact": {"name": "Acme"}}


def test_a_pdf_is_handed_over_as_it_is(sage, transport, seen):
    pdf = b"%PDF-1.4 \xff\n%%EOF\n"
    sage.get(f"{URL}/1", body=pdf, match=[matchers.header_matcher({"Accept": "application/pdf"})])
    assert transport.read_pdf("/contacts/1") == pdf
    assert seen.exchanges[0].received == "PDF of 17 bytes"


@pytest.mark.parametrize("cut", [b"%PDF-1.4 \xff", b"%PDF-1.4 %%EOF" + b"\xff" * 1024])
def test_a_pdf_without_its_end_is_refused(sage, transport, cut):
    sage.get(f"{URL}/1", body=cut)
    with pytest.raises(UnexpectedAnswer):
        transport.read_pdf("/contacts/1")


def test_another_document_under_the_name_of_a_pdf_is_refused(sage, transport):
    sage.get(f"{URL}/1", json={"id": "1"})
    with pytest.raises(UnexpectedAnswer):
        transport.read_pdf("/contacts/1")

"""What each answer of Sage leads to; the table is the specification."""

import inspect
import json
import pickle

import pytest
from requests.structures import CaseInsensitiveDict

from sage_integration.sage import errors
from sage_integration.sage.answers import Answer, error_in, problems_in, retry_after
from sage_integration.sage.errors import Retry, SageError

NO_SUBSCRIPTION = [
    {"$dataCode": "AuthorizationFailure", "$message": "No active subscription. (MSE)", "$source": ""}
]
INVALID = [
    {"$severity": "error", "$dataCode": "RecordInvalid", "$message": "This field is required.",
     "$source": "line_items.tax_rate_id"}
]  # fmt: skip


def answer(status: int, body: object = None, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, CaseInsensitiveDict(headers), content)


@pytest.mark.parametrize(
    ("status", "body", "reading", "writing"),
    [
        (200, {}, None, None),
        (201, {}, None, None),
        (204, b"", None, None),
        (302, b"", errors.UnexpectedAnswer, errors.OutcomeUnknown),
        (400, INVALID, errors.SageRejected, errors.SageRejected),
        (401, NO_SUBSCRIPTION, errors.SubscriptionInactive, errors.SubscriptionInactive),
        (401, [], errors.ReauthorisationRequired, errors.ReauthorisationRequired),
        (401, b"<html>", errors.ReauthorisationRequired, errors.ReauthorisationRequired),
        (403, [], errors.AccessDenied, errors.AccessDenied),
        (404, [], errors.NotInSage, errors.NotInSage),
        (408, b"", errors.SageUnavailable, errors.OutcomeUnknown),
        (409, [], errors.SageRejected, errors.SageRejected),
        (410, [], errors.NotInSage, errors.NotInSage),
        (422, INVALID, errors.SageRejected, errors.SageRejected),
        (429, b"slow down", errors.SageRateLimited, errors.SageRateLimited),
        (500, [], errors.SageUnavailable, errors.OutcomeUnknown),
        (502, b"<html>", errors.SageUnavailable, errors.OutcomeUnknown),
        (503, b"", errors.SageUnavailable, errors.OutcomeUnknown),
        (504, b"", errors.SageUnavailable, errors.OutcomeUnknown),
        (525, b"", errors.SageUnavailable, errors.OutcomeUnknown),
    ],
)
def test_each_status_has_one_meaning_for_reads_and_one_for_writes(status, body, reading, writing):
    for is_write, expected in ((False, reading), (True, writing)):
        error = error_in(answer(status, body), "POST /x", writing=is_write)
        assert (type(error) if error else None) is expected


@pytest.mark.parametrize("status", range(300, 600))
def test_a_write_that_was_not_clearly_refused_is_looked_up(status):
    error = error_in(answer(status, b""), "POST /x", writing=True)
    clearly_refused = 400 <= status < 500 and status != 408
    assert error is not None
    assert (error.retry is Retry.AFTER_LOOKUP) is not clearly_refused


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (INVALID, [("RecordInvalid", "This field is required.", "line_items.tax_rate_id")]),
        (INVALID[0], [("RecordInvalid", "This field is required.", "line_items.tax_rate_id")]),
        ([{"message": "Plain", "code": "X"}], [("X", "Plain", "")]),
        ({"errors": [{"$message": "Wrapped"}]}, [("", "Wrapped", "")]),
        ({"error": "invalid_grant", "error_description": "Used"}, [("invalid_grant", "Used", "")]),
        ([INVALID[0], {"$message": "Second"}],
         [("RecordInvalid", "This field is required.", "line_items.tax_rate_id"), ("", "Second", "")]),
        (["text", None], []),
        ("text", []),
        (None, []),
        (b"<html>Bad gateway</html>", []),
    ],
)  # fmt: skip
def test_error_bodies_of_every_shape_are_understood(body, expected):
    found = problems_in(answer(422, body).content)
    assert [(problem["code"], problem["message"], problem["source"]) for problem in found] == expected


def test_an_error_carries_what_support_asks_for_and_no_secret():
    body = {"message": "Bearer eyJhbGciOi.eyJzdWIiOi.c2ln is not valid", "access_token": "abc123"}
    error = error_in(answer(422, body, **{"X-Request-Id": "r-1"}), "POST /contacts", writing=True)
    assert error is not None
    assert (error.status, error.request_id) == (422, "r-1")
    assert "eyJ" not in error.raw
    assert "abc123" not in error.raw
    assert "eyJ" not in error.problems[0]["message"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "60"}, 60.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 10:00:30 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"Retry-After": "Sun, 22 Nov 2026 09:00:00 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"Retry-After": "86401"}, 86400),
        ({"Retry-After": "9" * 400}, 86400),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86400),
        ({"Retry-After": f"Fri, 31 Dec {'9' * 30} 23:59:59 GMT"}, None),
    ],
)
def test_retry_after_is_read_leniently(headers, seconds):
    assert retry_after(CaseInsensitiveDict(headers)) == seconds


ERRORS = [
    error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, SageError) and error is not SageError
]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_speaks_a_sentence_and_says_what_to_do_next(error):
    assert str(error()).endswith(".")
    assert str(error("POST /contacts")).endswith(".  (POST /contacts)".replace("  ", " "))
    assert isinstance(error.retry, Retry)


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_survives_the_way_between_processes(error):
    again = pickle.loads(pickle.dumps(error("x", status=422, retry_after=3.0, request_id="r")))
    assert (type(again), again.detail, again.status, again.retry_after) == (error, "x", 422, 3.0)


@pytest.mark.parametrize(
    ("error", "retry"),
    [
        (errors.SageUnavailable, Retry.LATER),
        (errors.SageRateLimited, Retry.LATER),
        (errors.ReauthorisationRequired, Retry.LATER),
        (errors.GrantRefused, Retry.LATER),
        (errors.SubscriptionInactive, Retry.LATER),
        (errors.OutcomeUnknown, Retry.AFTER_LOOKUP),
        (errors.AccessDenied, Retry.NEVER),
        (errors.SageRejected, Retry.NEVER),
        (errors.NotInSage, Retry.NEVER),
        (errors.DuplicateInSage, Retry.NEVER),
        (errors.VoidedInSage, Retry.NEVER),
        (errors.MappingMissing, Retry.NEVER),
        (errors.AmbiguousContact, Retry.NEVER),
        (errors.WrongBusiness, Retry.NEVER),
        (errors.TotalsDiffer, Retry.NEVER),
    ],
)
def test_the_class_alone_decides_on_retries(error, retry):
    assert error.retry is retry

"""Faults: what reaches the caller, and what was saved."""

import http.client
import json
import threading
from contextlib import closing
from urllib.parse import urlencode, urlsplit

import pytest

from sage_sandbox.faults import FAULTS
from sage_sandbox.handle import SandboxProblem
from tests.sandbox.test_oauth import FORM, REDIRECT, authorise_url, consent, exchange, refresh

CREATE = "POST /sales_invoices"


def post(api, customer):
    return api.ask("POST", "/sales_invoices", {"sales_invoice": api.invoice_body(customer)})


def saved(api):
    return len(api.handle.sales_invoices())


@pytest.mark.parametrize(
    ("fault", "kept"), [("drop_answer_after_saving", 1), ("reset_before_saving", 0), ("half_answer", 1)]
)
def test_a_lost_connection_leaves_the_caller_in_doubt(api, customer, fault, kept):
    api.handle.arm(fault, on=CREATE)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        post(api, customer)
    assert saved(api) == kept
    assert api.handle.requests("POST", "/sales_invoices")[0]["status"] == 0
    assert post(api, customer).status == 201, "it strikes once"


def test_half_an_answer_is_really_half(api, customer):
    api.handle.arm("half_answer", on=CREATE)
    with pytest.raises(http.client.IncompleteRead) as caught:
        post(api, customer)
    assert len(caught.value.partial) > 1000


@pytest.mark.parametrize(
    ("fault", "options", "status", "kept"),
    [
        ("status", {}, 500, 0),
        ("status", {"status": 503, "retry_after": 7}, 503, 0),
        ("status", {"status": 502, "when": "after"}, 502, 1),
        ("status_after_saving", {}, 500, 1),
        ("status_after_saving", {"status": 504}, 504, 1),
        ("html_error", {}, 502, 0),
        ("html_error", {"status": 525}, 525, 0),
        ("too_many_requests", {"retry_after": 9}, 429, 0),
        ("too_many_requests", {"retry_after": None, "body": "html"}, 429, 0),
        ("unauthorised", {}, 401, 0),
        ("no_subscription", {}, 401, 0),
        ("revoked", {}, 403, 0),
        ("forbidden", {}, 403, 0),
    ],
)
def test_a_refusal_says_nothing_about_saving(api, customer, fault, options, status, kept):
    api.handle.arm(fault, on=CREATE, **options)
    reply = post(api, customer)
    assert reply.status == status
    assert saved(api) == kept
    wanted = options.get("retry_after")
    assert reply.headers["Retry-After"] == (str(wanted) if wanted else None)


@pytest.mark.parametrize("fault", ["truncated_json", "empty_answer", "not_json"])
def test_an_answer_that_cannot_be_read_was_saved_nonetheless(api, customer, fault):
    api.handle.arm(fault, on=CREATE)
    reply = post(api, customer)
    assert reply.status == 201
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)
    assert saved(api) == 1


def test_totals_can_be_a_penny_off(api, customer):
    api.handle.arm("wrong_totals", on=CREATE)
    assert post(api, customer).json["total_amount"] == "120.01"
    assert api.handle.sales_invoices()[0]["total_amount"] == "120.0"


def test_the_next_page_can_lead_to_another_host(api):
    api.handle.arm("next_to_other_host", on="GET /contacts")
    assert api.get("/contacts")["$next"].startswith("https://elsewhere.invalid/")


def test_the_echo_can_name_another_business(api):
    api.handle.arm("wrong_business_echo", on="GET /contacts")
    assert api.ask("GET", "/contacts").headers["X-Business"] != api.business


def test_the_answer_to_a_refresh_can_be_lost(api):
    pair = exchange(api, consent(api)["code"]).json
    api.handle.arm("lost_refresh_answer")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        refresh(api, pair["refresh_token"])
    assert refresh(api, pair["refresh_token"]).json["error"] == "invalid_grant"


def test_refreshing_can_be_refused_without_rotating(api):
    pair = exchange(api, consent(api)["code"]).json
    api.handle.arm("invalid_grant")
    assert refresh(api, pair["refresh_token"]).json["error"] == "invalid_grant"
    assert refresh(api, pair["refresh_token"]).status == 200


def test_a_fault_of_refreshing_leaves_the_code_exchange_alone(api):
    api.handle.arm("invalid_grant")
    assert exchange(api, consent(api)["code"]).status == 200


def test_authorising_can_end_in_an_error_of_sages(api):
    api.handle.arm("authorise_error", error="temporarily_unavailable")
    answer = api.raw("GET", authorise_url())
    assert answer.headers["Location"].startswith(f"{REDIRECT}?error=temporarily_unavailable&state=the+state")
    assert api.raw("GET", authorise_url()).status == 200


def test_a_held_request_waits_for_its_release(api, customer):
    api.handle.arm("hold", on=CREATE, when="after")
    replies = []
    caller = threading.Thread(target=lambda: replies.append(post(api, customer).status))
    caller.start()
    api.wait_until_held()
    assert saved(api) == 1
    assert replies == []
    api.handle.release()
    caller.join()
    assert replies == [201]


def test_a_delay_is_taken_before_or_after_saving(api, customer):
    api.handle.arm("delay", on=CREATE, seconds=0.05, when="after")
    post(api, customer)
    entry = api.handle.requests("POST", "/sales_invoices")[0]
    assert entry["ended"] - entry["started"] >= 0.05


def test_times_skip_and_business_choose_what_is_struck(api, customer):
    other = api.handle.business_id("Quayside Advisory Ltd")
    api.handle.arm("status", on="GET /contacts", times=2, skip=1, business=api.business)
    assert api.ask("GET", "/contacts", X_Business=other).status == 200
    assert [api.ask("GET", "/contacts").status for _ in range(4)] == [200, 500, 500, 200]


def test_a_probability_strikes_some_and_repeats_by_seed(api):
    def run():
        number = api.handle.arm("status", on="GET /contacts", times=None, probability=0.5, seed=7)
        found = [api.ask("GET", "/contacts").status for _ in range(20)]
        api.handle.disarm(number)
        return found

    first = run()
    assert set(first) == {200, 500}
    assert run() == first
    assert api.ask("GET", "/contacts").status == 200


def test_a_path_is_matched_by_whole_words(api, customer):
    api.handle.arm("status", on="GET /contact", times=None)
    api.handle.arm("status", on="GET /contacts$", times=None)
    assert api.ask("GET", "/contact_types").status == 200
    assert api.ask("GET", f"/contacts/{customer['id']}").status == 200
    assert api.ask("GET", "/contacts").status == 500
    assert [fault["struck"] for fault in api.handle.faults()] == [0, 1]


@pytest.mark.parametrize(("name", "on"), [("nothing", CREATE), ("status", "sales_invoices")])
def test_a_fault_that_makes_no_sense_is_refused_in_words(api, name, on):
    with pytest.raises(SandboxProblem, match=r"There is no fault|METHOD /path"):
        api.handle.arm(name, on=on)


def test_every_fault_can_be_armed_and_explains_itself(api):
    for name, kind in FAULTS.items():
        assert kind.explains
        api.handle.arm(name)
    assert len(api.handle.faults()) == len(FAULTS)
    api.handle.disarm()
    assert api.handle.faults() == []


def test_a_connection_survives_its_neighbours_fault(api):
    host = urlsplit(api.sandbox.url).netloc
    headers = {"Authorization": f"Bearer {api.token}", "X-Business": api.business}
    with closing(http.client.HTTPConnection(host, timeout=5)) as kept:
        for _ in range(3):
            kept.request("GET", "/v3.1/contacts", headers=headers)
            assert kept.getresponse().read()
        api.handle.arm("reset_before_saving", on="GET /user")
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            api.ask("GET", "/user")
        kept.request("GET", "/v3.1/contacts", headers=headers)
        assert kept.getresponse().status == 200


def test_the_log_keeps_requests_but_no_secrets(api, customer):
    pair = exchange(api, consent(api)["code"]).json
    post(api, customer)
    api.raw("POST", "/revoke", urlencode({"client_id": "a", "client_secret": "b", "token": "c"}), FORM)
    logged = api.handle.requests()
    assert pair["refresh_token"] not in json.dumps(logged)
    assert pair["access_token"] not in json.dumps(logged)
    entry = api.handle.requests("POST", "/sales_invoices")[0]
    assert json.loads(entry["body"])["sales_invoice"]["reference"] == "INV-000001-AAAAAA"
    assert (entry["business"], entry["status"]) == (api.business, 201)
    assert api.handle.requests(since=entry["number"])[0]["path"] == "/revoke"
    api.handle.forget_requests()
    assert api.handle.requests() == []


def test_answers_are_kept_when_switched(api, customer):
    api.handle.switch("record_answers", True)
    post(api, customer)
    assert json.loads(api.handle.requests("POST")[0]["answer"])["invoice_number"] == "SI-1"

"""What the benchmark of postings reads off the requests that arrived."""

from devtools.bench import timeline


def request(
    started: float, *, path: str = "/sales_invoices", status: int = 201, business: str = "b1"
) -> dict:
    return {
        "method": "POST",
        "path": path,
        "status": status,
        "business": business,
        "started": started,
        "ended": started + 0.03,
    }


def test_the_share_counts_whole_windows_only():
    # Ten a window of five seconds, twice, and a rest that fills no window.
    requests = [request(second) for second in range(11)] + [request(10.5)]
    assert timeline.share_of_allowed(requests, allowed=10, window=5.0) == 10 / 20


def test_less_than_a_window_says_nothing_about_the_share():
    assert timeline.share_of_allowed([], allowed=10, window=5.0) is None
    assert timeline.share_of_allowed([request(0.0), request(4.9)], allowed=10, window=5.0) is None


def test_the_wait_ends_with_the_first_invoice_not_with_the_first_question():
    requests = [request(1.0), request(10.2, path="/contacts"), request(10.4), request(10.6)]
    assert timeline.first_after(requests, due=10.0) == 10.4 - 10.0
    assert timeline.first_after(requests, due=11.0) is None


def test_only_accepted_invoices_count_as_posted():
    requests = [request(1.0), request(2.0, status=429), request(3.0, path="/contacts")]
    assert timeline.invoices_of(requests) == requests[:1]
    assert timeline.last_after(requests, due=1.0) == 1.03 - 1.0


def test_requests_without_a_business_belong_to_none():
    assert list(timeline.by_business([request(1.0), {**request(2.0), "business": None}])) == ["b1"]


def test_a_percentile_is_one_of_the_values():
    assert timeline.percentile([5.0, 1.0, 3.0], 0.5) == 3.0
    assert timeline.percentile([1.0] * 19 + [9.0], 0.95) == 9.0
    assert timeline.percentile([], 0.5) is None

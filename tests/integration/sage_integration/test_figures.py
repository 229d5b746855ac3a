"""What `/metrics` says of posting and of the budget of requests to Sage."""

from tests.integration.sage_integration.posting import empty_valkey, issued_invoice, push_once


def test_what_came_of_postings_and_the_use_of_sages_budget_are_shown(brook, enabled, sage, client, settings):
    settings.METRICS_TOKEN = "figures"
    empty_valkey()
    issued_invoice(brook)
    assert push_once(brook) == 1
    text = client.get("/metrics", headers={"Authorization": "Bearer figures"}).content.decode()
    assert 'ignition_postings_total{outcome="posted"} 1.0' in text
    used = {
        line.split()[0]: float(line.split()[-1]) for line in text.splitlines() if "requests_today{" in line
    }
    assert used['ignition_sage_requests_today{business="all"}'] > 0
    assert len(used) == 2, "the practice's own business beside all"
    assert f'ignition_sage_requests_a_day{{of="each"}} {float(settings.SAGE_REQUESTS_PER_DAY)}' in text

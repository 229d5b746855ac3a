"""A month's invoices against Sage's limit of requests a minute."""

from itertools import pairwise

from ledger.models import Posting
from practices.tenancy import practice_scope
from sage_integration.tasks import push_due_postings
from tests.integration.sage_integration.posting import a_minute_passes_in_valkey, posting_of
from tests.integration.sage_integration.test_turns import issue_many
from tests.sage import connected

A_MINUTE = 20


def test_p16_a_months_invoices_are_spread_over_minutes_all_arrive_and_sage_refuses_none(
    brook, sage, settings
):
    connected(brook, sage)
    settings.SAGE_REQUESTS_PER_MINUTE = A_MINUTE
    invoices = issue_many(brook, sage, 50)
    sage.advance_clock(60)
    a_minute_passes_in_valkey()
    sage.switch("rate_limit_per_minute", A_MINUTE)
    asked = [len(sage.requests())]
    for _ in range(8):
        push_due_postings(brook.pk)
        push_due_postings(brook.pk)
        asked.append(len(sage.requests()))
        sage.advance_clock(61)
        a_minute_passes_in_valkey()
    assert {posting_of(invoice).status for invoice in invoices} == {Posting.Status.POSTED}
    assert len(sage.sales_invoices()) == len(invoices)
    assert not [each for each in sage.requests() if each["status"] == 429]
    spread = [later - earlier for earlier, later in pairwise(asked)]
    assert max(spread) <= A_MINUTE
    with practice_scope(brook.pk):
        assert not Posting.objects.exclude(failure="").exists()

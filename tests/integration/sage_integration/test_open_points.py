"""Open points of Sage, each the other way round than the stricter reading (FACTS.md 17)."""

from decimal import Decimal

import pytest

from tests.integration.sage_integration.posting import issued_invoice, posted, posting_of, push_until_settled
from tests.integration.sage_integration.test_corrections import assert_credited, credit


@pytest.mark.parametrize("mode", ["exact", "prefix", "substring"])
def test_17_3_a_lost_answer_is_found_however_search_matches(brook, enabled, sage, clock, mode):
    sage.switch("search_mode", mode)
    sage.switch("idempotency", False)
    sage.arm("drop_answer_after_saving", on="POST /sales_invoices")
    invoice = issued_invoice(brook)
    push_until_settled(brook, clock, tries=20)
    [stored] = sage.sales_invoices()
    assert (posting_of(invoice).external_id, Decimal(stored["total_amount"])) == (stored["id"], 120)


def test_17_9_a_credit_note_reaches_a_standard_plan_that_takes_it(brook, enabled, sage, clock):
    sage.switch("credit_notes_on_standard", True)
    acme = posted(brook, sage)
    sage.change_business(enabled.business_id, plan="S")
    credit(brook, acme.invoice)
    push_until_settled(brook, clock)
    assert_credited(brook, sage, acme)

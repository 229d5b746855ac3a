"""Mistakes as somebody might make them, each planted for the length of one story that the checker must not like."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import money.amounts
from invoicing.operations import invoices, payments
from ledger import batches, leases, outbox
from practices import audit
from proposals.periods import Rhythm
from sage_integration import tokens
from sage_integration.limiter import Held, Limiter
from sage_integration.sage.resources.contacts import Contacts
from sage_integration.sage.resources.sales_invoices import SalesInvoices
from sage_integration.sage.transport import Transport
from sage_integration.sync import dispatch, feeds, outcomes, results
from sage_integration.sync.mirror import Mirror
from tests.planted import scenarios
from tests.planted.conftest import Stage
from tests.planted.mistakes import (
    Plant,
    always,
    believes_any_total,
    believes_in_its_lease,
    cursor_by_our_clock,
    forgets_the_try,
    gives_no_reason,
    grants_everything,
    half_even,
    headers_of_no_business,
    keeps_the_pair_to_itself,
    leases_without_announcing,
    links_the_wrong_ones,
    marks_the_first,
    nothing,
    numbers_with_gaps,
    reads_without_a_lock,
    records_nothing,
    sends_a_fresh_id,
    setting_outlives_its_transaction,
    since,
    swapped,
    takes_everything_back,
    vat_of_the_whole,
    with_invoices_apart,
    without_constraint,
    without_row_level_security,
    writes_again,
)
from tests.planted.scenarios import copied_row


@dataclass(frozen=True)
class Bug:
    """A mistake in words, the promises it breaks, the story in which that shows, and how it is planted."""

    name: str
    breaks: str
    story: Callable[[Stage], list[str]]
    plant: Plant


BUGS = [
    Bug(
        "a period can be billed twice",
        "I2",
        copied_row("invoicing_billedperiod"),
        without_constraint("invoicing_billedperiod", "period_is_billed_once"),
    ),
    Bug(
        "a copy can have two live postings",
        "I2",
        copied_row("ledger_posting", reference="'INV-000009-ZZZZZZ'", idempotency_id="repeat('0', 32)"),
        without_constraint("ledger_posting", "one_live_posting_for_a_copy"),
    ),
    Bug(
        "a number can be given twice",
        "I9",
        copied_row("invoicing_invoice"),
        with_invoices_apart(
            without_constraint("invoicing_invoice", "invoice_number_is_unique_in_the_practice")
        ),
    ),
    Bug(
        "a payment of Sage can be recorded twice",
        "I2",
        copied_row("invoicing_payment"),
        without_constraint("invoicing_payment", "a_ledger_payment_is_recorded_once"),
    ),
    Bug(
        "two clients can be the same contact",
        "I2",
        copied_row("sage_integration_contactlink", client_id="(SELECT max(id) FROM clients_client)"),
        without_constraint("sage_integration_contactlink", "one_client_for_a_contact"),
    ),
    Bug(
        "an event can write two e-mails",
        "I2",
        copied_row("practices_outgoingemail"),
        without_constraint("practices_outgoingemail", "one_email_for_an_event"),
    ),
    Bug("no row level security on a table", "I4", scenarios.both_practices, without_row_level_security),
    Bug("SET instead of SET LOCAL", "I4", scenarios.both_practices, setting_outlives_its_transaction),
    Bug(
        "the intent is not recorded before sending",
        "I2",
        scenarios.lost_answer_without_ids,
        swapped(batches, "mark_all_attempted", list),
    ),
    Bug(
        "a repeat carries another idempotency id",
        "I2",
        scenarios.lost_answer_without_search,
        swapped(SalesInvoices, "create", sends_a_fresh_id),
    ),
    Bug(
        "nobody looks before a repeat",
        "I2",
        scenarios.lost_answer_without_ids,
        swapped(SalesInvoices, "find_by_reference", nothing),
    ),
    Bug(
        "one look that finds nothing is believed",
        "I2",
        scenarios.lost_answer_with_a_slow_index,
        swapped(outcomes, "looked_already", always),
    ),
    Bug(
        "a write is tried again at once",
        "I2",
        scenarios.lost_answer_without_ids,
        swapped(Transport, "write", writes_again),
    ),
    Bug(
        "a postponed posting forgets that it was tried",
        "I2",
        scenarios.lost_answer_without_ids,
        swapped(outbox, "postpone", forgets_the_try),
    ),
    Bug("a lease that ran out is still believed in", "I2", scenarios.overtaken, believes_in_its_lease),
    Bug(
        "a contact is not looked for before a repeat",
        "I2",
        scenarios.lost_contact,
        swapped(Contacts, "find_by_name", nothing),
    ),
    Bug(
        "an arrival is recorded without its link",
        "I1",
        scenarios.one_invoice,
        swapped(results, "_link", nothing),
    ),
    Bug(
        "the links of several arrivals change places",
        "I1",
        scenarios.several_together,
        swapped(results, "_link", links_the_wrong_ones),
    ),
    Bug(
        "what may have landed is taken back with what was not sent",
        "I2",
        scenarios.lost_answer_among_several,
        swapped(dispatch.Dispatch, "take_back", takes_everything_back),
    ),
    Bug(
        "only the first of several announced together is announced",
        "I2",
        scenarios.lost_answer_among_several_of_a_new_worker,
        swapped(batches, "mark_all_attempted", marks_the_first),
    ),
    Bug(
        "a batch counts as announced with its lease and is not",
        "I2",
        scenarios.lost_answer_among_several,
        swapped(leases, "lease_due_postings", leases_without_announcing),
    ),
    Bug(
        "what is held of the allowance is never used up",
        "I6",
        scenarios.many_in_a_minute,
        swapped(Held, "spend", nothing),
    ),
    Bug(
        "an issued invoice asks for no posting",
        "I1",
        scenarios.one_invoice,
        with_invoices_apart(swapped(invoices, "request_posting", nothing)),
    ),
    Bug(
        "a billing run passes the oldest period over",
        "I1",
        scenarios.monthly_billing,
        swapped(Rhythm, "since", lambda rhythm, starts_on: islice(since(rhythm, starts_on), 1, None)),
    ),
    Bug(
        "a request names no business",
        "I4",
        scenarios.one_invoice,
        swapped(Transport, "_headers", headers_of_no_business),
    ),
    Bug(
        "VAT is rounded on the invoice instead of the line",
        "I3",
        scenarios.hard_pennies,
        swapped(invoices, "total", vat_of_the_whole),
    ),
    Bug(
        "half a penny goes to the even one",
        "I3",
        scenarios.hard_pennies,
        swapped(money.amounts, "to_pence", half_even),
    ),
    Bug(
        "Sage's total is not compared",
        "I3",
        scenarios.changed_before_it_was_found,
        swapped(dispatch, "result_of", believes_any_total),
    ),
    Bug(
        "an older page overwrites a newer one",
        "I10",
        scenarios.paid,
        swapped(payments, "_is_older", nothing),
    ),
    Bug(
        "deleted payments are passed over",
        "I10",
        scenarios.payment_deleted,
        swapped(Mirror, "gone", nothing),
    ),
    Bug(
        "the cursor is our clock instead of Sage's",
        "I10",
        scenarios.our_clock_is_fast,
        swapped(feeds, "_move_cursor", cursor_by_our_clock),
    ),
    Bug(
        "nobody keeps to the budget",
        "I6",
        scenarios.many_in_a_minute,
        swapped(Limiter, "_ask", grants_everything),
    ),
    Bug(
        "a replaced token is not stored",
        "I7",
        scenarios.token_replaced,
        swapped(tokens, "keep_tokens", keeps_the_pair_to_itself),
    ),
    Bug(
        "a refresh does not lock the connection",
        "I7",
        scenarios.eight_see_an_old_token,
        swapped(tokens, "rows_of", reads_without_a_lock),
    ),
    Bug(
        "numbers leave gaps",
        "I9",
        scenarios.one_invoice,
        swapped(invoices, "next_number", numbers_with_gaps),
    ),
    Bug(
        "nothing is written into the history",
        "I9",
        scenarios.one_invoice,
        swapped(audit, "record", records_nothing),
    ),
    Bug(
        "a refusal gives no reason",
        "I5",
        scenarios.refused,
        swapped(outbox, "mark_failed", gives_no_reason),
    ),
]

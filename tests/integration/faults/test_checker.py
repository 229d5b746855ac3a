"""The checker itself: silent while all is well, and it names what is not."""

from decimal import Decimal

from devtools.faults.invariants import violations
from practices.tenancy import acting_for
from sage_integration.sync import pull
from tests.integration.sage_integration.posting import issued_invoice, posted, push_once
from tests.invariants import assert_sound


def test_nothing_is_found_where_all_is_well(brook, enabled, sage, clock):
    ours = posted(brook, sage, prices=("100.00", "0.05"))
    issued_invoice(brook, "Bolt Ltd")
    assert_sound(sage, drained=False)
    push_once(brook)
    sage.record_payment(ours.theirs["id"], Decimal("20.00"))
    with acting_for(brook.pk):
        pull.poll_payments()
    assert_sound(sage, polled=True)


def test_what_still_waits_is_named_once_it_should_have_left(brook, enabled, sage):
    issued_invoice(brook)
    assert [found.invariant for found in violations(sage)] == ["I8"]

"""Whatever is done in Sage between polls, and wherever a poll is lost: in the end both sides owe the same."""

import random
from decimal import Decimal

import pytest

from devtools.faults.people import Accountant, Copied, SageOffice
from invoicing.models import Invoice, Payment
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import SageLink
from sage_integration.sync import pull
from tests.factories import TODAY
from tests.integration.sage_integration.posting import empty_valkey, fresh, posted
from tests.racing import in_parallel

#: What a poll may be lost at: the answer to one of these, once.
LOST_AT = ("/contact_payments", "/contact_allocations", "/sales_invoices", "/transactions")
STEPS = 14


class PayingAccountant(Accountant):
    """Somebody who changes what settles the invoices, and now and then voids one; never what they say."""

    acts = ("pay", "pay", "edit", "redate_payment", "move", "delete", "credit", "take_off", "void")


def read(practice, sage, dice) -> None:
    """A poll, whole or in part, that may be lost in the middle."""
    empty_valkey()  # Its clock is not moved, and a business that just failed would rest.
    if dice.random() < 0.3:
        sage.arm("status", on=f"GET {dice.choice(LOST_AT)}", status=500, times=4)
    whole = dice.random() < 0.5

    def poll() -> None:
        with acting_for(practice.pk):
            pull.poll_payments(whole=whole)

    if dice.random() < 0.15:
        in_parallel(2, poll)
    else:
        poll()
    sage.disarm()


#: Open points of Sage, each the other way round than the pretend Sage has them (FACTS.md 11.3, 17.12).
WORLDS = {
    "as usual": {},
    "a payment moves its invoice": {"payment_bumps_invoice_updated_at": True},
    "a deleted payment names what it paid": {"deleted_payment_lists_artefacts": True},
    "a void shows as deleted": {"void_feed": "deleted"},
    "the login lacks the journals": {},
}


@pytest.mark.parametrize("world", WORLDS)
def test_after_any_interleaving_both_sides_owe_the_same_or_the_difference_is_said(
    brook, enabled, sage, clock, request, world
):
    """Edits, deletions, re-allocations, new dates, voids, lost and simultaneous polls in any order; then a night."""
    invoices = [posted(brook, sage, "Acme Ltd") for _ in range(3)]
    rounds = request.config.getoption("--interleavings")
    if world != "as usual":
        rounds = max(1, rounds // 4)
    for name, value in WORLDS[world].items():
        sage.switch(name, value)
    if world == "the login lacks the journals":
        sage.change_business(enabled.business_id, missing_roles=["Journals"])
    for seed in range(rounds):
        dice = random.Random(seed)
        copied = [Copied(each.invoice.pk, each.theirs["id"]) for each in invoices]
        office = SageOffice(sage, enabled.business_id, enabled.default_account_id)
        accountant = PayingAccountant(office, copied, dice, TODAY)
        for _ in range(STEPS):
            clock.shift(dice.choice([0, 1, 30, 400, 4000]))
            if dice.random() < 0.35:
                read(brook, sage, dice)
            else:
                accountant.act()
        clock.shift(400)
        empty_valkey()
        with acting_for(brook.pk):
            pull.poll_payments()
            pull.reread_open_invoices()
        agree(brook, sage, invoices, seed)
        if any(fresh(each.invoice).status == Invoice.Status.VOID for each in invoices):
            invoices = [posted(brook, sage, "Acme Ltd") for _ in range(3)]


def agree(practice, sage, invoices, seed) -> None:
    stored = {each["id"]: each for each in sage.sales_invoices()}
    for each in invoices:
        here, there = fresh(each.invoice), stored[each.theirs["id"]]
        with practice_scope(practice.pk):
            said = SageLink.objects.get(sage_id=each.theirs["id"]).difference
        if there["status"]["id"] == "VOID":
            assert here.status == Invoice.Status.VOID, f"seed {seed}"
        else:
            owed = Decimal(there["outstanding_amount"])
            assert here.outstanding == owed or said, f"seed {seed}: {here.outstanding} here, {owed} in Sage"
            assert said == "" or here.outstanding != owed, f"seed {seed}: {said} is said, and both agree"
    with practice_scope(practice.pk):
        for payment in Payment.objects.filter(kind=Payment.Kind.RECEIVED, reversed_at=None):
            settled = sum(part.amount for part in payment.allocations.all())
            assert payment.on_account + settled <= payment.amount, f"seed {seed}: {payment} counts twice"

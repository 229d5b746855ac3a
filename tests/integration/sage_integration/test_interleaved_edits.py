"""Whatever is done here and in Sage, in any order: both sides owe the same in the end, or the page says they differ."""

import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from invoicing.models import Invoice
from invoicing.operations import copy_again, issue_credit_note, void_in_ledger
from invoicing.queries import ledger_facts, state_of
from ledger.outbox import ledger_settings
from practices.errors import DomainError
from practices.tenancy import acting_for, practice_scope
from sage_integration.differences import open_keys
from sage_integration.models import SageLink
from sage_integration.operations import update_copy, wanted_now
from sage_integration.resolving import resolve_differences
from sage_integration.sync import pull
from sage_integration.sync.wanted import newest_link
from sage_sandbox.handle import SandboxProblem
from tests.factories import TODAY
from tests.integration.sage_integration.posting import (
    empty_valkey,
    fresh,
    posted,
    push_once,
    push_until_settled,
)
from tests.integration.sage_integration.test_corrections import amend
from tests.integration.sage_integration.test_pull_interleavings import Accountant, read

STEPS = 12
#: Chips that say nothing is amiss: then both sides have to owe the same.
QUIET = {"in_sage", "paid", "part_paid", "copied_again", "void"}


class EditingAccountant(Accountant):
    """Also changes invoices in Sage: a price, a due date, the customer."""

    def act(self) -> None:
        act = self.dice.choice([super().act, self.reprice, self.redate, self.switch])
        with suppress(SandboxProblem, IndexError):
            act()

    def _stored(self) -> dict[str, Any]:
        return self.dice.choice(self.sage.sales_invoices())

    def reprice(self) -> None:
        document = self._stored()
        price = Decimal(self.dice.randint(50, 200))
        line = {
            "id": document["invoice_lines"][0]["id"],
            "unit_price": str(price),
            "tax_amount": str(price / 5),
        }
        self.sage.edit_invoice(document["id"], invoice_lines=[line])

    def redate(self) -> None:
        day = TODAY + timedelta(days=self.dice.randint(1, 90))
        self.sage.edit_invoice(self._stored()["id"], due_date=day.isoformat())

    def switch(self) -> None:
        other = self.dice.choice(self.sage.contacts())
        self.sage.edit_invoice(self._stored()["id"], contact_id=other["id"])


class Bookkeeper:
    """Somebody who presses buttons here; what a rule forbids does not happen."""

    def __init__(self, practice: Any, invoices: list[Any], dice: random.Random) -> None:
        self.practice, self.invoices, self.dice = practice, invoices, dice

    def act(self) -> None:
        act = self.dice.choice([self.amend, self.amend, self.update, self.update, self.resolve, self.other])
        with suppress(DomainError):
            act(self.dice.choice(self.invoices).invoice)

    def amend(self, invoice: Invoice) -> None:
        amend(fresh(invoice), *[str(self.dice.randint(50, 200)) for _ in range(self.dice.choice([1, 1, 2]))])

    def update(self, invoice: Invoice) -> None:
        with practice_scope(self.practice.pk):
            update_copy(Invoice.objects.get(pk=invoice.pk))

    def resolve(self, invoice: Invoice) -> None:
        with practice_scope(self.practice.pk):
            ours = Invoice.objects.get(pk=invoice.pk)
            wanted = wanted_now(ours)
            keys = sorted(open_keys(wanted.snapshot, wanted.link.copied, wanted.link.in_sage))
            theirs = {key for key in keys if self.dice.random() < 0.5}
            resolve_differences(ours, theirs=theirs, ours=set(keys) - theirs, reason="Dice", on=TODAY)

    def other(self, invoice: Invoice) -> None:
        with practice_scope(self.practice.pk):
            ours = Invoice.objects.get(pk=invoice.pk)
            what = self.dice.randrange(4)
            if what == 0:
                void_in_ledger(ours, reason="Dice")
            elif what == 1:
                issue_credit_note(ours, reason="Dice", issued_on=TODAY, on=TODAY)
            elif what == 2:
                copy_again(ours, reason="Dice")


def disagreement(practice, sage, connection, invoice) -> str:
    """What is other on both sides and not on screen; empty when all is well."""
    documents = {each["id"]: each for each in sage.sales_invoices()}
    with practice_scope(practice.pk):
        ours = Invoice.objects.select_related("client").get(pk=invoice.pk)
        state = state_of(ours, ledger_facts([ours.pk])[ours.pk], ledger_settings())
        link = newest_link(ours.pk, connection.business_id)
        mine = {
            each.sage_id
            for each in SageLink.objects.filter(posting__subject_id=ours.pk, posting__kind="invoice.create")
        }
    said = f"chip {state.key}, {link.difference or 'no difference'}"
    stored = documents.get(link.sage_id)
    live = [each for each in documents.values() if each["id"] in mine and each["status"]["id"] != "VOID"]
    if state.key not in QUIET or link.difference:
        return ""
    if stored is None or stored["status"]["id"] == "VOID":
        return "" if ours.status == Invoice.Status.VOID else f"{ours} is gone from Sage; {said}"
    if ours.status == Invoice.Status.VOID:
        return f"{ours} is void here and counts in Sage; {said}"
    if len(live) > 1 and state.key == "in_sage":
        return f"{ours} is {len(live)} times in Sage; {said}"
    owed = Decimal(stored["outstanding_amount"])
    return "" if owed == ours.outstanding else f"{ours}: {ours.outstanding} here, {owed} in Sage; {said}"


def test_faults_52_to_63_after_any_interleaving_of_edits_both_sides_owe_the_same_or_the_page_says_so(
    brook, enabled, sage, clock, request
):
    """Amendments, updates, choices, voids, credits and payments against edits and voids in Sage, in any order."""
    met: Counter[str] = Counter()
    for seed in range(request.config.getoption("--interleavings")):
        dice = random.Random(1000 + seed)
        empty_valkey()
        invoices = [posted(brook, sage, name) for name in ("Acme Ltd", "Bolt Ltd")]
        people = [EditingAccountant(sage, enabled, invoices, dice), Bookkeeper(brook, invoices, dice)]
        for _ in range(STEPS):
            clock.shift(dice.choice([0, 1, 30, 400]))
            what = dice.random()
            if what < 0.2:
                read(brook, sage, dice)
            elif what < 0.4:
                empty_valkey()
                push_once(brook)
            else:
                dice.choice(people).act()
        for _ in range(2):  # What is pushed last is read once more.
            clock.shift(400)
            empty_valkey()
            push_until_settled(brook, clock, tries=20)
            empty_valkey()
            with acting_for(brook.pk):
                pull.poll_payments()
                pull.reread_open_invoices()
        wrong = [disagreement(brook, sage, enabled, each.invoice) for each in invoices]
        assert wrong == ["", ""], f"seed {seed}: {wrong}"
        met.update(fresh(each.invoice).status for each in invoices)
    assert met[Invoice.Status.ISSUED], "Dice that never leave an invoice standing test nothing."


def test_the_property_would_notice_a_difference_that_nobody_is_told_of(brook, enabled, sage, clock):
    acme = posted(brook, sage)
    assert disagreement(brook, sage, enabled, acme.invoice) == ""
    sage.record_payment(acme.theirs["id"], "10.00")
    assert "110" in disagreement(brook, sage, enabled, acme.invoice)

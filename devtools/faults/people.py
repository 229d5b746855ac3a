"""An accountant at work in Sage and a bookkeeper at work here; what Sage or a rule refuses does not happen."""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from invoicing.models import Invoice, InvoiceLine
from invoicing.operations import amend_invoice, copy_again, issue_credit_note, void_in_ledger
from practices.errors import DomainError
from practices.tenancy import practice_scope
from sage_integration.differences import open_keys
from sage_integration.operations import update_copy, wanted_now
from sage_integration.resolving import resolve_differences
from sage_sandbox.handle import SandboxHandle, SandboxProblem
from services.models import Service


@dataclass(frozen=True)
class Copied:
    """An invoice of ours and the id of its first copy in Sage."""

    pk: int
    sage_id: str


@dataclass(frozen=True)
class SageOffice:
    """Where an accountant works: a company in the pretend Sage, its account for sales, and how a second is let pass."""

    handle: SandboxHandle
    business: str
    account: str
    let_a_second_pass: Callable[[], None] = lambda: None


class Accountant:
    """Somebody who pays, credits, edits and voids in Sage; each act is drawn from the dice."""

    #: What may be done, by name; twice what happens more often.
    acts: ClassVar[tuple[str, ...]] = (
        *("pay", "pay", "edit", "redate_payment", "move", "delete", "credit", "take_off", "void"),
        *("reprice", "reprice", "redate", "reword", "switch_customer"),
    )

    def __init__(
        self, office: SageOffice, invoices: Sequence[Copied], dice: random.Random, today: date
    ) -> None:
        self.handle, self.business, self.account = office.handle, office.business, office.account
        self.let_a_second_pass = office.let_a_second_pass
        self.invoices, self.dice, self.today = invoices, dice, today
        self.payments: list[str] = []
        self.allocations: list[str] = []

    def act(self) -> None:
        """One change, whatever it is."""
        with suppress(SandboxProblem, IndexError):  # Sage would have said no, or there is nothing to change.
            getattr(self, self.dice.choice(self.acts))()

    def _amount(self) -> str:
        return str(Decimal(self.dice.randint(1, 12000)) / 100)

    def _document(self) -> dict[str, Any]:
        """One of the copies of these invoices, whether a later one has taken its place or not."""
        first = {invoice.sage_id for invoice in self.invoices}
        stored = self.handle.sales_invoices(self.business)
        # All copies of an invoice have its number before their own mark.
        ours = {_without_mark(each) for each in stored if each["id"] in first}
        return self.dice.choice([each for each in stored if _without_mark(each) in ours])

    def pay(self) -> None:
        """Money received for an invoice."""
        self.payments.append(self.handle.record_payment(self._document()["id"], self._amount())["id"])

    def edit(self) -> None:
        """Another amount of a payment."""
        self.handle.edit_payment(self.dice.choice(self.payments), amount=self._amount())

    def redate_payment(self) -> None:
        """Another day of a payment."""
        day = self.today + timedelta(days=self.dice.randint(-40, 10))
        self.handle.edit_payment(self.dice.choice(self.payments), date=day.isoformat())

    def move(self) -> None:
        """A payment set against another invoice, or another copy of the same one."""
        part = {"artefact_id": self._document()["id"], "amount": self._amount()}
        self.handle.edit_payment(self.dice.choice(self.payments), allocated_artefacts=[part])

    def delete(self) -> None:
        """A payment taken back."""
        self.handle.delete_payment(self.dice.choice(self.payments))

    def credit(self) -> None:
        """A credit note made in Sage and set against an invoice there, over some of what is owed on it or all."""
        document = self._document()
        amount = self.dice.choice([str(self.dice.randint(1, 40)), document["outstanding_amount"]])
        line = {
            "description": "Goodwill",
            "ledger_account_id": self.account,
            "quantity": "1",
            "unit_price": amount,
            "tax_rate_id": "GB_ZERO",
            "tax_amount": "0",
        }
        whose = {"contact_id": document["contact"]["id"], "date": self.today.isoformat()}
        note = self.handle.create("sales_credit_notes", self.business, credit_note_lines=[line], **whose)
        allocation = self.handle.create(
            "contact_allocations",
            self.business,
            transaction_type_id="CUSTOMER_ALLOCATION",
            allocated_artefacts=[
                {"artefact_id": document["id"], "amount": amount},
                {"artefact_id": note["id"], "amount": f"-{amount}"},
            ],
            **whose,
        )
        self.allocations.append(allocation["id"])

    def take_off(self) -> None:
        """A credit note no longer set against its invoice."""
        self.handle.delete_allocation(self.dice.choice(self.allocations))

    def void(self) -> None:
        """An invoice voided, now and then."""
        if self.dice.random() < 0.3:
            self.handle.void_invoice(self._document()["id"])

    def reprice(self) -> None:
        """Another price of an invoice."""
        document, price = self._document(), Decimal(self.dice.randint(50, 200))
        line = {
            "id": document["invoice_lines"][0]["id"],
            "unit_price": str(price),
            "tax_amount": str(price / 5),
        }
        self._edit_line(document, line)

    def reword(self) -> None:
        """Other words on an invoice, whose total stays."""
        document = self._document()
        line = {"id": document["invoice_lines"][0]["id"], "description": f"Work {self.dice.randint(1, 9)}"}
        self._edit_line(document, line)

    def _edit_line(self, document: dict[str, Any], line: dict[str, Any]) -> None:
        # Sage's stamps are of whole seconds, and alone tell of a line: changed in the one in which it was read, nobody
        # can see it.
        self.let_a_second_pass()
        self.handle.edit_invoice(document["id"], invoice_lines=[line])

    def redate(self) -> None:
        """Another due date of an invoice."""
        day = self.today + timedelta(days=self.dice.randint(1, 90))
        self.handle.edit_invoice(self._document()["id"], due_date=day.isoformat())

    def switch_customer(self) -> None:
        """Another customer of an invoice."""
        other = self.dice.choice(self.handle.contacts(self.business))
        self.handle.edit_invoice(self._document()["id"], contact_id=other["id"])


def _without_mark(document: dict[str, Any]) -> str:
    return str(document["reference"]).rpartition("-")[0]


class Bookkeeper:
    """Somebody who amends, updates, decides, voids, credits and copies again here."""

    def __init__(
        self, practice_id: int, invoices: Sequence[Copied], dice: random.Random, today: date
    ) -> None:
        self.practice_id, self.invoices, self.dice, self.today = practice_id, invoices, dice, today

    def act(self) -> None:
        """One change, whatever it is; inside a scope of its own."""
        acts = (self.amend, self.amend, self.update, self.update, self.resolve, self.again, self.other)
        act = self.dice.choice(acts)
        chosen = self.dice.choice(self.invoices).pk
        with suppress(DomainError), practice_scope(self.practice_id):
            act(Invoice.objects.get(pk=chosen))

    def amend(self, invoice: Invoice) -> None:
        """Other prices, perhaps another number of lines."""
        service = Service.objects.select_related("tax_rate").filter(tax_rate__vat_code="standard").first()
        if service is None:
            return
        lines = [
            InvoiceLine(
                service=service,
                name=service.name,
                tax_rate=service.tax_rate,
                quantity=Decimal(1),
                unit_price=Decimal(self.dice.randint(50, 200)),
            )
            for _ in range(self.dice.choice([1, 1, 2]))
        ]
        days = {"tax_point": invoice.tax_point, "due_on": invoice.due_on, "on": self.today}
        amend_invoice(invoice, lines, reason="Agreed another fee", **days)

    def update(self, invoice: Invoice) -> None:
        """The copy brought up to date."""
        update_copy(invoice)

    def resolve(self, invoice: Invoice) -> None:
        """A side chosen for each field that differs."""
        wanted = wanted_now(invoice)
        keys = sorted(open_keys(wanted.snapshot, wanted.link.copied, wanted.link.in_sage))
        theirs = {key for key in keys if self.dice.random() < 0.5}
        ours = set(keys) - theirs
        resolve_differences(invoice, theirs=theirs, ours=ours, reason="Dice", on=self.today)

    def again(self, invoice: Invoice) -> None:
        """A further copy beside those that are in Sage."""
        copy_again(invoice, reason="Dice")

    def other(self, invoice: Invoice) -> None:
        """A void, a credit note, or nothing."""
        what = self.dice.randrange(3)
        if what == 0:
            void_in_ledger(invoice, reason="Dice")
        elif what == 1:
            issue_credit_note(invoice, reason="Dice", issued_on=self.today, on=self.today)

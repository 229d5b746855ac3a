"""What the copy dialog shows before anything is chosen: the document, its copies, and what can be chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from clients.models import Client
from invoicing.models import CreditNote, Invoice
from invoicing.operations.credit_notes import copy_in_ledger
from invoicing.queries import invoice_to_post
from ledger.models import Posting
from sage_integration.choices import BilledLine, Choices, stored_choices
from sage_integration.copying.operations import remembered_choices, why_not_copy
from sage_integration.mappers import Rules
from sage_integration.mappings import load_rules
from sage_integration.models import ClientChoices, CopyChoices, SageConnection, SageLedgerAccount, SageTaxRate
from sage_integration.preview import NOT_LOOKED_UP, AsSageShows, Standing
from sage_integration.setup import usable_accounts, usable_rates


@dataclass(frozen=True)
class Dialog:
    """One document that is to be copied by hand, with everything its form offers."""

    document: Invoice | CreditNote
    invoice: Invoice
    lines: Sequence[BilledLine]
    connection: SageConnection
    rules: Rules
    accounts: Sequence[SageLedgerAccount]
    rates: Sequence[SageTaxRate]
    #: Everything that was or will be told to Sage of it, newest first, without what was withdrawn.
    copies: Sequence[Posting]
    #: What was chosen before: for this copy, else what is remembered for the client.
    begins_with: Choices
    #: Why it cannot be copied now, in words; empty when it can.
    why_not: str = ""

    @property
    def client(self) -> Client:
        """Whose document it is."""
        return self.document.client

    @property
    def is_credit(self) -> bool:
        """Whether it is a credit note, whose customer and lines are its invoice's."""
        return isinstance(self.document, CreditNote)

    @cached_property
    def is_again(self) -> bool:
        """Whether it reached Sage before, so that this makes another one (F75)."""
        return bool(self.copies) and self.copies[0].status == Posting.Status.POSTED

    @property
    def arrived(self) -> Posting | None:
        """The newest copy that arrived in Sage, whatever became of it there."""
        return next((each for each in self.copies if each.status == Posting.Status.POSTED), None)

    @property
    def copies_that_count(self) -> list[Posting]:
        """What Sage has of it and counts already, so that another copy makes it stand there twice."""
        if not self.is_again:
            return []
        return [each for each in self.copies if each.counts_in_ledger]

    @property
    def is_credited(self) -> bool:
        """Whether it is an invoice that was taken back here."""
        return not self.is_credit and CreditNote.objects.filter(invoice=self.invoice).exists()

    @property
    def day(self) -> date:
        """The date the document has here."""
        return self.document.issued_on if isinstance(self.document, CreditNote) else self.document.tax_point

    def as_sage_shows(self, choices: Choices, contact: Standing = NOT_LOOKED_UP) -> AsSageShows:
        """The document as Sage will show it with these choices."""
        if self.is_credit:
            choices = replace(choices, dated=self.day)
        return AsSageShows(
            self.invoice,
            self.lines,  # type: ignore[arg-type]  # a credit note's lines are read just as an invoice's
            self.rules,
            contact=contact,
            choices=choices,
        )

    def new_contact(self) -> list[tuple[str, str]]:
        """What a contact that is made for the client will carry: labels and values."""
        client = self.client
        people = list(client.people.filter(has_left=False))
        found = [
            ("Name", client.name),
            ("VAT number", client.vat_number),
            ("Address", ", ".join(self.as_sage_shows(self.begins_with).address)),
            ("Contact person", people[0].name if people else ""),
            ("E-mail", people[0].email if people else ""),
        ]
        return [(label, value) for label, value in found if value]


def invoice_dialog(pk: int, connection: SageConnection) -> Dialog:
    """The dialog of an invoice; raises `Invoice.DoesNotExist`."""
    invoice = invoice_to_post(pk)
    copies = _copies(Posting.Kind.INVOICE_CREATE, pk)
    why_not = _why_not(copies)
    if invoice.status == Invoice.Status.VOID:
        why_not = "This invoice is void, so it is not copied. Issue a new one."
    return _dialog(invoice, list(invoice.lines.all()), connection, copies, invoice=invoice, why_not=why_not)


def credit_dialog(pk: int, connection: SageConnection) -> Dialog:
    """The dialog of a credit note; raises `CreditNote.DoesNotExist`."""
    note = CreditNote.objects.select_related("client").get(pk=pk)
    invoice = invoice_to_post(note.invoice_id)
    lines = list(note.lines.select_related("service", "tax_rate"))
    copies = _copies(Posting.Kind.CREDIT_NOTE_CREATE, pk)
    why_not = _why_not(copies, refused_gives_way=True)
    if copy_in_ledger(invoice.pk) is None:
        why_not = "Its invoice is not in Sage: copy that first. A credit note goes where its invoice is."
    return _dialog(note, lines, connection, copies, invoice=invoice, why_not=why_not)


def _dialog(
    document: Invoice | CreditNote,
    lines: Sequence[BilledLine],
    connection: SageConnection,
    copies: Sequence[Posting],
    *,
    invoice: Invoice,
    why_not: str,
) -> Dialog:
    return Dialog(
        document,
        invoice,
        lines,
        connection,
        load_rules(connection).of_client(document.client_id),
        usable_accounts(),
        usable_rates(),
        copies,
        _begins_with(document, lines, copies),
        why_not,
    )


def _begins_with(
    document: Invoice | CreditNote, lines: Sequence[BilledLine], copies: Sequence[Posting]
) -> Choices:
    """Earlier choices of a copy that has not left, else the client's; a credit note begins as its invoice went."""
    if copies and copies[0].status != Posting.Status.POSTED:
        kept = CopyChoices.objects.filter(posting=copies[0]).first()
        if kept:
            return stored_choices(kept, document if isinstance(document, Invoice) else None)
    if isinstance(document, CreditNote):
        copy = copy_in_ledger(document.invoice_id)
        kept = CopyChoices.objects.filter(posting=copy).first() if copy else None
        return replace(stored_choices(kept), dated=None, due_on=None, number="", arrives_as_draft=None)
    return remembered_choices(document.client, lines)


def starts_untaxed(dialog: Dialog) -> bool:
    """Whether the practice wants no VAT unless somebody chooses a rate (F35, ruling D1)."""
    if dialog.is_credit or ClientChoices.objects.filter(client=dialog.client).exists():
        return False
    return dialog.connection.vat_by_hand == SageConnection.VatByHand.CHOSEN


def _copies(kind: str, pk: int) -> list[Posting]:
    return list(Posting.objects.live().of(kind, pk).select_related("requested_by"))


def _why_not(copies: Sequence[Posting], *, refused_gives_way: bool = False) -> str:
    if refusal := why_not_copy(copies[0] if copies else None):
        return refusal.message
    changes = Posting.objects.filter(target=copies[0]).open() if copies else Posting.objects.none()
    if refused_gives_way:
        changes = changes.exclude(status=Posting.Status.FAILED)
    if changes.exists():
        return "The copy in Sage is being changed. Wait until that has come to its end."
    return ""

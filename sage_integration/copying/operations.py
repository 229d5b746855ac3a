"""Copying by hand with what somebody chose (FEATURES 4.13); all inside the caller's transaction."""

from collections.abc import Callable, Sequence
from datetime import date

from clients.models import Client
from invoicing.errors import AlreadyPosting, MayBeInTheLedger
from invoicing.models import CreditNote, Invoice
from invoicing.operations import copy_again, issue_invoice, post_credit_note, post_invoice
from ledger.models import Posting
from ledger.outbox import locked_posting, release_posting, retry_posting
from practices import audit
from practices.errors import DomainError
from sage_integration.choices import BilledLine, Choices, LineChoice, kept_lines
from sage_integration.models import ClientChoices, CopyChoices

Status = Posting.Status


class NumberIsTaken(DomainError):
    message = "Another document bears this number. Choose another; nothing was copied."


def copy_invoice(invoice: Invoice, choices: Choices, *, on: date, reason: str = "") -> Posting:
    """The invoice on its way to Sage as chosen: a draft is made final first (D11), a held copy released.

    Where Sage has it already this is a further copy, which needs a ``reason`` (F75, D3). ``on`` is today. Raises what
    issuing, posting or copying again raises, as `why_not_copy` says, and `NumberIsTaken` (G79).
    """
    if invoice.status == Invoice.Status.DRAFT:
        invoice = issue_invoice(invoice, on=on)
    latest: Posting | None = Posting.objects.live().of(Posting.Kind.INVOICE_CREATE, invoice.pk).first()
    posting = _made_ready(
        latest, first=lambda: post_invoice(invoice), again=lambda: copy_again(invoice, reason=reason)
    )
    keep_choices(posting, choices, list(invoice.lines.all()), revision=invoice.revision)
    audit.record("invoice.copied_by_hand", invoice, reference=posting.reference)
    return posting


def copy_credit_note(note: CreditNote, choices: Choices, *, reason: str = "") -> Posting:
    """The credit note on its way to Sage with the VAT as chosen (F78); a further copy needs a ``reason``.

    Raises what `post_credit_note` raises (F77), and as `why_not_copy` says.
    """
    latest: Posting | None = Posting.objects.live().of(Posting.Kind.CREDIT_NOTE_CREATE, note.pk).first()

    def request() -> Posting:
        return post_credit_note(note, reason=reason)

    posting = _made_ready(latest, first=request, again=request)
    keep_choices(posting, choices, list(note.lines.all()), revision=note.revision)
    audit.record("credit_note.copied_by_hand", note, reference=posting.reference)
    return posting


def why_not_copy(latest: Posting | None) -> DomainError | None:
    """The rule that forbids copying a document by hand whose newest copy is this one, or None."""
    if latest is None or latest.status in (Status.HELD, Status.POSTED, Status.CANCELLED):
        return None
    if latest.may_have_landed:
        return MayBeInTheLedger(latest)
    return AlreadyPosting(latest) if latest.status == Status.LEASED else None


def _made_ready(
    latest: Posting | None, *, first: Callable[[], Posting], again: Callable[[], Posting]
) -> Posting:
    """The posting that will carry the choices: the one that has not left, else the next copy."""
    if latest is None:
        return first()
    latest = locked_posting(latest)
    if refusal := why_not_copy(latest):
        raise refusal
    if latest.status == Status.POSTED:
        return again()
    if latest.status == Status.HELD:
        return release_posting(latest)
    return retry_posting(latest) if latest.status == Status.FAILED else latest


def keep_choices(
    posting: Posting, choices: Choices, lines: Sequence[BilledLine], *, revision: int = 1
) -> None:
    """Let a copy be sent with these choices; choosing nothing takes earlier ones away."""
    if choices.are_nothing:
        CopyChoices.objects.filter(posting=posting).delete()
        return
    _check_number(posting, choices.number)
    particulars = {
        "lines": kept_lines(choices, lines),
        "revision": revision,
        "dated": choices.dated,
        "due_on": choices.due_on,
        "number": choices.number,
        "arrives_as_draft": choices.arrives_as_draft,
    }
    CopyChoices.objects.update_or_create(posting=posting, defaults=particulars)


def _check_number(posting: Posting, number: str) -> None:
    """Raises `NumberIsTaken` where another document bears that number in Sage, or is about to (G79)."""
    if not number:
        return
    others = Posting.objects.live().filter(kind=posting.kind).exclude(subject_id=posting.subject_id)
    other = (
        others.numbered_like(number).filter(external_number=number).first()
        or others.filter(copy_choices__number=number).first()
        or others.filter(reference__startswith=f"{number}-").first()
    )
    if other is not None:
        raise NumberIsTaken(
            posting,
            message=f"{number} is taken: {other.reference} bears it. Choose another; nothing was copied.",
        )


def remember_choices(client: Client, choices: Choices, lines: Sequence[BilledLine]) -> None:
    """Let the dialog begin with these accounts and VAT rates for the client from now on."""
    kept = ClientChoices.objects.filter(client=client).first() or ClientChoices(client=client)
    for position, line in enumerate(lines):
        choice = choices.of(position, line)
        _note(kept.accounts, line.service_id, choice.account or None)
        _note(kept.rates, line.tax_rate_id, choice.rate)
    kept.arrives_as_draft = choices.arrives_as_draft
    kept.save()
    audit.record("client.copy_choices_remembered", client, accounts=kept.accounts, rates=kept.rates)


def _note(kept: dict[str, str], key: int, value: str | None) -> None:
    if value is None:
        kept.pop(str(key), None)
    else:
        kept[str(key)] = value


def remembered_choices(client: Client, lines: Sequence[BilledLine]) -> Choices:
    """What the dialog begins with for these lines of a client; nothing chosen where nothing is remembered."""
    return choices_from(ClientChoices.objects.filter(client=client).first(), lines)


def choices_from(kept: ClientChoices | None, lines: Sequence[BilledLine]) -> Choices:
    """The same from what is kept for the client, if anything is."""
    if kept is None:
        return Choices()
    return Choices(
        tuple(
            LineChoice(kept.accounts.get(str(line.service_id), ""), kept.rates.get(str(line.tax_rate_id)))
            for line in lines
        ),
        tuple((line.service_id, line.tax_rate_id) for line in lines),
        arrives_as_draft=kept.arrives_as_draft,
    )

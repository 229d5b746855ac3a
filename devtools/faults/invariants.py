"""One checker of the promises I1 to I10: what is broken, in words, read off the database and the pretend Sage alone.

It shares no code with the application where it matters: amounts are added up again in whole pence, periods
are counted again from the calendar, and what Sage holds is read from Sage's own books.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from django.conf import settings
from django.utils import timezone

from devtools.faults.own_books import Books, due_starts
from devtools.faults.sage_books import Doc, SageBooks, is_void, pence, pounds
from invoicing.models import BillingSchedule, Invoice
from ledger.models import Posting
from practices.models import Practice
from practices.tenancy import practice_scope
from sage_integration.explanations import EXPLANATIONS
from sage_integration.models import SageConnection, SageLink
from sage_sandbox.handle import SandboxHandle

#: Nothing may be under way for longer than this.
LONGEST_IN_FLIGHT = timedelta(minutes=15)
#: How our references look; a document that carries one which nobody here knows has lost its invoice.
OUR_REFERENCE = re.compile(r"INV-\d{6}-[2-9A-Z]{6}")
#: A JSON web token: nowhere but in the sealed columns.
TOKEN = re.compile(r"eyJ[\w-]{20,}")
#: What may be asked of Sage without naming a business.
OF_NO_BUSINESS = ("/businesses", "/user", "/token", "/revoke", "/oauth2")
Status = Posting.Status


@dataclass(frozen=True, order=True)
class Violation:
    """One broken promise: which, in words, and by how many pence where it is about money."""

    invariant: str
    sentence: str
    difference: int = 0

    def __str__(self) -> str:
        return f"{self.invariant}: {self.sentence}"


def violations(
    handle: SandboxHandle,
    *,
    practices: Iterable[int] | None = None,
    drained: bool = True,
    polled: bool = False,
    billed_until: date | None = None,
) -> list[Violation]:
    """Every broken promise of these practices, or of all; none when all is well.

    ``drained``: the workers have had time enough, so nothing may wait any more. ``polled``: payments and
    documents were read since anything was changed in Sage, so both sides must say the same. ``billed_until``
    is the day of the last whole billing run.
    """
    sage = SageBooks(handle)
    found: list[Violation] = []
    known: set[str] = set()
    for pk in practices or Practice.objects.order_by("pk").values_list("pk", flat=True):
        with practice_scope(pk):
            books = Books()
        known |= {posting.reference for posting in books.postings}
        for check in (
            nothing_lost,
            nothing_twice,
            pennies_agree,
            stays_at_home,
            says_what_is,
            no_secrets,
            recorded,
        ):
            found += check(books, sage)
        found += periods_billed_once(books, billed_until)
        if drained:
            found += nothing_stuck(books, sage)
        if polled:
            found += payments_agree(books, sage)
    for invoice in sage.invoices:
        if OUR_REFERENCE.fullmatch(invoice["reference"] or "") and invoice["reference"] not in known:
            found.append(Violation("I2", f"Sage has {invoice['reference']}, which nobody here knows."))
    found += asked_within_bounds(sage)
    return sorted(found)


def nothing_lost(books: Books, sage: SageBooks) -> Iterator[Violation]:
    """I1: every due period has its invoice, every final invoice its posting, every posted one its document."""
    postings = books.postings_by_invoice
    for invoice in books.invoices.values():
        if invoice.status != Invoice.Status.DRAFT and not postings.get(invoice.pk):
            yield Violation("I1", f"{invoice} was issued and nothing asks for it to reach Sage.")
    for posting in books.invoice_postings:
        if posting.status == Status.POSTED:
            stored = [doc for doc in sage.invoices if doc["id"] == posting.external_id]
            if not stored:
                yield Violation("I1", f"{posting.reference} is said to be in Sage, and it is not there.")
            elif stored[0]["reference"] != posting.reference:
                yield Violation("I1", f"{posting.reference} is linked to another document.")
            if posting.pk not in books.links:
                yield Violation("I1", f"{posting.reference} is in Sage without a link.")
        expired = posting.lease_expires_at
        if posting.status == Status.LEASED and expired and expired < timezone.now() - LONGEST_IN_FLIGHT:
            yield Violation("I1", f"{posting.reference} has been on its way for too long.")


def periods_billed_once(books: Books, billed_until: date | None) -> Iterator[Violation]:
    """I1, I2: each due period of each schedule has exactly one invoice, or a reason why not."""
    for schedule in books.schedules:
        periods = books.periods.get(schedule.pk, [])
        starts = [period.starts_on for period in periods]
        if len(set(starts)) != len(starts):
            yield Violation("I2", f"A period of schedule {schedule.pk} is billed twice.")
        for period in periods:
            if (period.invoice_id is None) == (not period.skip_reason):
                yield Violation("I1", f"A period of schedule {schedule.pk} is neither billed nor skipped.")
        if schedule.billing == BillingSchedule.Billing.RECURRING:
            yield from _rhythm(schedule, starts, books, billed_until)
        elif len(starts) > 1:
            yield Violation(
                "I2", f"Schedule {schedule.pk} is billed once for all, and was {len(starts)} times."
            )


def _rhythm(
    schedule: BillingSchedule, starts: list[date], books: Books, billed_until: date | None
) -> Iterator[Violation]:
    until = billed_until if schedule.status != BillingSchedule.Status.PAUSED else None
    due = due_starts(schedule, books.invoice_day, until or date.max) if until or starts else []
    if until is None:
        due = [start for start in due if start <= max(starts)] if starts else []
    if missing := sorted(set(due) - set(starts)):
        yield Violation("I1", f"Schedule {schedule.pk} left out {missing[0]}.")
    if extra := sorted(set(starts) - set(due)):
        yield Violation("I2", f"Schedule {schedule.pk} billed {extra[0]}, where no period is due.")


def nothing_twice(books: Books, sage: SageBooks) -> Iterator[Violation]:
    """I2: at most one document of an invoice in Sage, one contact of a client, one e-mail of an event."""
    for pk, postings in books.postings_by_invoice.items():
        stored = [doc for posting in postings for doc in sage.by_reference.get(posting.reference, [])]
        live = [doc for doc in stored if not is_void(doc)]
        if len(live) > 1 or len(stored) > len([p for p in postings if p.attempted_at or p.external_id]):
            extra = sum(pence(doc["total_amount"]) for doc in live[1:])
            invoice = books.invoices.get(pk)
            yield Violation("I2", f"Sage holds {invoice or pk} {len(stored)} times.", extra)
        if len([posting for posting in postings if posting.status != Status.CANCELLED]) > 1:
            yield Violation("I2", f"More than one live posting of {books.invoices.get(pk) or pk}.")
    yield from _contacts(books, sage)
    for event, times in Counter(email.event for email in books.emails).items():
        if times > 1:
            yield Violation("I2", f"The message {event} was written {times} times.")
    for external_id, times in Counter(p.external_id for p in books.payments if p.external_id).items():
        if times > 1:
            yield Violation("I2", f"The payment {external_id} is recorded {times} times.")


def _contacts(books: Books, sage: SageBooks) -> Iterator[Violation]:
    tried = {
        posting.subject_id
        for posting in books.postings
        if posting.kind == Posting.Kind.CONTACT_UPSERT and posting.attempted_at
    }
    names = Counter(client.name for client in books.clients.values())
    for client in books.clients.values():
        if client.pk in tried and books.business_id:
            there = sage.contacts.get((books.business_id, client.name), [])
            if len(there) > names[client.name]:
                yield Violation("I2", f"Sage has {len(there)} contacts of the client {client.pk}.")
    by_client: dict[tuple[int, str], set[str]] = defaultdict(set)
    for link in books.contact_links:
        by_client[link.client_id, link.business_id].add(link.sage_contact_id)
    for (client_id, _), contacts in by_client.items():
        if len(contacts) > 1:
            yield Violation("I2", f"The client {client_id} is linked to {len(contacts)} contacts.")
    contacts_of = Counter((link.business_id, link.sage_contact_id) for link in books.contact_links)
    for (_, contact), times in contacts_of.items():
        if times > 1:
            yield Violation("I2", f"The Sage contact {contact} stands for {times} clients.")


def pennies_agree(books: Books, sage: SageBooks) -> Iterator[Violation]:
    """I3: our totals are what whole pence add up to, and what Sage shows, unless somebody was told otherwise."""
    for invoice in books.invoices.values():
        net = vat = 0
        for line in books.lines.get(invoice.pk, []):
            line_net = _rounded(int(line.quantity * 100) * int(line.unit_price * 10_000), 10_000)
            line_vat = _rounded(line_net * int(line.vat_percent * 100), 10_000)
            if (line_net, line_vat) != (pence(line.net), pence(line.vat)):
                yield Violation("I3", f"A line of {invoice} does not come to {line.net} and {line.vat} VAT.")
            net, vat = net + line_net, vat + line_vat
        if (net, vat) != (pence(invoice.net), pence(invoice.vat)):
            ours = pence(invoice.gross)
            yield Violation("I3", f"{invoice} does not add up.", abs(net + vat - ours))
        paid = sum(pence(part.amount) for part in books.allocations.get(invoice.pk, []))
        if invoice.status == Invoice.Status.ISSUED and pence(invoice.outstanding) != net + vat - paid:
            yield Violation("I3", f"{invoice} owes {invoice.outstanding}, not its gross less what was paid.")
    for posting in books.invoice_postings:
        yield from _same_amounts(posting, books, sage)


def _same_amounts(posting: Posting, books: Books, sage: SageBooks) -> Iterator[Violation]:
    invoice = books.invoices.get(posting.subject_id)
    if invoice is None or posting.status not in (Status.POSTED, Status.FAILED):
        return
    was_told = ("posting", posting.pk) in books.told or ("invoice", invoice.pk) in books.told
    for stored in sage.by_reference.get(posting.reference, []):
        theirs = (pence(stored["net_amount"]), pence(stored["tax_amount"]))
        ours = (pence(invoice.net), pence(invoice.vat))
        if theirs != ours and not was_told and not is_void(stored):
            difference = abs(sum(theirs) - sum(ours))
            yield Violation(
                "I3", f"{invoice} is {pounds(sum(ours))} here and {pounds(sum(theirs))} in Sage.", difference
            )


def _rounded(value: int, by: int) -> int:
    """A whole division, half up; invoices hold no negative amounts."""
    return (value * 2 + by) // (2 * by)


def stays_at_home(books: Books, sage: SageBooks) -> Iterator[Violation]:
    """I4: what belongs to a practice is in its own business and nowhere else."""
    for row in books.strangers():
        yield Violation("I4", f"{row._meta.label} {row.pk} of another practice can be seen.")
    references = {posting.reference: posting for posting in books.invoice_postings}
    for reference, posting in references.items():
        link = books.links.get(posting.pk)
        home = link.business_id if link else books.business_id
        for stored in sage.by_reference.get(reference, []):
            if stored["business_id"] != home:
                yield Violation("I4", f"{reference} is in another company's books.")
            contact = stored["contact"]["id"]
            linked = books.contacts_of(books.client_of(posting))
            was_told = {("posting", posting.pk), ("invoice", posting.subject_id)} & books.told
            # What is void there is nobody's bill, and is told as void.
            counts = posting.status == Status.POSTED and not is_void(stored)
            if counts and linked and contact not in linked and not was_told:
                yield Violation("I4", f"{reference} was addressed to somebody else's contact.")


def says_what_is(books: Books, sage: SageBooks) -> Iterator[Violation]:
    """I5: whoever looks sees what happened, what it means and what to do."""
    for posting in books.postings:
        if posting.status == Status.FAILED and (
            posting.failure not in EXPLANATIONS or not posting.failure_detail
        ):
            yield Violation("I5", f"{posting.reference} was refused without a reason from the list.")
        if posting.failure and posting.failure not in EXPLANATIONS:
            yield Violation("I5", f"{posting.reference} waits for {posting.failure}, which nobody explains.")
        never_left = not posting.attempted_at and posting.status != Status.POSTED
        if never_left and sage.by_reference.get(posting.reference):
            yield Violation("I5", f"{posting.reference} is in Sage, and its page says it never left.")
    if books.connection and books.connection.trouble not in ("", *EXPLANATIONS):
        yield Violation("I5", f"The connection says {books.connection.trouble}, which nobody explains.")


def no_secrets(books: Books, sage: SageBooks) -> Iterator[Violation]:  # noqa: ARG001 - one signature for all
    """I7: no token in clear text anywhere but at Sage, and one refresh at a time."""
    for where, text in books.texts():
        if TOKEN.search(text):
            yield Violation("I7", f"There is a token in {where}.")
    for sealed in books.sealed:
        if sealed.startswith("eyJ"):
            yield Violation("I7", "A token is stored unsealed.")


def recorded(books: Books, sage: SageBooks) -> Iterator[Violation]:  # noqa: ARG001 - one signature for all
    """I9: every change of state is in the history, and numbers have neither gaps nor twins."""
    numbers = [invoice.number for invoice in books.invoices.values() if invoice.number is not None]
    if sorted(numbers) != list(range(1, len(numbers) + 1)):
        yield Violation("I9", f"The invoice numbers are not 1 to {len(numbers)} without a gap.")
    if numbers and books.next_number != max(numbers) + 1:
        yield Violation("I9", f"The next number is {books.next_number} after {max(numbers)}.")
    yield from _history(books)


def _history(books: Books) -> Iterator[Violation]:
    final = [invoice for invoice in books.invoices.values() if invoice.status != Invoice.Status.DRAFT]
    for invoice in final:
        if not books.has_history(invoice, "invoice.issued"):
            yield Violation("I9", f"Nobody knows who issued {invoice}.")
    for invoice in [each for each in final if each.status == Invoice.Status.VOID]:
        if not books.has_history(invoice, "invoice.voided", "invoice.voided_in_ledger"):
            yield Violation("I9", f"Nobody knows who voided {invoice}.")
    for posting in [each for each in books.invoice_postings if each.status == Status.POSTED]:
        if not books.has_history(posting, "posting.posted"):
            yield Violation("I9", f"The history does not say when {posting.reference} arrived.")
    for payment in [each for each in books.payments if each.reversed_at]:
        if not books.has_history(payment, "payment.reversed"):
            yield Violation("I9", f"The history does not say that payment {payment.pk} was taken back.")


def nothing_stuck(books: Books, sage: SageBooks) -> Iterator[Violation]:  # noqa: ARG001 - one signature for all
    """I8: once the fault is over the queue empties by itself, unless a person has to decide."""
    connection = books.connection
    can_leave = connection is not None and connection.status == SageConnection.Status.ENABLED
    for posting in books.postings:
        if posting.status == Status.LEASED or (posting.status == Status.PENDING and can_leave):
            yield Violation("I8", f"{posting.reference} still waits ({posting.failure or posting.status}).")


def payments_agree(books: Books, sage: SageBooks) -> Iterator[Violation]:
    """I10: what was paid here is what was paid in Sage."""
    if books.connection is None or books.connection.status != SageConnection.Status.ENABLED:
        return
    ours = {link.sage_id: books.invoice_of(link) for link in books.links.values()}
    mirrored = {payment.external_id: payment for payment in books.payments if payment.external_id}
    for key, receipt in sage.receipts.items():
        parts = _parts_of(receipt, ours)
        payment = mirrored.get(key)
        if not parts or any(("invoice", pk) in books.told for pk in parts):
            continue  # What pays an invoice that is another one in Sage is for a person to put right.
        if payment is None or payment.reversed_at:
            yield Violation("I10", f"A payment of {receipt['total_amount']} in Sage is not here.")
        elif parts != books.parts_of(payment):
            yield Violation(
                "I10", f"A payment of {receipt['total_amount']} is set against other invoices here."
            )
    for key, payment in mirrored.items():
        if key not in sage.receipts and not payment.reversed_at:
            yield Violation("I10", f"A payment of {payment.amount} was deleted in Sage and counts here.")
    yield from _invoices_agree(books, sage)


def _invoices_agree(books: Books, sage: SageBooks) -> Iterator[Violation]:
    documents = {document["id"]: document for document in sage.invoices}
    for link in books.latest_links():
        invoice, stored = books.invoice_of(link), documents.get(link.sage_id)
        if invoice is None or stored is None:
            continue
        if is_void(stored):
            yield from _void_is_told(books, link, invoice)
            continue
        if invoice.status == Invoice.Status.VOID:
            if not link.difference:
                yield Violation("I10", f"{invoice} is void here, counts in Sage, and nobody is told.")
            continue
        changed = pence(stored["total_amount"]) != pence(invoice.gross)
        if not changed and pence(stored["outstanding_amount"]) != pence(invoice.outstanding):
            theirs = stored["outstanding_amount"]
            yield Violation("I10", f"{invoice} owes {theirs} in Sage and {invoice.outstanding} here.")


def _void_is_told(books: Books, link: SageLink, invoice: Invoice) -> Iterator[Violation]:
    """What is void in Sage owes nothing once that was taken over; before, a person is told, and no money counts."""
    if invoice.status == Invoice.Status.VOID:
        if invoice.outstanding:
            yield Violation("I10", f"{invoice} is void on both sides and owes {invoice.outstanding} here.")
        return
    if link.posting.standing != Posting.Standing.VOID:
        yield Violation("I10", f"{invoice} is void in Sage, and nobody is told to decide.")
    elif not books.has_history(invoice, "invoice.found_void", "invoice.copy_voided"):
        yield Violation("I9", f"{invoice} was found void in Sage, and its history does not say so.")
    received = sum(pence(part.amount) for part in books.allocations.get(invoice.pk, []) if part.payment_id)
    if received:
        yield Violation("I10", f"{invoice} is void in Sage, and {pounds(received)} paid on it count here.")


def _parts_of(receipt: Doc, ours: dict[str, Invoice | None]) -> dict[int, int]:
    parts: dict[int, int] = defaultdict(int)
    for part in receipt["allocated_artefacts"]:
        invoice = ours.get(part["artefact"]["id"])
        if invoice is not None:
            parts[invoice.pk] += pence(part["amount"]) + pence(part.get("discount") or 0)
    return dict(parts)


def asked_within_bounds(sage: SageBooks) -> Iterator[Violation]:
    """I4, I6, I7: every request names its business, none are too many, refreshes come one by one."""
    by_business: dict[str, list[float]] = defaultdict(list)
    refreshes: list[tuple[float, float]] = []
    for request in sage.requests:
        if request["path"] == "/token" and "refresh_token" in str(request["body"]) and request["ended"]:
            refreshes.append((request["started"], request["ended"]))
        if request["path"].startswith(OF_NO_BUSINESS):
            continue
        if not request["business"]:
            yield Violation("I4", f"{request['method']} {request['path']} named no business.")
        by_business[request["business"]].append(request["at"])
    for business, moments in by_business.items():
        allowed = settings.SAGE_REQUESTS_PER_MINUTE
        moments.sort()
        if any(later - first < 59 for first, later in zip(moments, moments[allowed:], strict=False)):
            yield Violation("I6", f"{business} was asked more than {allowed} times in a minute.")
    one_connection = len({request["business"] for request in sage.requests if request["business"]}) <= 1
    if one_connection and any(second[0] < first[1] for first, second in pairwise(sorted(refreshes))):
        yield Violation("I7", "Two refreshes of a connection were under way at once.")

"""Differences settled field by field: what is taken from Sage changes the invoice here, the rest is brought to Sage.

Inside the caller's transaction. Taking something over is an amendment like any other, so it is possible while nobody
has paid the invoice and it is on no VAT return; after that it is credited and issued anew (FACTS.md 9.4).
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from decimal import Decimal

from invoicing.errors import NothingChanged
from invoicing.models import Invoice, InvoiceLine
from invoicing.operations import amend_invoice
from invoicing.operations.amending import why_not_amend
from invoicing.queries import postings_of
from ledger.copies import mark_found, mark_held_revision
from ledger.models import Posting
from practices import audit
from practices.errors import DomainError
from sage_integration.choices import LineChoice, stored_choices
from sage_integration.copying.operations import keep_choices
from sage_integration.differences import line_key, open_keys
from sage_integration.mappers import priced
from sage_integration.models import AccountMapping, CopyChoices, SageLink, TaxRateMapping
from sage_integration.operations import update_copy, wanted_now
from sage_integration.sync.changes import Wanted
from sage_integration.sync.snapshots import Snapshot
from sage_integration.sync.standing_differences import keep_difference
from services.models import Service, TaxRate

NAME_LENGTH = 160


class ChooseASide(DomainError):
    message = "Choose ours or theirs for every field that differs."


class CannotBeTaken(DomainError):
    message = (
        "This cannot be taken over as it stands in Sage: the invoice here would not come out the same. Keep ours for "
        "it, or credit the invoice and issue it anew."
    )


class RateUnknownHere(DomainError):
    message = (
        "The line in Sage carries a VAT rate that none of your rates stands for. Map one to it, keep ours, or credit "
        "the invoice and issue it anew."
    )


class NoServiceForLine(DomainError):
    message = (
        "A line was added in Sage that is none of your services. Add a service of that name, keep ours, or credit the "
        "invoice and issue it anew."
    )


def why_not_take(invoice: Invoice) -> DomainError | None:
    """The rule that forbids taking anything over from Sage, or None."""
    return why_not_amend(invoice, postings_of(invoice))


def resolve_differences(
    invoice: Invoice, *, theirs: Collection[str], ours: Collection[str], reason: str, on: date
) -> Posting | None:
    """The change on its way to Sage for what was chosen as ours; None where everything was taken over from there.

    ``theirs`` and ``ours`` are names of `differences.open_keys`. Raises `ChooseASide`, what amending or updating
    raises, or why something cannot be taken over: then nothing is changed on either side. Where both sides made the
    same change, that is what was copied from now on.
    """
    wanted = wanted_now(invoice)
    link = SageLink.objects.select_for_update().get(pk=wanted.link.pk)
    found = open_keys(wanted.snapshot, link.copied, link.in_sage)
    if not found:
        if not link.seen and wanted.copy.held_revision == invoice.revision:
            raise NothingChanged(invoice)
        audit.record("invoice.marked_as_agreed", invoice, number=link.sage_number)
        _agree(invoice, link)
        return None
    if found - {*theirs, *ours}:
        raise ChooseASide(invoice)
    taken = found & set(theirs)
    if taken:
        _take(invoice, wanted, link, taken, reason=reason, on=on)
        invoice.refresh_from_db()
    left = found - taken
    if left:
        return update_copy(invoice)
    _agree(invoice, link)
    return None


def _take(
    invoice: Invoice, wanted: Wanted, link: SageLink, taken: set[str], *, reason: str, on: date
) -> None:
    """Make our side as Sage's in these fields; raises unless it then really says the same."""
    seen = link.in_sage
    if "contact" in taken:
        link.copied = {**link.copied, "contact": seen["contact"], "contact_name": seen["contact_name"]}
        link.save(update_fields=["copied"])
        customer = {"customer": seen["contact_name"], "number": link.sage_number}
        audit.record("invoice.customer_in_sage_accepted", invoice, **customer)
    if taken - {"contact"}:
        _amend(invoice, wanted, seen, taken, reason=reason, on=on)
    now = wanted_now(Invoice.objects.get(pk=invoice.pk))
    if taken & open_keys(now.snapshot, link.copied, seen):
        raise CannotBeTaken(invoice)
    audit.record("invoice.taken_from_sage", invoice, fields=sorted(taken), number=link.sage_number)


def _amend(
    invoice: Invoice, wanted: Wanted, seen: Snapshot, taken: set[str], *, reason: str, on: date
) -> None:
    lines, choices = _lines_with(wanted, seen, taken)
    revised = amend_if_changed(
        invoice,
        lines,
        tax_point=date.fromisoformat(seen["date"]) if "date" in taken else invoice.tax_point,
        due_on=date.fromisoformat(seen["due_date"]) if "due_date" in taken else invoice.due_on,
        reason=reason,
        on=on,
    )
    kept = stored_choices(CopyChoices.objects.filter(posting=wanted.copy).first(), invoice)
    given = {
        "dated": None if "date" in taken else kept.dated,
        "due_on": None if "due_date" in taken else kept.due_on,
    }
    chosen = replace(kept, lines=choices, made_for=_made_for(lines), **given)  # type: ignore[arg-type]
    keep_choices(wanted.copy, chosen, lines, revision=revised.revision)


def amend_if_changed(
    invoice: Invoice, lines: list[InvoiceLine], *, tax_point: date, due_on: date, reason: str, on: date
) -> Invoice:
    """The amended invoice; the same one where only an account in Sage is another."""
    try:
        return amend_invoice(invoice, lines, tax_point=tax_point, due_on=due_on, reason=reason, on=on)
    except NothingChanged:
        return invoice


def _made_for(lines: list[InvoiceLine]) -> tuple[tuple[int, int], ...]:
    return tuple((line.service_id, line.tax_rate_id) for line in lines)


def _lines_with(
    wanted: Wanted, seen: Snapshot, taken: set[str]
) -> tuple[list[InvoiceLine], tuple[LineChoice, ...]]:
    """Our lines with theirs in the places chosen, unsaved, and what is chosen for each."""
    held = stored_choices(CopyChoices.objects.filter(posting=wanted.copy).first(), wanted.invoice)
    ours = list(wanted.invoice.lines.all())
    sent = {line.pk for line in priced(ours)}
    found: list[tuple[InvoiceLine, LineChoice]] = []
    number = 0
    for position, line in enumerate(ours):
        choice = held.of(position, line)
        if line.pk not in sent:
            found.append((_fresh(line), choice))
            continue
        if line_key(number) not in taken:
            found.append((_fresh(line), choice))
        elif theirs := _theirs(seen, number):
            found.append(_taken_line(line, theirs, wanted.snapshot["lines"][number], choice))
        number += 1
    added = enumerate(seen.get("lines", [])[number:], number)
    found += [_added_line(theirs) for position, theirs in added if line_key(position) in taken]
    return [line for line, _ in found], tuple(choice for _, choice in found)


def _theirs(seen: Snapshot, number: int) -> Snapshot | None:
    lines = seen.get("lines", [])
    return lines[number] if number < len(lines) else None


def _fresh(line: InvoiceLine) -> InvoiceLine:
    """The same line, unsaved."""
    return InvoiceLine(
        service=line.service,
        name=line.name,
        description=line.description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        tax_rate=line.tax_rate,
    )


def _taken_line(
    line: InvoiceLine, theirs: Snapshot, ours: Snapshot, choice: LineChoice
) -> tuple[InvoiceLine, LineChoice]:
    """Our line with what is other in Sage; what is the same there stays as it is written here."""
    taken = _fresh(line)
    if theirs["description"] != ours["description"]:
        taken.name, taken.description = _said(theirs["description"])
    if (theirs["quantity"], theirs["unit_price"]) != (ours["quantity"], ours["unit_price"]):
        taken.quantity, taken.unit_price = Decimal(theirs["quantity"]), Decimal(theirs["unit_price"])
    rate = choice.rate
    if theirs["rate"] != ours["rate"]:
        taken.tax_rate, rate = _rate_here(theirs["rate"]), None
    account = choice.account if theirs["account"] == ours["account"] else theirs["account"]
    return taken, LineChoice(account, rate)


def _added_line(theirs: Snapshot) -> tuple[InvoiceLine, LineChoice]:
    name, description = _said(theirs["description"])
    service: Service | None = Service.objects.filter(name=name).first()
    if service is None:
        raise NoServiceForLine(name)
    line = InvoiceLine(
        service=service,
        name=name,
        description=description,
        quantity=Decimal(theirs["quantity"]),
        unit_price=Decimal(theirs["unit_price"]),
        tax_rate=_rate_here(theirs["rate"]),
    )
    mapped = (
        AccountMapping.objects.filter(service=service).values_list("ledger_account_id", flat=True).first()
    )
    return line, LineChoice("" if mapped == theirs["account"] else theirs["account"])


def _said(description: str) -> tuple[str, str]:
    """A description of Sage as name and details: its first line, and the others."""
    name, _, details = description.partition("\n")
    return name[:NAME_LENGTH], details


def _rate_here(sage_rate: str) -> TaxRate:
    mapping = TaxRateMapping.objects.filter(sage_tax_rate_id=sage_rate).select_related("tax_rate").first()
    if mapping is None:
        raise RateUnknownHere(sage_rate)
    rate: TaxRate = mapping.tax_rate
    return rate


def _agree(invoice: Invoice, link: SageLink) -> None:
    """Both sides say the same now: what Sage holds is what was copied."""
    copy = Posting.objects.get(pk=link.posting_id)
    link.copied, link.seen = link.in_sage, {}
    link.save(update_fields=["copied", "seen"])
    keep_difference(link, None)
    mark_held_revision(copy, Invoice.objects.values_list("revision", flat=True).get(pk=invoice.pk))
    mark_found(copy, standing=Posting.Standing.AS_COPIED, blocked=copy.blocked)

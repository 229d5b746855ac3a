"""The next bills as Sage would show them; nothing is stored, and nothing is sent."""

from collections import defaultdict
from datetime import date

from invoicing.coming import next_bills
from invoicing.due import Bill
from invoicing.models import BillingSchedule, Invoice
from invoicing.operations.invoices import price_lines
from invoicing.operations.schedules import line_of
from invoicing.operations.settings import invoicing_settings
from invoicing.queries import invoices_to_post
from invoicing.terms import due_on
from ledger.models import Posting
from practices.kept import kept_values
from sage_integration.foreseen import linked_contacts
from sage_integration.mappers import Rules
from sage_integration.mappings import load_rules
from sage_integration.models import SageConnection
from sage_integration.preview import NOT_LOOKED_UP, AsSageShows, Standing

#: As many bills as a person can look through.
SHOWN = 10
#: Schedules looked at to find them.
LOOKED_AT = 500


def next_documents(connection: SageConnection) -> list[AsSageShows]:
    """What is held already, oldest first, then the next recurring bills by their date; ten at most."""
    rules = load_rules(connection)
    held = _held(connection, rules)
    return [*held, *_coming(connection, rules, SHOWN - len(held))]


def _held(connection: SageConnection, rules: Rules) -> list[AsSageShows]:
    held = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE, status=Posting.Status.HELD)
    oldest = list(held.order_by("id").values_list("subject_id", flat=True)[:SHOWN])
    invoices = invoices_to_post(oldest) if oldest else {}
    linked = linked_contacts({invoice.client_id for invoice, _ in invoices.values()}, connection)
    return [
        AsSageShows(invoice, lines, rules, contact=linked.get(invoice.client_id, NOT_LOOKED_UP))
        for invoice, lines in invoices.values()
    ]


def _coming(connection: SageConnection, rules: Rules, number: int) -> list[AsSageShows]:
    # What is dated is read in the order of an index, which ends where enough was found, and then as a whole.
    dated = BillingSchedule.objects.recurring().filter(next_bill_on__isnull=False)
    dated = dated.filter(client__posts_automatically=True).order_by("next_bill_on", "client_id", "id")
    first = [pk for (pk,) in kept_values(dated.values_list("pk")[:LOOKED_AT])]
    found = BillingSchedule.objects.filter(pk__in=first).select_related("client", "service", "tax_rate")
    known = {schedule.pk: schedule for schedule in found}
    bills: dict[tuple[date, int], list[tuple[BillingSchedule, Bill]]] = defaultdict(list)
    for pk, bill in next_bills(list(known.values())).items():
        bills[bill.bills_on, known[pk].client_id].append((known[pk], bill))
    nearest = sorted(bills)[:number]
    linked = linked_contacts({client for _, client in nearest}, connection)
    return [
        _as_sage_shows(bills[day, client], day, rules, linked.get(client, NOT_LOOKED_UP))
        for day, client in nearest
    ]


def _as_sage_shows(
    work: list[tuple[BillingSchedule, Bill]], tax_point: date, rules: Rules, contact: Standing
) -> AsSageShows:
    lines = [
        line_of(schedule, (bill.period.starts_on, bill.period.ends_on), decision=bill.decision)
        for schedule, bill in work
    ]
    amounts = price_lines(lines, tax_point)
    invoice = Invoice(
        client=work[0][0].client,
        source=Invoice.Source.RECURRING,
        tax_point=tax_point,
        due_on=due_on(tax_point, invoicing_settings().terms_days("recurring", work[0][0].client.terms_days)),
        net=amounts.net,
        vat=amounts.vat,
    )
    return AsSageShows(invoice, lines, rules, contact=contact)

"""Money is exact: random invoices, credits and payments, to the penny, and no float anywhere."""

import random
from decimal import Decimal

from django.db import models
from django.db.models import Sum

from invoicing.models import Allocation, CreditNote, Invoice, InvoiceLine
from invoicing.operations import issue_credit_note, mark_paid, take_back
from money.amounts import ZERO
from practices.isolation import tenant_models
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import a_client, a_line, an_invoice

D = Decimal


def made_up(chance: random.Random) -> list[InvoiceLine]:
    lines = [
        a_line(
            "Payroll",
            f"{D(chance.randrange(1, 10**7)) / 10_000}",
            f"{D(chance.randrange(1, 5000)) / 100}",
            code,
        )
        for code in chance.choices(["standard", "reduced", "zero"], k=chance.randint(1, 4))
    ]
    if chance.random() < 0.3:
        lines[0].quantity, lines[0].gross_price = D(1), D(chance.randrange(1, 10**6)) / 100
    return lines


def test_random_invoices_are_sums_of_their_lines_and_credits_are_the_same_negated(brook):
    chance = random.Random(42)
    with practice_scope(brook.pk):
        client = a_client()
        for _ in range(40):
            invoice = an_invoice(client, *made_up(chance))
            sums = invoice.lines.aggregate(net=Sum("net"), vat=Sum("vat"))
            assert (invoice.net, invoice.vat) == (sums["net"], sums["vat"])
            note = issue_credit_note(invoice, reason="x", issued_on=TODAY, on=TODAY)
            assert invoice.net - note.net == invoice.vat - note.vat == ZERO
            pairs = zip(invoice.lines.all(), note.lines.all(), strict=True)
            assert all(
                (ours.net, ours.vat, ours.quantity) == (back.net, back.vat, back.quantity)
                for ours, back in pairs
            )
            assert Invoice.objects.get(pk=invoice.pk).outstanding == ZERO
        assert CreditNote.objects.count() == 40


def test_outstanding_is_the_gross_less_what_is_allocated_whatever_happens(brook):
    chance = random.Random(7)
    with practice_scope(brook.pk):
        invoices, payments = [an_invoice(a_client(), *made_up(chance)) for _ in range(6)], []
        for _ in range(60):
            invoice = Invoice.objects.get(pk=chance.choice(invoices).pk)
            if payments and chance.random() < 0.3:
                take_back(payments.pop(chance.randrange(len(payments))))
            elif invoice.outstanding:
                part = D(chance.randint(1, int(invoice.outstanding * 100))) / 100
                payments.append(mark_paid(invoice, amount=part, received_on=TODAY, on=TODAY))
            for each in Invoice.objects.all():
                standing = Allocation.objects.filter(invoice=each, payment__reversed_at=None)
                assert each.outstanding == each.gross - (standing.aggregate(sum=Sum("amount"))["sum"] or ZERO)


def test_no_column_of_any_table_is_a_float():
    floats = [
        field
        for model in tenant_models()
        for field in model._meta.fields
        if isinstance(field, models.FloatField)
    ]
    assert floats == []

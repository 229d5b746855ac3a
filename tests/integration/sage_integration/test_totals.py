"""Hundreds of invoices through the whole way: preview, Sage and we agree on every penny."""

import random
from decimal import Decimal

from invoicing.models import Invoice
from ledger.models import Posting
from practices.tenancy import practice_scope
from sage_integration.mappings import load_rules
from sage_integration.preview import AsSageShows
from tests.integration.sage_integration.posting import add_client, issue, line, push_once, service_named


def test_three_hundred_invoices_are_the_same_in_the_preview_here_and_in_sage_p10(
    brook, enabled, sage, settings
):
    """F29, F65, I3."""
    settings.SAGE_REQUESTS_PER_MINUTE = 100_000
    sage.switch("rate_limit_per_minute", 0)
    chance = random.Random(27)
    with practice_scope(brook.pk):
        client = add_client()
        services = [service_named(f"Service {rate}", rate=rate) for rate in ("standard", "zero")]
        for _ in range(300):
            lines = [
                line(
                    str(Decimal(chance.randrange(1, 10**7)) / 10_000),
                    str(Decimal(chance.randrange(1, 10**4)) / 100),
                    chance.choice(services),
                )
                for _ in range(chance.randint(1, 5))
            ]
            issue(client, *lines)
        rules = load_rules(enabled)
        shown = {
            invoice.pk: AsSageShows(invoice, list(invoice.lines.all()), rules).amounts
            for invoice in Invoice.objects.prefetch_related("lines__service", "lines__tax_rate")
        }
    while push_once(brook):
        pass
    with practice_scope(brook.pk):
        by_reference = {
            posting.reference: posting.subject_id
            for posting in Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE)
        }
        amounts = {invoice.pk: invoice.amounts for invoice in Invoice.objects.all()}
    theirs = {by_reference[stored["reference"]]: stored for stored in sage.sales_invoices()}
    assert len(theirs) == len(shown) == 300
    for pk, stored in theirs.items():
        assert shown[pk] == amounts[pk]
        assert (Decimal(stored["net_amount"]), Decimal(stored["tax_amount"])) == (
            amounts[pk].net,
            amounts[pk].vat,
        )

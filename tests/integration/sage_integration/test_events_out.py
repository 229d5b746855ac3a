"""What a practice's programs are told of Sage: written with the event, in its own transaction."""

import json

from practices.tenancy import practice_scope
from practices.webhook_models import WebhookDelivery, WebhookEndpoint
from practices.webhooks import add_endpoint
from sage_integration.connections import mark_needs_reauthorisation
from sage_integration.sage.errors import GrantRefused
from tests.integration.sage_integration.polling import polled
from tests.integration.sage_integration.posting import issued_invoice, posted, push_once


def told(practice) -> list[tuple[str, dict]]:
    with practice_scope(practice.pk):
        return [
            (each.event, json.loads(each.body)["data"]) for each in WebhookDelivery.objects.order_by("pk")
        ]


def test_posted_paid_failed_and_disconnected_are_told_once_each(brook, enabled, sage, clock):
    with practice_scope(brook.pk):
        add_endpoint("https://hooks.example.com/", WebhookEndpoint.Event.values, by=None)
    acme = posted(brook, sage)
    [(event, data)] = told(brook)
    assert event == "invoice.posted"
    assert (data["invoice"], data["sage_id"], data["total"]) == (
        acme.invoice.pk,
        acme.theirs["id"],
        "120.00",
    )
    sage.record_payment(acme.theirs["id"], "40")
    polled(brook)
    polled(brook)
    event, data = told(brook)[-1]
    assert (event, data["outstanding"], len(told(brook))) == ("invoice.payment_changed", "80.00", 2)
    sage.arm("status", on="POST /sales_invoices", status=422, times=1)
    issued_invoice(brook, "Bolt Ltd")
    push_once(brook)
    event, data = told(brook)[-1]
    assert (event, data["failure"]) == ("invoice.failed", "SageRejected")
    with practice_scope(brook.pk):
        mark_needs_reauthorisation(GrantRefused("gone"), enabled.pk)
    assert told(brook)[-1][0] == "connection.needs_attention"

"""A date that is a slip of the hand is refused in words wherever one is entered, and nothing is kept."""

import pytest
from django.urls import reverse

from clients.models import Client
from invoicing.models import (
    BillingSchedule,
    ComingBill,
    CreditNote,
    FeeUplift,
    Invoice,
    Payment,
    ServiceChange,
)
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import (
    MONTHLY,
    ON_COMPLETION,
    a_client,
    a_draft,
    a_schedule,
    a_service,
    an_invoice,
)

WORDS = ("Check the year", "this century", "day after today", "today or a later day", "still to come", "in the future",
    "cannot begin before", "before it starts", "before its invoice", "before its own date")  # fmt: skip
#: A page where a date is entered: what is posted there beside it, and the name of the date.
PLACES = {
    "invoice-new": ("tax_point", {}),
    "invoice-edit": ("tax_point", {}),
    "invoice-amend": ("due_on", {"reason": "Agreed"}),
    "credit-note-new": ("issued_on", {"reason": "Agreed"}),
    "invoice-paid": ("received_on", {"amount": "1"}),
    "schedule-hold": ("until", {"reason": "Agreed"}),
    "schedule-end": ("on", {}),
    "schedule-move": ("starts_on", {}),
    "schedule-amend": ("effective_on", {"name": "Books", "quantity": "1", "unit_price": "1"}),
    "uplift-new": ("effective_on", {"title": "Year", "percent": "5", "rounding": "0.01"}),
    "client-end": ("on", {}),
    "bill-edit": ("bills_on", {"quantity": "1", "unit_price": "1"}),
}


@pytest.fixture
def targets(brook):
    """For each page the ids in its address, and what its form has to name."""
    with practice_scope(brook.pk):
        client, today = a_client(), brook.today()
        service = a_service()
        draft, owed = a_draft(client, on=today), an_invoice(client, on=today)
        schedule = a_schedule(MONTHLY, client=client, starts_on=today, on=today)
        a_schedule(ON_COMPLETION, client=client, starts_on=today, on=today)
        lines = {
            "client": client.pk,
            "tax_point": str(today),
            "lines-TOTAL_FORMS": "1",
            "lines-INITIAL_FORMS": "0",
            "lines-0-service": service.pk,
            "lines-0-quantity": "1",
            "lines-0-unit_price": "100",
        }
        rows = dict.fromkeys(["credit-note-new", "invoice-paid"], ([owed.pk], {}))
        rows |= dict.fromkeys(["schedule-hold", "schedule-end", "schedule-move"], ([schedule.pk], {}))
        return rows | {
            "invoice-new": ([], lines),
            "invoice-edit": ([draft.pk], lines),
            "invoice-amend": ([owed.pk], lines),
            "schedule-amend": ([schedule.pk], {"service": service.pk}),
            "uplift-new": ([], {}),
            "client-end": ([client.pk], {}),
            "bill-edit": ([schedule.pk, schedule.next_starts_on], {}),
        }


def kept(brook) -> list:
    with practice_scope(brook.pk):
        return [
            list(model.objects.order_by("pk").values())
            for model in (
                Client, Invoice, Payment, CreditNote, BillingSchedule, ComingBill, ServiceChange, FeeUplift,
            )
        ]  # fmt: skip


@pytest.mark.parametrize("day", ["9999-12-31", "2101-01-01", "1999-12-31", "0001-01-01"])
@pytest.mark.parametrize("place", PLACES)
def test_a_date_outside_this_century_is_refused_in_words(brook, targets, client_of, place, day):
    name, beside = PLACES[place]
    ids, more = targets[place]
    before, browser = kept(brook), client_of("alice")
    answer = browser.post(reverse(f"invoicing:{place}", args=["brook-co", *ids]), more | beside | {name: day})
    assert answer.status_code in (409, 422), answer.headers
    page = answer.content.decode()
    assert any(words in page for words in WORDS), page
    assert kept(brook) == before

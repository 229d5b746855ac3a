"""The month narrowed by kind of change and by block, and acts that are about what it shows (4.18, G75)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing.models import BillingSchedule, ComingBill, Invoice
from invoicing.month_end import LEDGER_WARNINGS
from invoicing.month_filters import BLOCKS
from invoicing.operations import bill_due_periods, change_bill, end_billing, hold_bills, skip_period
from ledger.models import Posting
from practices.tenancy import practice_scope
from proposals.periods import add_months
from tests.integration.invoicing.documents import (
    MONTHLY,
    a_client,
    a_line,
    a_schedule,
    an_invoice,
    bill_without_asking,
    many_schedules,
)


@pytest.fixture
def month(brook) -> dict:
    """A month with a client for each kind of change and block, by name."""
    with practice_scope(brook.pk):
        now = brook.today().replace(day=1)
        before = add_months(now, -1)
        bill_without_asking(needs_approval=False)
        names = ("Same", "Priced", "Doubled", "Ending", "Spared", "Unmapped", "Twins", "Held")
        made = {
            name: a_schedule(MONTHLY, client=a_client(name), starts_on=before, on=before) for name in names
        }
        bill_due_periods(on=before)
        for name, failure in (("Unmapped", "AccountNotMapped"), ("Twins", "AmbiguousContact")):
            invoice = Invoice.objects.get(client=made[name].client)
            Posting.objects.filter(subject_id=invoice.pk).update(status="failed", failure=failure)
        bill_without_asking(needs_approval=True)
        made["Variable"] = a_schedule(MONTHLY, client=a_client("Variable"), starts_on=now, on=now)
        BillingSchedule.objects.filter(pk=made["Variable"].pk).update(needs_confirming=True)
        an_invoice(a_client("Once"), a_line("Advice", "50"), on=now)
        change_bill(made["Priced"], now, unit_price=Decimal(130))
        change_bill(made["Doubled"], now, quantity=Decimal(2))
        end_billing(made["Ending"], on=date.fromordinal(now.toordinal() - 1))
        skip_period(made["Spared"], now, reason="Goodwill")
        hold_bills([(made["Held"].pk, now)], reason="Ask first")
    return made


def names_of(page) -> list[str]:
    return [row.client.name for row in page.context["rows"]]


def test_4_18_the_month_is_narrowed_by_kind_of_change_and_by_block(month, brook, client_of):
    browser, address = client_of("alice"), reverse("invoicing:month-end", args=[brook.slug])
    shown = {
        query: names_of(browser.get(f"{address}?{query}"))
        for query in (
            "change=new",
            "change=ended",
            "change=price",
            "change=quantity",
            "change=one-off",
            "change=left-out",
            "block=unmapped",
            "block=contact",
            "block=missing",
            "block=price-jump",
            "block=held",
            "block=clean&change=nothing",
            "change=price&block=held",
            "change=price&q=same",
        )
    }
    assert shown == {
        "change=new": ["Variable"],
        "change=ended": ["Ending"],
        "change=price": ["Priced"],
        "change=quantity": ["Doubled"],
        "change=one-off": ["Once"],
        "change=left-out": ["Spared"],
        "block=unmapped": ["Unmapped"],
        "block=contact": ["Twins"],
        "block=missing": ["Variable"],
        "block=price-jump": ["Priced"],
        "block=held": ["Held"],
        "block=clean&change=nothing": ["Same"],
        "change=price&block=held": [],
        "change=price&q=same": [],
    }
    page = browser.get(f"{address}?change=price")
    assert (page.context["found"], page.context["before"], page.context["now"]) == ("1 client", 120, 156)
    assert '<option value="price" selected>Price</option>' in page.text
    assert "change=price" in page.context["tabs"][1]["url"]
    assert len(names_of(browser.get(f"{address}?change=rubbish&block=rubbish"))) == 10
    file = browser.get(f"{address}?block=contact&file=csv").getvalue().decode()
    assert "Twins" in file
    assert "Same" not in file


def test_every_refusal_that_is_told_of_belongs_to_one_block():
    told = [words for _, beginnings in BLOCKS.values() for words in beginnings]
    assert len(told) == len(set(told))
    assert set(LEDGER_WARNINGS.values()) <= set(told)


def test_g75_acts_are_about_what_the_filters_show(month, brook, client_of):
    browser, act = client_of("alice"), reverse("invoicing:month-act", args=[brook.slug])
    form = {"month": f"{brook.today():%Y-%m}", "change": "quantity", "everybody": "1", "act": "approve"}
    answer = browser.post(act, form)
    assert answer.url.endswith(f"?month={brook.today():%Y-%m}&change=quantity")
    with practice_scope(brook.pk):
        assert _approved() == {"Doubled"}
    browser.post(act, form | {"change": "", "everybody": "", "act": "approve-clean"})
    with practice_scope(brook.pk):
        assert _approved() == {"Doubled", "Same"}
        assert ComingBill.objects.get(held_reason="Ask first")


def _approved() -> set[str]:
    found = ComingBill.objects.filter(approved_at__isnull=False)
    return set(found.values_list("schedule__client__name", flat=True))


def test_a_narrowed_month_asks_no_more_questions_than_the_whole_one_and_has_pages(brook, client_of):
    with practice_scope(brook.pk):
        many_schedules(60, on=brook.today())
    browser, address = client_of("alice"), reverse("invoicing:month-end", args=[brook.slug])
    browser.get(address)
    counts = {}
    for htmx in ({}, {"HTTP_HX_REQUEST": "true"}):
        for query in ("", "?block=clean"):
            with CaptureQueriesContext(connection) as queries:
                page = browser.get(address + query, **htmx)
            assert page.text.count("<tr data-href=") == 50
            assert "60 clients" in page.text
            counts[query, bool(htmx)] = len(queries)
    assert counts["?block=clean", False] <= counts["", False]
    assert counts["?block=clean", True] <= counts["", True]
    assert len(names_of(browser.get(f"{address}?block=clean&page=2"))) == 10
    assert "?block=clean&amp;page=2" in page.text

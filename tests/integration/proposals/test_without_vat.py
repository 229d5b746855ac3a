"""Practices that charge no VAT, those that write prices with it, and what a client is shown of dates and sums."""

import json
from decimal import Decimal

import pytest
from django.utils import timezone

from practices.tenancy import practice_scope
from proposals.assembling import assembled_document
from proposals.copies import proposal_pdf_of
from proposals.links import public_url
from proposals.operations.sending import people_to_sign
from proposals.printing import printed
from services.models import VatSettings
from services.operations import set_vat_settings
from tests.factories import TODAY
from tests.integration.proposals.offers import MONTHLY, ON_COMPLETION, a_draft, a_line, a_sent, a_service

EDITOR = ("edit/", "edit/services/", "edit/presentation/", "edit/check/", "preview/", "")


def the_document(proposal):
    return assembled_document(proposal, people_to_sign(proposal), on=TODAY)


def main_of(page) -> str:
    return page.text[page.text.index("<main") :]


def test_a_practice_without_registration_speaks_of_no_vat_to_anybody(client_of, brook):
    with practice_scope(brook.pk):
        a_service()
        set_vat_settings(VatSettings(charges_vat=False))
        draft = a_draft(a_line(MONTHLY), on=brook.today())
        line = draft.lines.get()
        sent = a_sent(a_line(MONTHLY), on=brook.today())
        link = public_url(sent).removeprefix("http://testserver")
        pdf = printed(sent.document)
        proposal_pdf_of(sent, now=timezone.now())
    browser = client_of("alice")
    for page in (*EDITOR, f"edit/lines/{line.pk}/"):
        ours = main_of(browser.get(f"/p/brook-co/proposals/{draft.pk}/{page}"))
        assert "VAT" not in ours, page
    client = main_of(browser.get("/proposals/" + link.partition("/proposals/")[2]))
    assert "VAT" not in client
    assert "£100.00" in client
    assert not pdf.pop("tax")["is_charged"]
    assert "VAT" not in json.dumps(pdf)


@pytest.mark.parametrize(("shown", "price"), [("exclusive", "£100.00"), ("inclusive", "£120.00")])
def test_g62_a_client_reads_prices_as_the_practice_writes_them_and_sums_with_vat(
    client_of, brook, shown, price
):
    with practice_scope(brook.pk):
        set_vat_settings(VatSettings(shown=shown))
        sent = a_sent(a_line(MONTHLY), on=brook.today())
        link = "/proposals/" + public_url(sent).partition("/proposals/")[2]
    page = main_of(client_of("alice").get(link))
    services = page.partition('id="services"')[2].partition("</h4>")[2]
    assert price in services[:120]
    assert "£120.00" in page.partition('id="services"')[0]


def test_g14_dates_of_completion_are_shown_or_hidden(brook):
    with practice_scope(brook.pk):
        rule = ON_COMPLETION | {"completes_on": TODAY}
        draft = a_draft(a_line(rule))
        assert "10 Mar 2027" in the_document(draft)["lines"][0]["rule"]
        draft.shows_completion_dates = False
        document = the_document(draft)
        assert document["lines"][0]["rule"] == document["payments"][0]["rule"] == "On completion"


def test_g14_g04_the_minimum_length_is_worth_what_is_billed_in_it(brook):
    with practice_scope(brook.pk):
        lines = [a_line(price="250"), a_line(MONTHLY), a_line(ON_COMPLETION, price="50")]
        draft = a_draft(*lines, starts_on=TODAY, minimum_months=3, shows_minimum_value=True)
        document = the_document(draft)
        assert document["minimum_value"]["net"] == str(Decimal("250.00") + 3 * 100 + 50)
        assert "it comes to £720.00" in printed(document)["prices_note"]
        draft.shows_minimum_value = False
        assert the_document(draft)["minimum_value"] is None


def test_g14_the_client_reads_what_the_minimum_length_comes_to(client_of, brook):
    with practice_scope(brook.pk):
        today = brook.today()
        sent = a_sent(a_line(price="250"), on=today, minimum_months=6, shows_minimum_value=True)
        link = "/proposals/" + public_url(sent).partition("/proposals/")[2]
    page = main_of(client_of("alice").get(link))
    assert "at least 6 months, in which it comes to" in " ".join(page.split())

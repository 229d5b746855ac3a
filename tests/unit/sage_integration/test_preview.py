"""What is shown is what is sent, to the penny and to the letter, and what is refused is refused before."""

import random
import re
from datetime import date
from decimal import Decimal

import pytest

from clients.models import Client
from invoicing.models import Invoice, InvoiceLine
from money.amounts import price_line, total
from sage_integration.mappers import Mappings, Rules
from sage_integration.preview import AsSageShows, Standing
from sage_integration.sage.errors import AmbiguousContact
from sage_sandbox.decimals import to_pennies, to_places
from services.models import Service, TaxRate

RATES = {
    1: (TaxRate(id=1, name="Standard rate"), "20"),
    2: (TaxRate(id=2, name="Reduced rate"), "5"),
    3: (TaxRate(id=3, name="Zero rate"), "0"),
}
BOOKS = Service(id=1, name="Bookkeeping")
MAPPINGS = Mappings(
    default_account="4010",
    accounts={},
    tax_rates={1: "GB_STANDARD", 2: "GB_LOWER", 3: "GB_ZERO"},
    usable_accounts=frozenset({"4010"}),
    usable_tax_rates=frozenset({"GB_STANDARD", "GB_LOWER", "GB_ZERO"}),
    names={"4010": "4010 Sales - Services", "GB_STANDARD": "Standard 20.00%"},
    percentages={"GB_STANDARD": Decimal(20), "GB_LOWER": Decimal(5), "GB_ZERO": Decimal(0)},
)


def line(price="100.00", quantity="1", rate=1, **fields) -> InvoiceLine:
    tax_rate, percent = RATES[rate]
    amounts = price_line(Decimal(quantity), Decimal(price), Decimal(percent))
    values = {"name": "Bookkeeping", "service": BOOKS, "net": amounts.net, "vat": amounts.vat, **fields}
    return InvoiceLine(
        tax_rate=tax_rate,
        vat_percent=Decimal(percent),
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        **values,
    )


def document(*lines: InvoiceLine, client=None, contact=None, **rules) -> AsSageShows:
    amounts = total(each.amounts for each in lines)
    invoice = Invoice(
        client=client or Client(name="Acme Ltd", country="GB"),
        number=12,
        tax_point=date(2027, 3, 1),
        due_on=date(2027, 3, 15),
        net=amounts.net,
        vat=amounts.vat,
    )
    known = {"contact": contact} if contact else {}
    return AsSageShows(invoice, lines, Rules(**{"mappings": MAPPINGS, **rules}), "REF", "0" * 32, **known)


def as_the_sandbox_adds_up(payload) -> tuple[Decimal, Decimal]:
    """Net and VAT by the sandbox's own rounding, which knows nothing of ours."""
    net = vat = Decimal(0)
    for sent in payload["invoice_lines"]:
        price = to_places(sent["unit_price"], 2, "half_up")
        net += to_pennies(sent["quantity"] * price, "half_up")
        vat += to_pennies(sent["tax_amount"], "half_up")
    return net, vat


@pytest.mark.parametrize("has_quantities", [True, False])
def test_ten_thousand_invoices_total_the_same_here_in_the_preview_and_in_sage_p10(has_quantities):
    """F29, F65, I3: the difference is nothing, on the Start plan as well."""
    chance = random.Random(20270301)
    for _ in range(5_000):
        lines = [
            line(
                str(Decimal(chance.randrange(10 ** chance.randint(1, 8))) / 10_000),
                str(Decimal(chance.randrange(1, 10 ** chance.randint(1, 5))) / 100),
                chance.choice((1, 2, 3)),
            )
            for _ in range(chance.randint(1, 6))
        ]
        shown = document(*lines, has_quantities=has_quantities)
        ours = (shown.invoice.net, shown.invoice.vat)
        assert (shown.amounts.net, shown.amounts.vat) == ours
        assert as_the_sandbox_adds_up(shown.payload()) == ours
        assert shown.difference == 0


def test_the_lines_shown_are_the_lines_sent():
    shown = document(
        line("0.3333", "3", description="<ul><li>One</li><li>Two</li></ul>"), line("12.50", "4", rate=3)
    )
    for seen, sent in zip(shown.shown, shown.payload()["invoice_lines"], strict=True):
        assert (seen.description, seen.quantity, seen.unit_price) == (
            sent["description"],
            sent["quantity"],
            sent["unit_price"],
        )


def test_the_start_plan_has_no_quantities_so_the_words_say_how_many_p25():
    shown = document(line("50.00", "3"), has_quantities=False)
    [sent] = shown.payload()["invoice_lines"]
    assert (sent["quantity"], sent["unit_price"]) == (Decimal(1), Decimal("150.00"))
    assert sent["description"] == "Bookkeeping (3 × 50.00)"
    assert any("no quantities" in note for note in shown.notes)


def test_the_number_goes_along_only_where_it_is_ours_f10():
    assert "invoice_number" not in document(line()).payload()
    sent = document(line(), numbers_are_ours=True).payload()
    assert (sent["invoice_number_prefix"], sent["invoice_number"]) == ("INV-", "INV-000012")


def test_a_draft_arrives_as_a_draft_and_says_so():
    shown = document(line(), arrives_as_draft=True)
    assert shown.payload()["status_id"] == "DRAFT"
    assert "Draft" in shown.arrival
    assert "status_id" not in document(line()).payload()


def test_an_item_of_sage_goes_on_the_line_it_is_linked_to_f14():
    linked = Mappings(**{**vars(MAPPINGS), "items": {1: ("service_id", "item-1")}})
    [sent] = document(line(), mappings=linked).payload()["invoice_lines"]
    assert sent["service_id"] == "item-1"


MARKUP = (
    "<p><b>All</b> of it, see <a href='https://acme.example/a?b=1&amp;c=2'>here</a></p><ul><li>One</li></ul>"
)


@pytest.mark.parametrize(
    "description", [MARKUP, "R&amp;D", "&lt;b&gt;", "a &nbsp; b", "<table><tr><td>1</td></tr></table>"]
)
def test_no_markup_and_no_entity_ever_reaches_sage_f21(description):
    [sent] = document(line(description=description)).payload()["invoice_lines"]
    assert not re.search(r"</?[a-z]+[^<>]*>|&#?\w+;", sent["description"])


@pytest.mark.parametrize(
    ("description", "note"),
    [
        ("<table><tr><td>1</td></tr></table>", "The table in"),
        ("<b>bold</b>", "The formatting of"),
        ("word " * 600, "3011 characters"),
    ],
)
def test_what_is_changed_on_the_way_is_announced_f20_f21(description, note):
    shown = document(line(description=description))
    assert any(note in each for each in shown.notes), shown.notes
    assert shown.refusals == []


def test_an_address_longer_than_sage_takes_is_cut_and_announced():
    client = Client(
        name="Acme Ltd", country="GB", address_line_1="1 " + "Long " * 20, postal_code="BS1 4AA 12345"
    )
    shown = document(line(), client=client)
    sent = shown.payload()["main_address"]
    assert (len(sent["address_line_1"]), len(sent["postal_code"])) == (50, 10)
    assert any("address is shortened" in note for note in shown.notes)


def test_included_services_are_neither_shown_nor_sent_f22():
    included = Service(id=2, name="Advice", billing_basis=Service.BillingBasis.INCLUDED)
    shown = document(line(), line("0", service=included))
    assert len(shown.shown) == len(shown.payload()["invoice_lines"]) == 1
    assert [type(refusal).__name__ for refusal in document(line("0", service=included)).refusals] == [
        "NothingToPost"
    ]


UNMAPPED = Mappings(**{**vars(MAPPINGS), "tax_rates": {}, "default_account": ""})


@pytest.mark.parametrize(
    ("rules", "refusals"),
    [
        ({"mappings": UNMAPPED}, ["AccountNotMapped", "RateNotMapped"]),
        ({"mappings": Mappings(**{**vars(MAPPINGS), "tax_rates": {1: "GB_ZERO"}})}, ["RateUnsuitable"]),
        ({"is_vat_registered": False}, ["VatNotRegistered"]),
        ({"locked_until": date(2027, 3, 1)}, ["PeriodClosed"]),
        ({"locked_until": date(2027, 2, 28)}, []),
        ({"accounts_start_on": date(2027, 3, 2)}, ["PeriodClosed"]),
        ({"accounts_start_on": date(2027, 3, 1)}, []),
        ({"base_currency": "EUR"}, ["CurrencyDiffers"]),
        ({"base_currency": "GBP"}, []),
        ({"contact": Standing("Two of that name", AmbiguousContact("2 contacts"))}, ["AmbiguousContact"]),
    ],
)
def test_each_reason_to_refuse_is_told_before_anything_is_sent_f28(rules, refusals):
    """P09, P25."""
    shown = document(line(), **rules)
    assert [type(refusal).__name__ for refusal in shown.refusals] == refusals
    assert len(shown.reasons) == len(refusals)
    if refusals:
        with pytest.raises(type(shown.refusals[0])):
            shown.payload()

"""Our documents as Sage's: nothing left out, nothing made up, the same pennies."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.models import Client, ContactPerson
from invoicing.models import Invoice, InvoiceLine
from money.amounts import price_line, to_pence, total
from sage_integration import mappers
from sage_integration.mappers import Mappings, Rules
from sage_integration.sage.decimals import json_text
from sage_integration.sage.errors import MappingMissing
from services.models import Service, TaxRate

STANDARD, ZERO_RATE = TaxRate(id=1, name="Standard rate"), TaxRate(id=2, name="Zero rate")
BOOKS, TAX = Service(id=1, name="Bookkeeping"), Service(id=2, name="Tax return")
MAPPINGS = Mappings(
    default_account="4000",
    accounts={1: "4010"},
    tax_rates={1: "GB_STANDARD", 2: "GB_ZERO"},
    usable_accounts=frozenset({"4000", "4010"}),
    usable_tax_rates=frozenset({"GB_STANDARD", "GB_ZERO"}),
)


def line(price="100.00", quantity="1", service=BOOKS, rate=STANDARD, percent="20", **fields) -> InvoiceLine:
    amounts = price_line(Decimal(quantity), Decimal(price), Decimal(percent))
    return InvoiceLine(
        service=service,
        tax_rate=rate,
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        net=amounts.net,
        vat=amounts.vat,
        **{"name": service.name, **fields},
    )


def invoice(**client_fields) -> Invoice:
    client = Client(name="Acme Ltd", country="GB", **client_fields)
    return Invoice(client=client, number=12, tax_point=date(2027, 3, 1), due_on=date(2027, 3, 15))


def mapped(*lines: InvoiceLine, mappings=MAPPINGS, with_descriptions=True, rules=None, **client_fields):
    return mappers.sales_invoice(
        invoice(**client_fields),
        list(lines),
        Rules(mappings, with_descriptions=with_descriptions, **rules or {}),
        reference="INV-000012-K7Q2M9",
        idempotency_id="0" * 32,
    )


def test_an_invoice_carries_dates_reference_and_idempotency_id_and_leaves_the_number_to_sage():
    document = mapped(line())
    assert document["date"] == "2027-03-01"
    assert document["due_date"] == "2027-03-15"
    assert document["reference"] == "INV-000012-K7Q2M9"
    assert document["idempotency_id"] == "0" * 32
    assert "invoice_number" not in document
    assert "total_amount" not in json_text(document).replace("tax_amount", "")


def test_each_line_goes_to_the_account_of_its_service_or_the_default_f14_f65():
    accounts = [sent["ledger_account_id"] for sent in mapped(line(), line(service=TAX))["invoice_lines"]]
    assert accounts == ["4010", "4000"]


def test_each_line_carries_its_mapped_rate_and_the_vat_frozen_on_issue_f29():
    document = mapped(line("100.00"), line("50.00", rate=ZERO_RATE, percent="0"))
    sent = [(each["tax_rate_id"], each["tax_amount"]) for each in document["invoice_lines"]]
    assert sent == [("GB_STANDARD", Decimal("20.00")), ("GB_ZERO", Decimal("0.00"))]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"default_account": "", "accounts": {}}, "default sales account"),
        ({"usable_accounts": frozenset({"4000"})}, "“Bookkeeping”"),
        ({"tax_rates": {}}, "“Standard rate” is not mapped"),
        ({"usable_tax_rates": frozenset({"GB_ZERO"})}, "“Standard rate”"),
    ],
)
def test_a_gap_in_the_mappings_is_named_and_never_filled(changes, says):
    gappy = Mappings(**{**vars(MAPPINGS), **changes})
    with pytest.raises(MappingMissing, match=says):
        mapped(line(), mappings=gappy)


def test_the_description_goes_with_the_name_or_stays_here_f19():
    described = line(description="<b>All</b> your books")
    assert mapped(described)["invoice_lines"][0]["description"] == "Bookkeeping\nAll your books"
    assert mapped(described, with_descriptions=False)["invoice_lines"][0]["description"] == "Bookkeeping"


def test_included_services_never_reach_the_invoice_f22():
    included = Service(id=3, name="Advice", billing_basis=Service.BillingBasis.INCLUDED)
    sent = mapped(line(), line("0", service=included))["invoice_lines"]
    assert [each["description"] for each in sent] == ["Bookkeeping"]


def test_a_priced_line_stays_even_if_its_service_has_become_included_since():
    included = Service(id=3, name="Advice", billing_basis=Service.BillingBasis.INCLUDED)
    assert len(mapped(line("10.00", service=included))["invoice_lines"]) == 1


def test_a_price_finer_than_a_penny_goes_as_one_piece_and_tells_its_calculation():
    [sent] = mapped(line("0.3333", "3"))["invoice_lines"]
    assert (sent["quantity"], sent["unit_price"]) == (Decimal(1), Decimal("1.00"))
    assert sent["description"] == "Bookkeeping (3 × 0.3333)"


prices = st.decimals(min_value=0, max_value=99999, places=4)
quantities = st.decimals(min_value="0.01", max_value=9999, places=2)


@given(st.lists(st.tuples(prices, quantities, st.sampled_from(["0", "5", "20"])), min_size=1, max_size=8))
def test_sage_arrives_at_our_totals_by_its_own_rounding(rows):
    """F29: Sage rounds the price, multiplies, rounds the line, takes the VAT as sent, and adds (FACTS.md 8.3)."""
    lines = [line(str(price), str(quantity), percent=percent) for price, quantity, percent in rows]
    sent = mapped(*lines)["invoice_lines"]
    net = sum(to_pence(each["quantity"] * to_pence(each["unit_price"])) for each in sent)
    vat = sum(each["tax_amount"] for each in sent)
    ours = total(each.amounts for each in lines)
    assert (net, vat) == (ours.net, ours.vat)


def test_decimals_leave_digit_for_digit():
    assert '"unit_price":1234.50' in json_text(mapped(line("1234.5000")))


def test_an_address_goes_along_when_it_is_known():
    known = mapped(line(), address_line_1="1 Quay Street", postal_code="BS1 4AA")
    assert known["main_address"]["address_line_1"] == "1 Quay Street"
    assert known["main_address"]["country_id"] == "GB"
    assert "main_address" not in mapped(line())


def test_a_new_contact_is_a_customer_with_its_first_person():
    client = Client(name="Acme Ltd", country="GB", vat_number="GB 123 4567 89", phone="0117 496 0000")
    people = [ContactPerson(name="Ann Other", email="ann@acme.example"), ContactPerson(name="Bea Else")]
    contact = mappers.contact(client, people, idempotency_id="1" * 32)
    assert contact == {
        "name": "Acme Ltd",
        "contact_type_ids": ["CUSTOMER"],
        "idempotency_id": "1" * 32,
        "tax_number": "GB123456789",
        "main_contact_person": {
            "name": "Ann Other",
            "email": "ann@acme.example",
            "telephone": "0117 496 0000",
        },
    }


def test_a_contact_of_whom_only_the_name_is_known_says_no_more():
    contact = mappers.contact(Client(name="Acme Ltd", country="GB"), [], idempotency_id="1" * 32)
    assert set(contact) == {"name", "contact_type_ids", "idempotency_id"}


@given(st.decimals("0.0001", "9999", places=4), st.decimals("0.01", "999", places=2), st.booleans())
def test_a_line_comes_to_its_own_net_in_sage_however_it_goes(price, quantity, has_quantities):
    item = line(price=str(price), quantity=str(quantity))
    rules = Rules(MAPPINGS, has_quantities=has_quantities)
    assert mappers.net_of(item) == mappers.shape_of(item, rules).net == item.net

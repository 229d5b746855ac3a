"""The document and its fingerprint: the same offer gives the same one, any other another."""

from datetime import date
from decimal import Decimal

import pytest

from clients.models import Client, ContactPerson
from practices.models import Practice
from proposals.documents import canonical, document_of, fingerprint, readable
from proposals.models import Proposal, ProposalLine, Terms
from services.models import TaxRate

ON = date(2027, 3, 10)


def offer(*lines, message="Hello", terms="Be kind", signatories=("Mara Hill",), **values):
    proposal = Proposal(
        practice=Practice(name="Brook & Co"),
        client=Client(name="Acme Dental Ltd", city="Leeds"),
        number=7,
        title="Internal",
        starts_on=date(2027, 4, 1),
        valid_until=date(2027, 4, 9),
        message=message,
        **values,
    )
    people = [ContactPerson(name=name) for name in signatories]
    return document_of(
        proposal, lines or [line()], terms=Terms(version=3, body=terms), signatories=people, priced_on=ON
    )


def line(price="100", quantity="1", billing="upfront", every=None, period="", **values):
    return ProposalLine(
        name="Accounts",
        tax_rate=TaxRate(name="Standard rate", vat_code="standard"),
        unit_price=Decimal(price),
        quantity=Decimal(quantity),
        billing=billing,
        every=every,
        period=period,
        **values,
    )


def test_the_same_offer_has_the_same_fingerprint_however_its_numbers_are_written():
    assert fingerprint(offer(line("100"))) == fingerprint(offer(line("100.0000", "1.00")))
    assert len(fingerprint(offer())) == 64


@pytest.mark.parametrize(
    "other",
    [
        lambda: offer(line("100.0001")),
        lambda: offer(line(quantity="2")),
        lambda: offer(line(billing="on_completion")),
        lambda: offer(line(), line()),
        lambda: offer(message="Hallo"),
        lambda: offer(terms="Be kind."),
        lambda: offer(signatories=["Mara Hill", "Noor Aziz"]),
    ],
)
def test_another_word_penny_rule_or_person_gives_another_fingerprint(other):
    assert fingerprint(other()) != fingerprint(offer())


def test_the_internal_name_is_not_part_of_what_the_client_is_shown():
    assert b"Internal" not in canonical(offer())


def test_a_fingerprint_survives_the_journey_through_the_database():
    import json

    document = offer(message="£5 – “quoted” ☃")
    assert fingerprint(json.loads(json.dumps(document))) == fingerprint(document)


def test_vat_is_rounded_on_each_line_and_totals_are_sums_of_rounded_lines():
    document = offer(line("0.333", "3"), line("0.333", "3"))
    assert [part["vat"] for part in document["lines"]] == ["0.20", "0.20"]
    [payment] = document["payments"]
    assert (payment["net"], payment["vat"], payment["gross"]) == ("2.00", "0.40", "2.40")


def test_what_is_paid_first_stands_first():
    monthly = {"billing": "recurring", "every": 1, "period": "month"}
    document = offer(
        line(billing="on_completion"),
        line(**monthly | {"every": 12}),
        line(**monthly),
        line(**monthly | {"period": "week"}),
        line(),
    )
    assert [payment["rule"] for payment in document["payments"]] == [
        "On acceptance",
        "Every week",
        "Every month",
        "Every year",
        "On completion",
    ]


def test_included_services_are_listed_and_cost_nothing():
    document = offer(line(), line("0", is_included=True))
    assert [part["is_included"] for part in document["lines"]] == [False, True]
    assert document["payments"][0]["gross"] == "120.00"


def test_a_page_reads_amounts_as_decimals_and_dates_as_dates():
    document = readable(offer())
    assert document["payments"][0]["gross"] == Decimal("120.00")
    assert document["lines"][0]["unit_price"] == Decimal(100)
    assert (document["starts_on"], document["priced_on"]) == (date(2027, 4, 1), ON)

"""What programs send that cannot be billed is refused with a reason, and nothing is kept."""

from datetime import timedelta

import pytest

from invoicing.models import Invoice, Payment
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import a_client, a_service, an_invoice

SENT = "application/json"


def a_bill(brook, **line) -> dict:
    with practice_scope(brook.pk):
        service = a_service()
        good = {"service": service.pk, "name": "Books", "quantity": "1", "unit_price": "100"}
        return {
            "client": a_client().pk,
            "tax_point": str(brook.today()),
            "lines": [good | {"tax_rate": service.tax_rate_id} | line],
        }


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "1.123456"}, "quantity"),
        ({"unit_price": "-0.01"}, "unit_price"),
        ({"unit_price": "0.00005"}, "unit_price"),
        ({"unit_price": "1e30"}, "unit_price"),
        ({"unit_price": "NaN"}, "unit_price"),
        ({"tax_rate": 999999}, "tax_rate"),
        ({"service": 999999}, "service"),
    ],
)
def test_a_line_that_cannot_be_billed_is_refused_and_its_field_is_named(brook, program_of, line, field):
    answer = program_of(brook).post("/api/v1/invoices/", a_bill(brook, **line), content_type=SENT)
    assert answer.status_code == 400, answer.text
    assert field in answer.text
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()


@pytest.mark.parametrize("day", ["9999-12-31", "2101-01-01", "1999-12-31", "0001-01-01"])
def test_a_date_outside_this_century_is_refused_with_what_is_wrong_about_it(brook, program_of, day):
    answer = program_of(brook).post(
        "/api/v1/invoices/", a_bill(brook) | {"tax_point": day}, content_type=SENT
    )
    assert answer.status_code == 409, answer.text
    assert "Check the year" in answer.text
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()


@pytest.mark.parametrize(("field", "said"), [("amount", "0"), ("amount", "-5"), ("amount", "1.005")])
def test_no_payment_is_of_nothing_or_of_half_pennies(brook, program_of, field, said):
    with practice_scope(brook.pk):
        owed = an_invoice(on=brook.today())
    sent = {"client": owed.client_id, "received_on": str(brook.today()), "amount": "5"} | {field: said}
    sent |= {"allocations": [{"invoice": owed.pk, "amount": said}]}
    answer = program_of(brook).post("/api/v1/payments/", sent, content_type=SENT)
    assert answer.status_code in (400, 409), answer.text
    with practice_scope(brook.pk):
        assert not Payment.objects.exists()


@pytest.mark.parametrize(("days", "words"), [(1, "in the future"), (-36_500, "Check the year")])
def test_money_is_received_on_a_day_that_has_come_and_is_of_this_century(brook, program_of, days, words):
    with practice_scope(brook.pk):
        owed = an_invoice(on=brook.today())
    sent = {"client": owed.client_id, "received_on": str(brook.today() + timedelta(days=days)), "amount": "5"}
    sent |= {"allocations": [{"invoice": owed.pk, "amount": "5"}]}
    answer = program_of(brook).post("/api/v1/payments/", sent, content_type=SENT)
    assert answer.status_code == 409, answer.text
    assert words in answer.text
    with practice_scope(brook.pk):
        assert not Payment.objects.exists()

"""The pennies of an invoice, recomputed in whole numbers."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from invoicing.models import InvoiceLine
from invoicing.operations.invoices import price_lines
from services.models import TaxRate

quantities = st.decimals(Decimal("0.01"), Decimal("999.99"), places=2)
prices = st.decimals(Decimal(0), Decimal("9999.9999"), places=4)
codes = st.sampled_from(["standard", "reduced", "zero", "exempt", "outside_scope"])
PERCENT = {"standard": 20, "reduced": 5}


@given(st.lists(st.tuples(quantities, prices, codes), min_size=1, max_size=6))
def test_totals_are_sums_of_rounded_lines(rows):
    lines = [
        InvoiceLine(quantity=quantity, unit_price=price, tax_rate=TaxRate(vat_code=code))
        for quantity, price, code in rows
    ]
    net = vat = 0
    for quantity, price, code in rows:
        ten_thousandths_of_a_penny = int(quantity * 100) * int(price * 10_000)
        line_net = (ten_thousandths_of_a_penny + 5_000) // 10_000
        net += line_net
        vat += (line_net * PERCENT.get(code, 0) + 50) // 100
    amounts = price_lines(lines, date(2027, 3, 10))
    assert (amounts.net * 100, amounts.vat * 100) == (net, vat)
    assert amounts.gross == sum(line.net + line.vat for line in lines)


def test_three_times_a_third_of_a_pound_is_a_pound_and_twenty_pence():
    line = InvoiceLine(
        quantity=Decimal(3), unit_price=Decimal("0.333"), tax_rate=TaxRate(vat_code="standard")
    )
    amounts = price_lines([line], date(2027, 3, 10))
    assert (amounts.net, amounts.vat) == (Decimal("1.00"), Decimal("0.20"))

"""What a column says of a client is shown alike in the list and at the head of the client's page."""

from datetime import date
from decimal import Decimal

import pytest

from clients.contributions import Cell
from clients.templatetags.client_cells import cell

DAY, DRAWN = date(2027, 3, 5), '<time datetime="2027-03-05">5 Mar 2027</time>'


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (Cell(), "—"),
        (Cell("Ann & Co"), "Ann & Co"),
        (Cell("Ann & Co", url="/a?b=1&c=2"), '<a href="/a?b=1&amp;c=2">Ann &amp; Co</a>'),
        (Cell(on=DAY), DRAWN),
        (Cell(amount=Decimal("12.5")), '<span class="amount">£12.50</span>'),
        (
            Cell(amount=Decimal(0), on=DAY),
            f'<span class="amount">£0.00</span> <span class="sub">{DRAWN}</span>',
        ),
    ],
)
def test_a_cell_says_what_it_has(said, shown):
    assert cell(said) == shown


def test_a_state_is_a_badge():
    shown = cell(Cell("Off <x>", tone="warn")).strip()
    assert shown.startswith('<span class="badge" data-tone="warn"><svg')
    assert shown.endswith("Off &lt;x&gt;</span>")

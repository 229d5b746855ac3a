"""Random invoices come to the same here, in the preview and in the pretend Sage; `./dev bench totals` sends 10,000."""

from devtools.bench.totals import compare


def test_p10_random_invoices_come_to_the_same_here_and_in_sage():
    found = compare(300, seed=1)
    assert (found["invoices"], found["differing"], found["difference"]) == (300, 0, "0.00")


def test_what_sage_rounds_otherwise_is_seen():
    found = compare(300, seed=1, unit_price_places=0)
    assert found["differing"] > 0

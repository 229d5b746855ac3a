"""Work without the collector leaves it as it was."""

import gc

import pytest

from practices.garbage import without_collecting


def test_the_collector_rests_and_goes_on_afterwards_whatever_happens():
    with without_collecting():
        assert not gc.isenabled()
        with without_collecting():
            assert not gc.isenabled()
        assert not gc.isenabled(), "the inner one leaves it as the outer one wants it"
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), without_collecting():
        1 / 0  # noqa: B018
    assert gc.isenabled()

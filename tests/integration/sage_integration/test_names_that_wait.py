"""Names that cannot follow, and those behind them that can (F49, G53)."""

from datetime import timedelta

from clients.models import Client
from practices.tenancy import practice_scope
from sage_integration.sync import names
from tests.integration.sage_integration.posting import posted
from tests.integration.sage_integration.test_names_and_links import (
    changes_of_contacts,
    read,
    rename,
    sync_names,
)


def test_f49_names_that_sage_refuses_never_keep_others_from_their_turn(
    brook, sage, enabled, clock, monkeypatch
):
    """The first ones by age fail; the next reading goes on behind them, and comes back to them a day later."""
    monkeypatch.setattr(names, "MOST_AT_ONCE", 2)
    stuck = [posted(brook, sage, name) for name in ("Ash Ltd", "Birch Ltd")]
    free = posted(brook, sage, "Cedar Foods")
    read(brook)
    sync_names(brook, "to_sage")
    for each, name in zip([*stuck, free], ("Ash Two", "Birch Two", "Cedar Two"), strict=True):
        rename(brook, each.invoice.client_id, name)
    sage.arm("status", on="PUT /contacts", times=2, status=422)
    sage.forget_requests()
    assert [read(brook).counts["renamed_in_sage"] for _ in range(2)] == [0, 1]
    assert sage.contacts(name="Cedar Two")
    assert (read(brook).counts.get("renamed_in_sage"), len(changes_of_contacts(sage))) == (None, 3)
    rename(brook, stuck[0].invoice.client_id, "Ash Three")  # Another name is tried at once.
    assert read(brook).counts["renamed_in_sage"] == 1
    clock.shift(timedelta(days=1, minutes=1))
    assert read(brook).counts["renamed_in_sage"] == 1
    assert sage.contacts(name="Birch Two")


def test_g53_names_that_no_client_can_have_never_keep_others_from_their_turn(
    brook, sage, enabled, monkeypatch
):
    monkeypatch.setattr(names, "MOST_AT_ONCE", 1)
    ours = [posted(brook, sage, name) for name in ("Ash Ltd", "Birch Ltd")]
    sync_names(brook, "from_sage")
    for each, name in zip(ours, ("???", "Birch Two"), strict=True):
        sage.change_record("contacts", each.theirs["contact"]["id"], name=name)
    assert read(brook).counts["renamed_here"] == 1
    with practice_scope(brook.pk):
        assert set(Client.objects.values_list("name", flat=True)) == {"Ash Ltd", "Birch Two"}

"""Names that cannot follow, and those behind them that can (F49, G53)."""

from datetime import timedelta

import pytest

from clients.models import Client
from practices.tenancy import practice_scope
from sage_integration.models import ContactLink
from sage_integration.sage.errors import OutcomeUnknown, SageUnavailable
from sage_integration.sage.resources.contacts import Contacts
from sage_integration.sync import names, outcomes
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


@pytest.mark.parametrize(("trouble", "rested"), [(SageUnavailable, 0), (OutcomeUnknown, 1)])
def test_f49_while_sage_is_away_one_name_is_tried_and_the_circuit_is_told(
    brook, sage, enabled, clock, monkeypatch, trouble, rested
):
    """Fifty time-outs in a row would hold a worker for 25 minutes, and an outage is no refusal of fifty names."""
    ours = [posted(brook, sage, name) for name in ("Ash Ltd", "Birch Ltd", "Cedar Foods")]
    read(brook)
    sync_names(brook, "to_sage")
    for each, name in zip(ours, ("Ash Two", "Birch Two", "Cedar Two"), strict=True):
        rename(brook, each.invoice.client_id, name)
    tried, told = [], []

    def fails(_self, contact_id, _changes):
        tried.append(contact_id)
        raise trouble

    with monkeypatch.context() as away:
        away.setattr(Contacts, "update", fails)
        away.setattr(outcomes, "pause_business", lambda error, _business: told.append(type(error)))
        run = read(brook)
    assert (len(tried), told, run.counts["renamed_in_sage"]) == (1, [trouble], 0)
    with practice_scope(brook.pk):
        assert ContactLink.objects.exclude(name_refused_at=None).count() == rested
    # Whatever one contact does to Sage, the others have their turn; and it has its own again in an hour.
    assert read(brook).counts["renamed_in_sage"] == 3 - rested
    clock.shift(timedelta(hours=1, minutes=1))
    read(brook)
    assert sage.contacts(name="Ash Two")

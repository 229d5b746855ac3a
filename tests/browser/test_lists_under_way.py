"""A list while its rows are on their way."""

import pytest
from playwright.sync_api import Route, expect

from clients.models import Client
from clients.operations import add_client
from practices.tenancy import practice_scope

STILL_SEEN = r"cells => cells.filter((cell) => !/[,/] 0\)$/.test(getComputedStyle(cell).color)).length"


@pytest.fixture
def three_clients(brook) -> None:
    with practice_scope(brook.pk):
        for name in ("Ash Ltd", "Birch Ltd", "Cherry Ltd"):
            add_client(Client(name=name), [])


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_rows_and_totals_are_bars_in_their_places_until_the_answer_comes(three_clients, alice, brook, motion):
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    alice.emulate_media(reduced_motion=motion)
    alice.goto(f"/p/{brook.slug}/clients/")
    alice.route("**/clients/?*q=bir*", hold)
    table = alice.locator("#rows .table")
    before = table.bounding_box()

    alice.get_by_label("Name, number, postcode or e-mail").fill("bir")

    expect(alice.locator("#rows")).to_have_attribute("aria-busy", "true")
    expect(alice.get_by_role("link", name="Ash Ltd")).to_be_hidden()
    cells = alice.locator("#rows :is(tbody, tfoot) :is(th, td)")
    assert cells.evaluate_all(STILL_SEEN) == 0
    assert table.bounding_box() == before
    held[0].continue_()
    expect(alice.get_by_role("link", name="Birch Ltd")).to_be_visible()
    expect(alice.locator("#rows")).not_to_have_attribute("aria-busy", "true")
    expect(alice.get_by_role("link", name="Ash Ltd")).to_have_count(0)

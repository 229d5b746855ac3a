"""A list while its rows are on their way, and what a phone shows of tables and tabs without scrolling."""

import pytest
from playwright.sync_api import Page, Route, expect

from clients.models import Client
from clients.operations import add_client
from practices.tenancy import practice_scope
from tests.browser.conftest import PHONE
from tests.browser.workers import work
from tests.integration.invoicing.documents import an_invoice
from tests.integration.sage_integration.posting import add_client as a_client_of_theirs
from tests.integration.sage_integration.posting import issue, line
from tests.sage import connected

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


@pytest.fixture
def two_pages(brook) -> None:
    with practice_scope(brook.pk):
        for number in range(51):
            add_client(Client(name=f"Client {number:02}"), [])


def test_a_turned_page_is_rows_again_and_not_bars(two_pages, alice, brook):
    alice.goto(f"/p/{brook.slug}/clients/")
    turn(alice, "Next")
    expect(alice.get_by_role("link", name="Client 50")).to_be_visible()
    expect(alice.locator("[aria-busy=true]")).to_have_count(0)
    turn(alice, "Previous")
    expect(alice.get_by_role("link", name="Client 00")).to_be_visible()
    expect(alice.locator("[aria-busy=true]")).to_have_count(0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda route: route.fulfill(status=500), "Something went wrong on our side"),
        (lambda route: route.abort("connectionrefused"), "The server cannot be reached"),
        (lambda route: route.abort("timedout"), "The server has not answered"),
    ],
    ids=["500", "refused", "timed out"],
)
def test_a_page_that_does_not_come_leaves_the_rows_that_were_there(
    two_pages, alice, brook, watch, answer, words
):
    alice.goto(f"/p/{brook.slug}/clients/")
    alice.route("**/clients/?*", answer)
    turn(alice, "Next")
    expect(alice.get_by_text(words)).to_be_visible()
    expect(alice.locator("[aria-busy=true]")).to_have_count(0)
    expect(alice.get_by_role("link", name="Client 00")).to_be_visible()
    watch.forget("status of 500", "Response Status Error Code 500", "net::ERR_", "htmx:")


def turn(page: Page, way: str) -> None:
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=way).click()


def test_a_phone_shows_net_vat_and_gross_of_an_invoice_without_scrolling_sideways(cast, browser_of, brook):
    with practice_scope(brook.pk):
        invoice = an_invoice()
    page = browser_of(cast.alice, **PHONE)
    page.goto(f"/p/{brook.slug}/invoices/{invoice.pk}/")

    lines = page.get_by_role("region", name="Lines")
    total = lines.locator("tfoot")
    for amount in (invoice.net, invoice.vat, invoice.gross):
        expect(total.get_by_text(f"£{amount:,.2f}", exact=True)).to_be_visible()
    assert lines.evaluate("region => region.scrollWidth - region.clientWidth") == 0


def test_a_phone_shows_the_number_the_state_and_the_amount_of_each_invoice_side_by_side(
    cast, browser_of, brook
):
    with practice_scope(brook.pk):
        invoice = an_invoice()
    page = browser_of(cast.alice, **PHONE)
    page.goto(f"/p/{brook.slug}/invoices/")

    invoices = page.get_by_role("region", name="Invoices")
    row = invoices.get_by_role("row").filter(has_text=invoice.number_label)
    amount = row.locator('[data-label="Outstanding"]')
    for seen in (row.get_by_role("rowheader"), amount, row.get_by_text("Unpaid")):
        expect(seen).to_be_in_viewport(ratio=1)
    assert invoices.evaluate("region => region.scrollWidth - region.clientWidth") == 0
    name, figure = row.get_by_role("link").first.bounding_box(), amount.bounding_box()
    assert name is not None
    assert figure is not None
    assert abs(name["y"] - figure["y"]) < 8


def test_a_printed_list_keeps_to_the_paper(cast, alice, brook):
    with practice_scope(brook.pk):
        an_invoice()
    alice.set_viewport_size({"width": 680, "height": 900})  # 180 mm
    alice.emulate_media(media="print")
    for page in ("invoices", "clients", "proposals"):
        alice.goto(f"/p/{brook.slug}/{page}/")
        assert alice.evaluate("document.documentElement.scrollWidth - innerWidth") == 0, page


@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without"])
def test_a_phone_scrolls_the_tabs_to_the_one_that_is_open(cast, browser_of, brook, has_script):
    page: Page = browser_of(cast.alice, java_script_enabled=has_script, **PHONE)
    page.goto(f"/p/{brook.slug}/sage/balance/")

    tab = page.get_by_role("navigation", name="Sage").get_by_role("link", name="Balance")
    expect(tab).to_be_in_viewport(ratio=0.99)  # it ends between two pixels


@pytest.mark.parametrize("width", [390, 1280])
def test_why_a_button_of_the_last_row_cannot_be_pressed_is_read_whole_and_scrolls_nothing(
    cast, brook, sage, browser_of, width
):
    """On the page that links an invoice to another document in Sage: each document there stands for one already."""
    connected(brook, sage)
    with practice_scope(brook.pk):
        invoice = issue(a_client_of_theirs(), line(), on=brook.today())
    work(brook)
    sage.void_invoice(sage.sales_invoices()[0]["id"])
    page: Page = browser_of(cast.alice, viewport={"width": width, "height": 700})
    page.goto(f"/p/{brook.slug}/invoices/{invoice.pk}/")
    page.get_by_role("button", name="Check now").click()
    page.get_by_role("link", name="Decide").click()
    page.get_by_role("link", name="Link to another document…").click()
    table, button = page.locator(".table-wrap"), page.get_by_role("button", name="This one").last
    assert table.evaluate("wrap => wrap.scrollHeight - wrap.clientHeight") == 0
    button.hover(force=True)
    reason = button.locator(".reason")
    expect(reason).to_have_css("opacity", "1")
    expect(reason).to_be_in_viewport(ratio=1)

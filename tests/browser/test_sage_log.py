"""The log of Sage in a browser: what is unfolded in one cell leaves the others where they are."""

from practices.tenancy import practice_scope
from tests.browser.workers import work
from tests.integration.sage_integration.posting import add_client, issue, line
from tests.sage import connected


def test_an_answer_that_is_unfolded_pushes_no_column_out_of_sight(brook, sage, alice):
    connected(brook, sage)
    with practice_scope(brook.pk):
        issue(add_client(), line(description="As agreed, and with many words. " * 20), on=brook.today())
    work(brook)
    page = alice
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{page.url.split('/p/')[0]}/p/brook-co/sage/log/")
    row = page.get_by_role("row").filter(has_text="arrived in Sage as SI-")
    row.get_by_text("What was sent, and what Sage answered").click()
    row.get_by_text("POST /sales_invoices: 201").click()
    wrap = page.locator(".table-wrap").filter(has=page.get_by_role("button", name="Replay")).first
    assert row.locator("pre").filter(has_text="As agreed").first.is_visible()
    assert wrap.evaluate("each => each.scrollWidth - each.clientWidth") == 0

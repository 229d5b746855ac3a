"""Webhooks in a browser: an address may be long, and the page is not wider for it."""

from practices.tenancy import practice_scope
from practices.webhooks import add_endpoint, emit

LONG = "https://hooks.practice.example/" + "averylongpath/" * 20


def test_a_long_address_makes_no_page_wider_than_a_phone(brook, alice):
    with practice_scope(brook.pk):
        endpoint, _ = add_endpoint(LONG, ["invoice.posted"], by=None)
        emit("invoice.posted", invoice=1)
    page = alice
    page.set_viewport_size({"width": 390, "height": 800})
    for address in ("", f"{endpoint.pk}/"):
        page.goto(f"{page.url.split('/p/')[0]}/p/brook-co/settings/webhooks/{address}")
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wider) == 0, address

"""What a practice that tries the demo finds in the pretend Sage."""

from sage_sandbox.application import PretendSage
from sage_sandbox.demo_customers import CUSTOMERS, add_demo_customers


def test_demo_customers_are_added_once_and_only_to_an_empty_company():
    sage = PretendSage()
    books = sage.books(next(iter(sage.store.businesses.values())))
    for _ in range(2):
        with sage.store.transaction():
            add_demo_customers(books)
    names = [contact["name"] for contact in books.all("contacts") if not contact["system"]]
    assert names == [*(line.split("|")[0] for line in CUSTOMERS.splitlines()), "Paper & Print Supplies"]

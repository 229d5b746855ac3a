"""Numbers of documents on a phone: each stands in one line, wherever it is written."""

import pytest
from playwright.sync_api import Page

from invoicing.operations import copy_again, issue_credit_note
from practices.tenancy import acting_for, practice_scope
from sage_integration.sync.audit import audit_documents
from tests.browser.workers import work
from tests.integration.sage_integration.posting import add_client, issue, line
from tests.sage import connected

#: Where a number such as SI-5 or INV-000012 is drawn in more than one line: the words around it.
BROKEN = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest("pre")) continue;
    for (const match of node.data.matchAll(/\\b[A-Z]{2,5}-\\d+\\b(?!-)/g)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const lines = new Set([...range.getClientRects()].map((each) => Math.round(each.top)));
      if (lines.size > 1) found.push(node.parentElement.outerHTML.slice(0, 160));
    }
  }
  return found;
}"""


@pytest.fixture
def invoices(brook, sage, site):
    """An invoice that is in Sage twice and credited, and one that was changed there."""
    connected(brook, sage)
    with practice_scope(brook.pk):
        client = add_client("Fenwick Joinery & Sons Ltd")
        twice, changed = (issue(client, line(price), on=brook.today()) for price in ("70.00", "90.00"))
    work(brook)
    with practice_scope(brook.pk):
        copy_again(twice, reason="The client lost the first one")
    work(brook)
    with practice_scope(brook.pk):
        issue_credit_note(twice, reason="The client left", issued_on=brook.today(), on=brook.today())
    work(brook)
    work(brook)
    [allocation] = sage.contact_allocations()
    sage.delete_allocation(allocation["id"])
    document = next(each for each in sage.sales_invoices() if each["net_amount"] in ("90.00", "90.0", 90))
    sage.edit_invoice(document["id"], due_date="2027-12-31")
    work(brook)
    with acting_for(brook.pk):
        audit_documents()
    return twice, changed


def broken(page: Page, paths: list[str]) -> dict[str, list[str]]:
    """The broken numbers of each of these pages, at the widths of phones."""
    found: dict[str, list[str]] = {}
    for path in paths:
        page.goto(path)
        for width in range(320, 440, 8):
            page.set_viewport_size({"width": width, "height": 800})
            found.setdefault(path, []).extend(page.evaluate(BROKEN))
    return {path: sorted(set(words)) for path, words in found.items() if words}


def test_no_number_of_a_document_breaks_at_its_hyphen(invoices, brook, alice):
    twice, changed = (each.pk for each in invoices)
    with practice_scope(brook.pk):
        note = invoices[0].credit_notes.get().pk
    below = f"/p/{brook.slug}/"
    names = [
        "invoices/",
        "credit-notes/",
        f"credit-notes/{note}/",
        "inbox/",
        "sage/log/",
        "postings/",
        "sage/balance/",
    ]
    names += [f"invoices/{pk}/" for pk in (twice, changed)]
    names += [f"sage/invoices/{pk}/{what}/" for pk in (twice, changed) for what in ("differences", "receipt")]
    assert broken(alice, [f"{below}{name}" for name in names]) == {}

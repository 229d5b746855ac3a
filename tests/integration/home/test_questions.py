"""What pages ask the database: at most fifteen questions each, and no more of them for more rows."""

import re

import pytest
from django.urls import NoReverseMatch, get_resolver, resolve, reverse

from devtools.bench.pages_run import names_inside
from practices.change_marks import marks_of
from practices.tenancy import practice_scope
from tests.integration.home.questions import questions_of
from tests.integration.invoicing.documents import a_client, an_invoice, many_schedules, open_the_ledger
from tests.integration.proposals import offers

CEILING = 15


def pages() -> dict[str, str]:
    """The address of every page of Brook & Co that belongs to no row, by its name."""
    found = {}
    for name in sorted(names_inside(get_resolver().url_patterns)):
        try:
            found[name] = reverse(name, kwargs={"practice": "brook-co"})
        except NoReverseMatch:
            continue
    return found


def some_rows(practice, number: int) -> None:
    with practice_scope(practice.pk):
        for each in range(number):
            an_invoice(a_client(f"Client {each} of {number} Ltd"), on=practice.today())
            offers.a_service(f"Service {each} of {number}")


@pytest.fixture
def asked(brook, client_of):
    """How many questions each page asks with two rows of each kind, and with seven more."""
    browser = client_of("alice")
    with practice_scope(brook.pk):
        open_the_ledger()
        many_schedules(3, on=brook.today())
    counts = []
    for rows in (2, 7):
        some_rows(brook, rows)
        found = {}
        for name, address in pages().items():
            answer = browser.get(address)
            answer.close()
            if answer.status_code == 200 and "text/html" in answer.headers.get("Content-Type", ""):
                found[name] = len(questions_of(browser, address))
        counts.append(found)
    return counts


def test_no_page_asks_more_than_fifteen_questions_or_more_of_them_for_more_rows(asked):
    few, many = asked
    assert len(few) > 60
    over = {name: count for name, count in many.items() if count > CEILING}
    grown = {name: (few[name], count) for name, count in many.items() if count > few.get(name, count) + 1}
    assert (over, grown) == ({}, {})


def test_looking_at_a_page_changes_nothing_that_answers_are_kept_of(brook, client_of):
    """Else an answer could be kept of what is taken back with a page that breaks off."""
    browser = client_of("alice")
    browser.raise_request_exception = False  # schedules made in haste have no document to print
    with practice_scope(brook.pk):
        open_the_ledger()
        many_schedules(3, on=brook.today())
    some_rows(brook, 2)
    left, seen, changed = list(pages().values()), set(), {}
    before = sorted(marks_of(brook.pk))
    while left:
        address = left.pop()
        # One page of each kind: its first row stands for all.
        if (kind := resolve(address).view_name) in seen:
            continue
        seen.add(kind)
        answer = browser.get(address)
        content = b"" if answer.streaming else answer.content
        answer.close()
        left += re.findall(r'href="(/p/brook-co/[^"?#]*)', content.decode(errors="ignore"))
        if (after := sorted(marks_of(brook.pk))) != before:
            changed[kind] = {mark.split(" ")[0] for mark in set(after) - set(before)}
            before = after
    assert len(seen) > 80
    assert changed == {}

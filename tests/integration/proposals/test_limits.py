"""How much a client's page weighs, and offers of two hundred lines."""

import gzip
import re
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext

from practices.tenancy import practice_scope
from proposals.links import public_url
from proposals.models import ProposalLine
from proposals.operations import send_proposal
from tests.integration.proposals.offers import MONTHLY, ON_COMPLETION, a_client, a_draft, a_line

LARGEST_PAGE = 60 * 1024


def weight_of(page) -> int:
    """Bytes on the wire of a page and everything it loads, compressed as the server does."""
    html = page.content
    found = re.findall(rb'(?:href|src)="%s([^"?]+)"' % settings.STATIC_URL.encode(), html)
    files = {Path(finders.find(name.decode())) for name in found if not name.endswith(b".svg")}
    assert files, "the page loads its styles"
    return len(gzip.compress(html)) + sum(len(gzip.compress(file.read_bytes())) for file in files)


def test_a_clients_page_weighs_less_than_sixty_kilobytes_with_everything_it_loads(client_of, brook):
    with practice_scope(brook.pk):
        lines = [a_line(price="250"), a_line(MONTHLY), a_line(ON_COMPLETION, price="850", is_optional=True)]
        sent = send_proposal(a_draft(*lines, on=brook.today()), on=brook.today())
        path = "/proposals/" + public_url(sent).partition("/proposals/")[2]
    page = client_of("alice").get(path)
    assert page.status_code == 200
    assert len(page.content) < LARGEST_PAGE
    assert weight_of(page) < LARGEST_PAGE


def many_lines(count: int) -> list[ProposalLine]:
    return [a_line(MONTHLY, quantity=number + 1) for number in range(count)]


def test_two_hundred_lines_are_saved_with_as_few_questions_to_the_database_as_two(client_of, brook):
    with practice_scope(brook.pk):
        short = a_draft(*many_lines(2))
        long = a_draft(*many_lines(200), client=a_client("Ann Bee", name="Bee Ltd"))
        rows = {draft: draft.lines.first() for draft in (short, long)}
    browser = client_of("alice")
    asked = {}
    for draft, line in rows.items():
        base = f"/p/brook-co/proposals/{draft.pk}/edit/"
        data = {"at_version": draft.version, "quantity": "5", "unit_price": "7", "discount_percent": "0"}
        data["tax_rate"] = line.tax_rate_id
        with CaptureQueriesContext(
            connection,
        ) as saving:
            answer = browser.post(f"{base}lines/{line.pk}/row/", data, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert len(answer.content) < LARGEST_PAGE
        asked[draft.pk] = len(saving)
        assert browser.get(f"{base}services/").status_code == 200
    assert asked[long.pk] <= asked[short.pk] + 1


def test_two_hundred_lines_are_sent_and_read_by_the_client(client_of, brook):
    with practice_scope(brook.pk):
        long = send_proposal(a_draft(*many_lines(200), on=brook.today()), on=brook.today())
        path = "/proposals/" + public_url(long).partition("/proposals/")[2]
    page = client_of("alice").get(path)
    assert page.status_code == 200
    assert len(gzip.compress(page.content)) < LARGEST_PAGE

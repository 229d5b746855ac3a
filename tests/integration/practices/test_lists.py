"""Every list of the product: columns of one's own choice, kept views, a file, a count, and rows for the keyboard."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import NoReverseMatch, get_resolver, reverse

from clients.models import TwinPair
from clients.operations import add_group
from devtools.bench.pages_run import names_inside
from invoicing.models import FeeUplift
from invoicing.operations import hold_bills, issue_credit_note, mark_paid
from ledger.models import Posting
from ledger.outbox import mark_failed
from practices.api_keys import issue_api_key
from practices.job_models import Job
from practices.lists import LISTS, ShownList, in_words
from practices.tenancy import practice_scope
from practices.webhooks import add_endpoint
from practices.worked_lists import WorkedPage
from proposals.operations.templates import keep_template
from sage_integration.models import SyncRun
from tests.integration.invoicing.documents import MONTHLY, a_client, a_schedule, an_invoice, open_the_ledger
from tests.integration.proposals import offers

#: Pages of rows that the product itself lays down: files, messages, parts of the letter, apps, starter services.
SHORT = {
    "invoicing:export-list",
    "practices:wording-list",
    "proposals:part-list",
    "sage:app-list",
    "services:starter-list",
}
#: Its columns come from several apps and are declared in `clients.listing`.
OF_ITS_OWN = "clients:client-list"
#: Lists of what belongs to one row.
BELOW_A_ROW = {"job-rows", "deliveries"}


@pytest.fixture
def busy(brook, cast, monkeypatch):
    """Two rows or more on each list, and nobody who is told to wait for so many files."""
    monkeypatch.setattr("practices.limits.TIMES_A_MINUTE", 1000)
    today, owner = brook.today(), cast.alice
    before = today - timedelta(days=1)
    with practice_scope(brook.pk):
        open_the_ledger()
        clients = [a_client(f"Client {number} Ltd") for number in range(2)]
        for number in range(2):
            sent = offers.a_sent(client=offers.a_client("Mara Hill", name=f"Hill {number} Ltd"), on=today)
            keep_template(sent, name=f"Template {number}")
        for number, client in enumerate(clients):
            invoice = an_invoice(client, on=today)
            mark_paid(invoice, amount=Decimal(100 + number), received_on=today, on=today)
            issue_credit_note(
                an_invoice(client, on=today), reason=f"Wrong {number}", issued_on=today, on=today
            )
            schedule = a_schedule(
                MONTHLY | {"name": f"Payroll {number}"}, client=client, starts_on=before, on=before
            )
            hold_bills([(schedule.pk, before)], reason="Waits for a letter")
            issue_api_key(brook, f"Program {number}", ["invoices:read"], by=owner)
            add_group(f"Group {number}")
            FeeUplift.objects.create(title=f"Uplift {number}", percent=Decimal(3), effective_on=today)
            add_endpoint(f"https://example.test/{number}", ["invoice.posted"], by=owner)
            Job.objects.create(
                kind="client_import", right="MANAGE_CLIENTS", title=f"Import {number}", total=1
            )
        TwinPair.objects.create(
            first=clients[0], second=clients[1], verdict=3, reasons=["Same e-mail", "-Other name"]
        )
        third = a_client("Client 3 Ltd")
        SyncRun.objects.create(kind="payments", counts={"read": 2})
        SyncRun.objects.create(kind="contacts", counts={"new": 1})
        TwinPair.objects.create(first=clients[1], second=third, verdict=2, reasons=["Same postcode"])
        for posting in Posting.objects.order_by("pk")[:2]:
            mark_failed(posting, failure="RateNotMapped", detail="No rate")


def address(name: str) -> str:
    return reverse(LISTS[name].page, kwargs={"practice": "brook-co"})


#: Views are imported with the addresses, and declare their lists.
PAGES = sorted(names_inside(get_resolver().url_patterns))
#: Lists that `busy` fills; that of the customers in Sage is tested where there is a Sage.
FILLED = sorted(set(LISTS) - BELOW_A_ROW - {"app-clients"})
#: Rows of these lead nowhere of their own.
WITHOUT_LINKS = {"activity", "api-keys", "readings", "sage-log", "team", "templates"}


def cells_of(row: str) -> list[str]:
    """The cells of a row of the page, but for its tick box."""
    return [cell for cell in re.findall(r"<t[dh](?: [^>]*)?>", row) if 'class="check"' not in cell]


def test_every_page_called_a_list_is_a_list_or_short():
    pages = {name for name in PAGES if name.endswith("-list")}
    assert pages - {each.page for each in LISTS.values()} - {OF_ITS_OWN} == SHORT


def test_each_list_counts_keeps_views_and_gives_a_file_of_its_shown_columns(busy, client_of):
    browser = client_of("alice")
    for name in FILLED:
        declared = LISTS[name]
        page = browser.get(address(name)).content.decode()
        assert re.search(r"\d", page.split("<tfoot")[1].split("</tfoot>")[0]), name
        assert "Keep this view" in page, name
        assert ('class="row-link' in page) == (name not in WITHOUT_LINKS), name
        answer = browser.get(address(name), {"file": "csv"})
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8", name
        rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
        shown = browser.get(address(name)).context["list"].columns
        assert rows[0] == [column.label for column in shown], name
        assert len(rows) > (2 if name != "team" else 1), name
        assert {column.key for column in shown} <= {column.key for column in declared.columns}, name


def test_only_the_chosen_columns_are_shown_and_written(busy, client_of):
    browser = client_of("alice")
    for name in FILLED:
        fixed = [column.label for column in LISTS[name].columns if column.fixed]
        for column in browser.get(address(name)).context["list"].offered:
            if column.fixed:
                continue
            what = f"{column.key} of {name}"
            page = browser.get(address(name), {"columns": column.key})
            table = page.content.decode().split("data-rows")[-1]
            heads = re.findall(r"<th scope=\"col\".*?</th>", table.split("<tbody")[0], re.DOTALL)
            acts = sum("visually-hidden" in head for head in heads)
            named = [head for head in heads if "visually-hidden" not in head and 'class="check"' not in head]
            assert len(named) == len(fixed) + 1, what
            assert len(cells_of(table.split("<tbody")[1].split("</tr>")[0])) - acts == len(fixed) + 1, what
            file = browser.get(address(name), {"columns": column.key, "file": "csv"}).getvalue()
            assert next(csv.reader(io.StringIO(file.decode("utf-8-sig")))) == [*fixed, column.label], what


def test_each_list_sorts_both_ways_by_what_it_offers(busy, client_of):
    browser = client_of("alice")
    for name in FILLED:
        for key in LISTS[name].orders:
            if key not in {column.key for column in browser.get(address(name)).context["list"].offered}:
                continue
            forwards, backwards = (
                browser.get(address(name), {"sort": sort}).context["page"].rows for sort in (key, f"-{key}")
            )
            assert [identity(row) for row in forwards] == [identity(row) for row in reversed(backwards)], (
                name,
                key,
            )


def identity(row: Any) -> Any:
    """What tells a row from another, whether it is one of the database or worked out."""
    return getattr(row, "pk", None) or str(row)


def test_lists_worked_out_in_memory_are_searched_and_paged(busy, client_of):
    browser, worked = client_of("alice"), []
    for name in FILLED:
        whole = browser.get(address(name)).context["page"]
        if not isinstance(whole, WorkedPage):
            continue
        worked.append(name)
        first = LISTS[name].columns[0].value(whole.rows[0])
        found = browser.get(address(name), {"q": str(first)}).context["page"]
        assert str(first) in [str(LISTS[name].columns[0].value(row)) for row in found], name
        assert list(browser.get(address(name), {"q": "no such word"}).context["page"]) == [], name
        assert len(browser.get(address(name), {"page": "9" * 12}).context["page"]) == len(whole), name
    assert len(worked) > 5


def test_a_kept_view_holds_filters_columns_and_order(busy, client_of):
    browser = client_of("alice")
    query = "view=unpaid&columns=client&sort=-date"
    assert browser.get(f"{address('invoices')}?{query}&after=x").context["list"].query == query


def test_many_rows_are_counted_up_to_a_thousand():
    assert in_words(1, ("message", "messages")) == "1 message"
    assert in_words(1000, ("message", "messages")) == "1,000 messages"
    assert in_words(1001, ("message", "messages")) == "more than 1,000 messages"


@pytest.mark.parametrize("said", ["nonsense", "subject", ""])
def test_columns_that_do_not_exist_choose_nothing(cast, client_of, said):
    shown = client_of("alice").get(address("emails"), {"columns": said}).context["list"]
    assert isinstance(shown, ShownList)
    assert [column.key for column in shown.columns] == (
        ["subject"] if said == "subject" else ["subject", "to", "state", "written"]
    )


def test_no_list_has_two_columns_of_a_key_or_an_order_without_a_column():
    for declared in LISTS.values():
        keys = [column.key for column in declared.columns]
        assert len(keys) == len(set(keys)), declared.name
        assert set(declared.orders) <= set(keys), declared.name
        with pytest.raises(NoReverseMatch):
            reverse(declared.page)

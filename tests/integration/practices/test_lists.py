"""Every list of the product: columns of one's own choice, kept views, a file, a count, and rows for the keyboard."""

import csv
import io
import re

import pytest
from django.urls import NoReverseMatch, get_resolver, reverse

from devtools.bench.pages_run import names_inside
from practices.lists import LISTS, ShownList, in_words
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import a_client, an_invoice, open_the_ledger
from tests.integration.proposals import offers

#: Lists of a few rows that one sets up and rarely looks for, and pages that are called lists without being one.
SHORT = {
    "clients:group-list",
    "clients:twin-list",
    "invoicing:export-list",
    "invoicing:service-use-list",
    "invoicing:uplift-list",
    "practices:api-key-list",
    "practices:member-list",
    "practices:webhook-list",
    "practices:wording-list",
    "proposals:part-list",
    "proposals:template-list",
    "sage:app-client-list",
    "sage:app-list",
    "services:starter-list",
    "services:tax-rate-list",
}
#: Its columns come from several apps and are declared in `clients.listing`.
OF_ITS_OWN = "clients:client-list"
#: Lists of what belongs to one row.
BELOW_A_ROW = {"job-rows", "deliveries"}


@pytest.fixture
def busy(brook):
    """Something on each list: clients, invoices, postings, proposals, services, entries."""
    with practice_scope(brook.pk):
        open_the_ledger()
        for _ in range(2):
            an_invoice(a_client(f"Client {_} Ltd"), on=brook.today())
        offers.a_sent(client=offers.a_client("Mara Hill"), on=brook.today())


def address(name: str) -> str:
    return reverse(LISTS[name].page, kwargs={"practice": "brook-co"})


#: Views are imported with the addresses, and declare their lists.
PAGES = sorted(names_inside(get_resolver().url_patterns))
WHOLE = sorted(set(LISTS) - BELOW_A_ROW)
#: Those that `busy` has rows on.
FILLED = ["activity", "emails", "invoices", "postings", "proposals", "services"]


def test_every_page_called_a_list_is_a_list_or_short():
    pages = {name for name in PAGES if name.endswith("-list")}
    assert pages - {each.page for each in LISTS.values()} - {OF_ITS_OWN} == SHORT


@pytest.mark.parametrize("name", WHOLE)
def test_a_list_answers_with_a_file_of_its_shown_columns(busy, client_of, name):
    answer = client_of("alice").get(address(name), {"file": "csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    shown = [column for column in LISTS[name].columns if column.fixed or not column.hidden]
    assert rows[0] == [column.label for column in shown]
    assert (len(rows) > 1) == (name in FILLED)


@pytest.mark.parametrize("name", FILLED)
def test_only_the_chosen_columns_are_shown_and_written(busy, client_of, name):
    browser, declared = client_of("alice"), LISTS[name]
    fixed = [column for column in declared.columns if column.fixed]
    for column in (each for each in declared.columns if not each.fixed):
        page = browser.get(address(name), {"columns": column.key})
        heads = re.findall(r"<th scope=\"col\".*?</th>", page.content.decode().split("<tbody")[0], re.DOTALL)
        assert len(page.context["list"].columns) == len(fixed) + 1
        named = [head for head in heads if "visually-hidden" not in head and 'class="check"' not in head]
        assert len(named) == len(fixed) + 1, column.key
        row = page.content.decode().split("<tbody>")[1].split("</tr>")[0]
        cells = len(re.findall(r"<t[dh][ >]", row)) - row.count('class="check"')
        assert cells - ("visually-hidden" in "".join(heads)) == len(fixed) + 1, column.key
        file = browser.get(address(name), {"columns": column.key, "file": "csv"}).getvalue()
        assert next(csv.reader(io.StringIO(file.decode("utf-8-sig")))) == [
            *(each.label for each in fixed),
            column.label,
        ]


@pytest.mark.parametrize("name", FILLED)
def test_a_list_counts_keeps_views_and_lets_the_keyboard_walk(busy, client_of, name):
    page = client_of("alice").get(address(name)).content.decode()
    foot = page.split("<tfoot>")[1].split("</tfoot>")[0]
    assert re.search(r"\d+ ", foot)
    assert "Keep this view" in page
    assert ">CSV<" in page
    assert 'class="row-link' in page or name == "activity"


@pytest.mark.parametrize("name", FILLED)
def test_a_list_sorts_both_ways_by_what_it_offers(busy, client_of, name):
    browser = client_of("alice")
    for key in LISTS[name].orders:
        forwards, backwards = (
            browser.get(address(name), {"sort": sort}).context["page"].rows for sort in (key, f"-{key}")
        )
        assert [row.pk for row in forwards] == [row.pk for row in reversed(backwards)]


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

"""Clients in the browser, on a desk and on a phone: listed, opened, brought in from a file and Sage, told apart."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from clients.models import Client, ClientMerge
from devtools.accessibility import serious_findings
from practices.models import Practice
from practices.tasks import run_jobs
from practices.tenancy import acting_for, practice_scope
from proposals.models import Proposal
from proposals.operations.templates import keep_template
from sage_integration.models import ContactLink
from sage_integration.sync.contact_book import sync_contacts
from tests.browser.conftest import PHONE
from tests.browser.workers import work
from tests.integration.clients.books import a_client
from tests.integration.invoicing.documents import an_invoice
from tests.integration.proposals.offers import MONTHLY, a_draft, a_line
from tests.sage import connected

DESK = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture(params=[DESK, PHONE], ids=["1280", "390"])
def page(request, cast, browser_of, brook) -> Page:
    """Alice's browser at a desk and on a phone."""
    return browser_of(cast.alice, **request.param)


def sound(page: Page) -> None:
    """Nothing is in anybody's way on the page as it is now, and nothing sticks out of it."""
    page.evaluate("scrollTo(0, 0)")  # what has just gone under the bar at the top is not too small a target
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def press(page: Page | Locator, label: str) -> None:
    page.get_by_role("button", name=label, exact=True).first.click()


def work_on(page: Page, practice: Practice, where: str = "/jobs/") -> None:
    """What workers do, once the press of a button has led to the page that follows them."""
    expect(page).to_have_url(re.compile(where))
    run_jobs(practice.pk)


def clients_of(practice: Practice, **chosen) -> list[str]:
    with practice_scope(practice.pk):
        return list(Client.objects.filter(merged_into=None, **chosen).values_list("name", flat=True))


def test_g45_the_list_is_searched_ordered_by_money_and_acted_on(page, brook):
    with practice_scope(brook.pk):
        keep_template(a_draft(a_line(MONTHLY), on=brook.today()), name="Bookkeeping 2027")
        harbour = a_client("Harbour Bakery Ltd", "mina@harbour.example", postal_code="YO21 3PU")
        fenwick = a_client("Fenwick Joinery", "tom@fenwick.example")
        an_invoice(fenwick, on=brook.today())
    page.goto("/p/brook-co/clients/")
    sound(page)
    page.get_by_role("link", name="Outstanding").click()
    page.get_by_role("link", name="Outstanding").click()
    expect(page.locator("tbody tr").first).to_contain_text("Fenwick Joinery")
    expect(page.locator("tbody tr").first.locator("td.end").last).to_contain_text("£720.00")
    page.wait_for_load_state()  # what is typed before the scripts are there is searched for with Enter alone
    page.get_by_label("Name, number, postcode or e-mail").fill("yo21")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Select Harbour Bakery Ltd").check()
    press(page, "Propose from a template")
    page.get_by_label("Template", exact=True).select_option("Bookkeeping 2027")
    page.get_by_label("Send them at once").check()
    expect(page.get_by_label("Select Harbour Bakery Ltd")).to_be_checked()
    sound(page)
    press(page, "Draft them")
    work_on(page, brook)
    page.reload()
    expect(page.get_by_text("P-0002 sent")).to_be_visible()
    with practice_scope(brook.pk):
        assert Proposal.objects.get(client=harbour).status == Proposal.Status.SENT


def test_4_7_the_page_of_a_client_leads_through_its_tabs(page, brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        client = a_client("Harbour Bakery Ltd", "mina@harbour.example", terms_days=45)
        an_invoice(client, on=brook.today())
    page.goto(f"/p/brook-co/clients/{client.pk}/")
    expect(page.get_by_text("45, for this client's invoices alone")).to_be_visible()
    tabs = page.get_by_label("Pages of this client")
    for label in ("Services", "Billing schedule", "Invoices", "Letters", "Sage", "Activity", "Summary"):
        tabs.get_by_role("link", name=re.compile(f"^{label}")).click()
        expect(page).to_have_title(re.compile(f"Harbour Bakery Ltd, {label.lower()}"))
        sound(page)
    page.get_by_label("Note", exact=True).fill("Prefers to be called in the morning.")
    press(page, "Add note")
    expect(page.get_by_text("Prefers to be called in the morning.")).to_be_visible()


def test_g48_a_file_is_matched_tried_imported_and_undone(page, brook):
    with practice_scope(brook.pk):
        a_client("Harbour Bakery Ltd")
    page.goto("/p/brook-co/clients/import/")
    rows = "Name,Town\nHarbour Bakery Limited,Whitby\nFenwick Joinery,Hexham\n,Nowhere\n"
    page.get_by_label("CSV file").set_input_files(
        {"name": "clients.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    press(page, "Upload and look")
    expect(page.get_by_label("Name", exact=True)).to_have_value("name")
    sound(page)
    press(page, "Check the rows")
    expect(page.get_by_text("You can leave this page; it goes on.")).to_be_visible()
    run_jobs(brook.pk)
    expect(page.get_by_text("Written almost like Harbour Bakery Ltd.")).to_be_visible()
    sound(page)
    page.get_by_label("What happens with Harbour Bakery Limited").select_option("Leave out")
    press(page, "Save these decisions")
    expect(page.get_by_text("1 new client, 0 updated, the rest left out.")).to_be_visible()
    press(page, "Import")
    expect(page.get_by_text("You can leave this page; it goes on.")).to_be_visible()
    run_jobs(brook.pk)
    expect(page.get_by_text("1 row brought in, 1 left out, 0 need you, 1 could not be read.")).to_be_visible()
    assert clients_of(brook) == ["Fenwick Joinery", "Harbour Bakery Ltd"]
    press(page, "Undo the import")
    expect(page.get_by_text("You can leave this page; it goes on.")).to_be_visible()
    run_jobs(brook.pk)
    expect(page.get_by_text("This import was taken back.")).to_be_visible()
    sound(page)
    assert clients_of(brook) == ["Harbour Bakery Ltd"]


def test_f36_f43_f44_contacts_of_sage_are_chosen_reviewed_settled_and_taken_back(page, brook, sage):
    connected(brook, sage)
    for contact in sage.contacts(sage.business_id()):
        sage.delete_record("contacts", contact["id"])
    with practice_scope(brook.pk):
        a_client("Tarn Foods Limited")
    for name in ("Tarn Foods Ltd", "Nimbus Nine Ltd"):
        sage.add_contact(name, sage.business_id())
    with acting_for(brook.pk):
        sync_contacts()
    page.goto("/p/brook-co/sage/app-clients/")
    expect(page.get_by_role("rowheader", name=re.compile("Tarn Foods Ltd"))).to_be_visible()
    expect(page.get_by_text("differs only by Ltd and Limited").first).to_be_visible()
    sound(page)
    page.get_by_role("link", name="Review all suggested links").click()
    press(page, "Check")
    expect(page.get_by_text("1 linked with a client that is here, 0 new clients")).to_be_visible()
    sound(page)
    press(page, "Carry it out")
    work_on(page, brook)
    with practice_scope(brook.pk):
        assert ContactLink.objects.get().client.name == "Tarn Foods Limited"
    page.goto("/p/brook-co/sage/app-clients/")
    press(page, "Take it back")
    work_on(page, brook)
    with practice_scope(brook.pk):
        assert not ContactLink.objects.exists()
        assert Client.objects.count() == 1


def test_f53_a_contact_that_has_gone_from_sage_is_asked_about_where_clients_are(page, brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        client = a_client("Tarn Foods Ltd", "mina@tarn.example")
        an_invoice(client, on=brook.today())
    work(brook)
    with acting_for(brook.pk):
        sync_contacts()
    sage.delete_record("contacts", sage.contacts(sage.business_id(), name="Tarn Foods Ltd")[0]["id"])
    with acting_for(brook.pk):
        sync_contacts()
    page.goto("/p/brook-co/sage/app-clients/")
    expect(page.get_by_text("Contacts have gone from Sage")).to_be_visible()
    page.get_by_role("link", name="Show it").click()
    page.locator("tbody").get_by_role("link", name="Tarn Foods Ltd").click()
    page.get_by_label("Pages of this client").get_by_role("link", name=re.compile("^Sage")).click()
    expect(page.get_by_text("This client's contact has gone from Sage")).to_be_visible()
    sound(page)
    press(page, "Have a new one made")
    expect(page.get_by_text("This client's contact has gone from Sage")).to_have_count(0)


def test_p03_twins_are_found_merged_and_parted_again(page, brook):
    with practice_scope(brook.pk):
        a_client("Harbour Bakery Ltd", "mina@harbour.example", postal_code="YO21 3PU")
        a_client("Harbour Bakery Limited", "mina@harbour.example", postal_code="YO21 3PU")
    page.goto("/p/brook-co/clients/twins/")
    press(page, "Find duplicates")
    work_on(page, brook)
    page.goto("/p/brook-co/clients/twins/")
    expect(page.locator("tbody tr")).to_contain_text("differs only by Ltd and Limited")
    sound(page)
    page.get_by_role("link", name="Merge…").click()
    sound(page)
    page.get_by_role("button", name=re.compile("^Merge into")).first.click()
    expect(page).not_to_have_url(re.compile("/merge/"))
    assert len(clients_of(brook)) == 1
    page.goto("/p/brook-co/clients/twins/")
    press(page, "Undo")
    expect(page).to_have_title(re.compile("Harbour Bakery L.*, summary"))
    page.goto("/p/brook-co/clients/twins/")
    expect(page.get_by_text("undone")).to_be_visible()
    assert len(clients_of(brook)) == 2
    with practice_scope(brook.pk):
        assert ClientMerge.objects.get().undone_at is not None

"""Aged debt, files to take away, and the list with what is done to many invoices at once."""

import csv
import io
import zipfile
from datetime import timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import Client, ContactPerson
from clients.operations import add_client
from clients.operations.records import assign_client
from invoicing.aged_debt import BUCKETS, NOBODY, Place, aged_debt
from invoicing.models import Invoice, Payment
from invoicing.operations import issue_credit_note, mark_paid, record_payment, void_invoice
from invoicing.views.reports import DEBTS
from ledger.leases import lease_due_postings
from ledger.models import Posting
from ledger.outbox import mark_failed, mark_posted
from practices.job_models import Job, JobRow
from practices.job_steps import run_live_jobs
from practices.models import OutgoingEmail, Practice
from practices.tenancy import acting_for, practice_scope
from practices.workbooks import workbook
from tests.factories import TODAY
from tests.integration.invoicing.documents import a_client, a_draft, a_line, an_invoice, open_the_ledger

D = Decimal
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def path(name: str, practice: Practice, /, **kwargs) -> str:
    return reverse(f"invoicing:{name}", kwargs={"practice": practice.slug, **kwargs})


def owing(client: Client, days: int, *lines) -> Invoice:
    """An invoice so many days past its due date on TODAY."""
    invoice = an_invoice(client, *lines)
    Invoice.objects.filter(pk=invoice.pk).update(
        tax_point=TODAY - timedelta(days=days + 14), due_on=TODAY - timedelta(days=days)
    )
    invoice.refresh_from_db()
    return invoice


@pytest.mark.parametrize(
    ("days", "bucket"), [(-1, 0), (0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4)]
)
def test_a_debt_is_as_old_as_the_days_since_it_was_due(brook, days, bucket):
    with practice_scope(brook.pk):
        owing(a_client(), days)
        debt = aged_debt("client", TODAY)
        assert debt.figures[bucket] == debt.total == D("720")
        assert sum(debt.figures[1:]) == (D("720") if bucket else 0)


@pytest.mark.parametrize("by", ["client", "manager", "service"])
def test_every_way_of_looking_adds_up_to_what_is_outstanding_to_the_penny(brook, cast, by):
    with practice_scope(brook.pk):
        acme, beck = a_client(), a_client("Beck Ltd")
        assign_client(beck, "manager", cast.bob)
        lines = [a_line("Payroll", "0.01"), a_line("Books", "0.01"), a_line("Accounts", "0.02")]
        for number, client in enumerate((acme, beck, acme)):
            invoice = owing(client, number * 40, *[a_line(line.name, str(line.unit_price)) for line in lines])
            mark_paid(invoice, amount=D("0.01"), received_on=TODAY, on=TODAY)
        void_invoice(an_invoice(beck))
        debt = aged_debt(by, TODAY)
        outstanding = sum(Invoice.objects.unpaid().values_list("outstanding", flat=True))
        assert debt.total == outstanding == sum(row.total for row in debt.rows)
        for bucket, figure in enumerate(debt.figures):
            assert sum(row.figures[bucket] for row in debt.rows) == figure


def test_managers_and_services_are_told_by_name(brook, cast):
    with practice_scope(brook.pk):
        assign_client(a_client("Beck Ltd"), "manager", cast.bob)
        owing(Client.objects.get(), 40, a_line("Payroll", "100"), a_line("Books", "300"))
        owing(a_client(), -5)
        assert [row.name for row in aged_debt("manager", TODAY).rows] == ["Bob", NOBODY]
        services = {row.name: row.total for row in aged_debt("service", TODAY).rows}
        assert services == {"Books": D("360"), "Payroll": D("120"), "Annual accounts": D("720")}


def test_the_page_shows_debt_and_nobodys_debt_of_another_practice(brook, cedar, client_of):
    with practice_scope(cedar.pk):
        owing(a_client("Cedar's debtor"), 5)
    page = client_of("alice").get(path("aged-debt", brook)).content.decode()
    assert "Nobody owes anything" in page
    with practice_scope(brook.pk):
        owing(a_client("Beck & Sons"), 5)
    for by in ("client", "manager", "service", "nonsense"):
        page = client_of("alice").get(path("aged-debt", brook), {"by": by})
        assert page.status_code == 200
        assert "£720.00" in page.content.decode()
        assert "Cedar" not in page.content.decode()


def test_headline_figures_are_only_read_where_they_are_shown(brook, client_of):
    with practice_scope(brook.pk):
        owing(a_client(), 5)
    browser, counts = client_of("alice"), []
    browser.get(path("aged-debt", brook))
    for headers in ({}, {"HX-Request": "true"}):
        with CaptureQueriesContext(connection) as asked:
            page = browser.get(path("aged-debt", brook), headers=headers).content.decode()
        assert "£720.00" in page
        counts.append(sum("on_account" in each["sql"] for each in asked))
    assert counts == [1, 0]


def test_a_search_without_a_word_in_it_looks_for_nobody(brook, client_of):
    browser = client_of("alice")
    assert "Nobody of that name" in browser.get(path("aged-debt", brook), {"q": "Beck"}).content.decode()
    assert "Nobody owes anything" in browser.get(path("aged-debt", brook), {"q": "&"}).content.decode()


def test_debtors_stand_in_the_order_of_names_that_clients_stand_in(brook):
    with practice_scope(brook.pk):
        for name in ("éclair Ltd", "Eden Ltd", "Zoo Ltd", "acme Ltd", "Éden Ltd"):
            owing(a_client(name), 5)
        names = list(Client.objects.order_by("name_key", "pk").values_list("name", flat=True))
        assert [row.name for row in aged_debt("client", TODAY, Place("name")).rows] == names


@pytest.mark.parametrize("order", DEBTS.orders)
def test_a_page_of_debtors_is_a_part_of_all_in_their_order_and_says_what_all_come_to(brook, order):
    with practice_scope(brook.pk):
        for number in range(7):
            client = a_client(f"{'dcbagfe'[number].upper()} Vets Ltd")
            owing(client, number * 17 - 20, a_line("Payroll", str(100 + number % 3)))
            owing(client, number % 4 * 10, a_line("Payroll", "10"))
        value = {
            "total": lambda row: (-row.overdue, -row.total),
            "name": lambda row: row.name.casefold(),
            "oldest": lambda row: row.oldest,
        }.get(order, lambda row: -row.figures[int(order[-1])])
        whole = aged_debt("client", TODAY, Place(order))
        assert [value(row) for row in whole.rows] == sorted(map(value, whole.rows))
        pages = [aged_debt("client", TODAY, Place(order, page=page, size=3)) for page in (1, 2, 3)]
        assert [row for page in pages for row in page.rows] == whole.rows
        assert len(whole.rows) == whole.count == 7
        assert aged_debt("client", TODAY, Place(order, page=10**8, size=3)) == pages[-1]
        assert aged_debt("client", TODAY, Place(order, is_turned=True)).rows == whole.rows[::-1]
        for page in pages:
            assert (page.count, page.invoices, page.figures) == (7, 14, whole.figures)
        found = aged_debt("client", TODAY, Place(order, words="d ve", size=3))
        assert [row.name for row in found.rows] == ["D Vets Ltd"]
        assert (found.count, found.invoices, found.total) == (1, 2, found.rows[0].total)
        assert aged_debt("client", TODAY, Place(order, words="nobody")).rows == []


def rows_of_csv(answer) -> list[dict]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def rows_of_workbook(answer) -> list[list[str]]:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in sheet.iter(f"{MAIN}row"):
        assert row.find(f".//{MAIN}f") is None, "no cell is a formula"
        rows.append(["".join(cell.itertext()) for cell in row.iter(f"{MAIN}c")])
    return rows


def test_invoices_lines_and_payments_come_as_csv_with_formulas_made_harmless(brook, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        line = a_line("Payroll", "3.333", "3")
        line.name = "=HYPERLINK(1)"
        invoice = an_invoice(a_client("+Acme; Ltd"), line)
        (posting,) = lease_due_postings()
        mark_posted(posting, external_id="x1", number="SI-42", url="https://sage.example/x1")
        mark_paid(invoice, amount=D("2"), received_on=TODAY, on=TODAY, reference="@ref")
    browser = client_of("alice")
    (row,) = rows_of_csv(browser.get(path("export-file", brook, name="invoices", kind="csv")))
    assert (row["Number"], row["Client"], row["Number in Sage"]) == ("INV-000001", "'+Acme; Ltd", "SI-42")
    assert (row["Net"], row["VAT"], row["Gross"], row["Outstanding"]) == ("10.00", "2.00", "12.00", "10.00")
    assert row["Invoice date"] == "2027-03-10"
    (row,) = rows_of_csv(browser.get(path("export-file", brook, name="lines", kind="csv")))
    assert (row["Name"], row["Unit price"], row["Gross"]) == ("'=HYPERLINK(1)", "3.3330", "12.00")
    (row,) = rows_of_csv(browser.get(path("export-file", brook, name="payments", kind="csv")))
    assert (row["Invoice"], row["On this invoice"], row["Reference"]) == ("INV-000001", "2.00", "'@ref")


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        ("", "In Sage"),
        ("void", "Void in Sage"),
        ("missing", "Missing in Sage"),
        ("cleared", "Credited in Sage"),
    ],
)
def test_files_say_of_what_is_gone_from_sage_that_it_is(brook, client_of, standing, words):
    with practice_scope(brook.pk):
        an_invoice(a_client())
        Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE).update(
            status="posted", external_id="1", external_number="SI-1", standing=standing
        )
    alice = client_of("alice")
    (row,) = rows_of_csv(alice.get(path("export-file", brook, name="invoices", kind="csv")))
    assert row["Sent to Sage"] == words
    (row,) = rows_of_csv(alice.get(reverse("ledger:posting-list", args=[brook.slug]) + "?file=csv"))
    assert row["State"] == words


@pytest.mark.parametrize("by", ["client", "manager", "service"])
def test_nothing_owed_of_an_age_is_an_amount_in_the_file_too(brook, client_of, by):
    with practice_scope(brook.pk):
        owing(a_client(), 0)
    name = "aged-debt" if by == "client" else f"aged-debt-by-{by}"
    (row,) = rows_of_csv(client_of("alice").get(path("export-file", brook, name=name, kind="csv")))
    assert [row[bucket] for bucket in BUCKETS] == ["720.00", "0.00", "0.00", "0.00", "0.00"]
    (row,) = rows_of_csv(client_of("alice").get(path("aged-debt", brook), {"by": by, "file": "csv"}))
    assert [row[bucket] for bucket in BUCKETS] == ["720.00", "0.00", "0.00", "0.00", "0.00"]


@pytest.mark.parametrize(
    "name",
    [
        "invoices", "lines", "credit-notes", "payments",
        "aged-debt", "aged-debt-by-manager", "aged-debt-by-service",
    ],
)  # fmt: skip
def test_every_file_comes_as_a_workbook_with_the_same_rows(brook, client_of, name):
    with practice_scope(brook.pk):
        invoice = owing(a_client("=Acme"), 5)
        mark_paid(invoice, amount=D("20"), received_on=TODAY, on=TODAY)
        if name == "credit-notes":
            issue_credit_note(invoice, reason="=1+1", issued_on=TODAY, on=TODAY)
    browser = client_of("alice")
    plain = rows_of_csv(browser.get(path("export-file", brook, name=name, kind="csv")))
    book = rows_of_workbook(browser.get(path("export-file", brook, name=name, kind="xlsx")))
    assert book[0] == list(plain[0])
    assert len(book) == len(plain) + 1 == 2
    assert browser.get(path("export-file", brook, name=name, kind="pdf")).status_code == 404
    assert browser.get(path("export-file", brook, name="secrets", kind="csv")).status_code == 404


def test_the_files_say_what_counts_and_credit_notes_take_off_what_they_took_back(brook, client_of):
    with practice_scope(brook.pk):
        kept, voided, credited = (an_invoice(a_client(name)) for name in ("Ash Ltd", "Beck Ltd", "Combe Ltd"))
        a_draft(a_client("Dale Ltd"))
        void_invoice(voided)
        issue_credit_note(credited, reason="Billed twice", issued_on=TODAY, on=TODAY)
    browser = client_of("alice")

    def rows(name: str, **chosen: str) -> list[dict[str, str]]:
        return rows_of_csv(browser.get(path("export-file", brook, name=name, kind="csv"), chosen))

    lines, notes = rows("lines"), rows("credit-notes")
    assert [row["State"] for row in lines] == ["Issued", "Void", "Issued", "Draft"]
    assert [(row["Number"], row["Credit note"]) for row in rows("invoices") if row["Credit note"]] == [
        (credited.number_label, "CN-000001")
    ]
    assert [(row["Invoice"], row["Net"], row["VAT"], row["Gross"]) for row in notes] == [
        (credited.number_label, "-600.00", "-120.00", "-720.00")
    ]
    billed = sum(D(row["Gross"]) for row in [*lines, *notes] if row.get("State", "Issued") == "Issued")
    assert billed == kept.gross
    assert rows("credit-notes", since=str(TODAY + timedelta(days=1))) == []


def test_a_workbook_keeps_text_text_and_amounts_and_dates_what_they_are():
    cells = ["=1+1", D("1234.50"), TODAY, 7, True, None, "a\x00b\x0b<&>\ud800"]
    with workbook("In: voices", ["x"], [cells]) as file:
        sheet = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml").decode()
    assert '<is><t xml:space="preserve">=1+1</t></is>' in sheet
    assert "<v>1234.50</v>" in sheet
    assert "<v>46456</v>" in sheet
    assert "ab&lt;&amp;&gt;?" in sheet


def test_a_file_has_what_the_dates_choose_and_payments_go_by_their_own(brook, client_of):
    with practice_scope(brook.pk):
        owing(a_client(), 40)
        mark_paid(an_invoice(a_client("Beck Ltd")), amount=D("1"), received_on=TODAY, on=TODAY)
    browser, chosen = client_of("alice"), {"since": "2027-03-01", "until": "2027-03-31"}
    for name in ("invoices", "payments", "lines"):
        rows = rows_of_csv(browser.get(path("export-file", brook, name=name, kind="csv"), chosen))
        assert [row["Client"] for row in rows] == ["Beck Ltd"]


def shown(browser, practice, **query) -> str:
    return browser.get(path("invoice-list", practice), query).content.decode()


def test_views_of_the_list_tell_failed_changed_credited_and_this_months_run_apart(brook, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        failed = an_invoice(a_client("Failed Ltd"))
        (posting,) = lease_due_postings()
        mark_failed(posting, failure="RateNotMapped", detail="x", remedy="x")
        changed = an_invoice(a_client("Changed Ltd"))
        (posting,) = lease_due_postings()
        mark_posted(posting, external_id="x1", number="SI-1", url="")
        Invoice.objects.filter(pk=changed.pk).update(revision=2)
        credited = an_invoice(a_client("Credited Ltd"))
        issue_credit_note(credited, reason="x", issued_on=TODAY, on=TODAY)
        run = an_invoice(a_client("Run Ltd"))
        today = Practice.objects.get(pk=brook.pk).today()
        Invoice.objects.filter(pk=run.pk).update(source="recurring", tax_point=today, due_on=today)
    browser = client_of("alice")
    for view, name in [
        ("failed", "Failed"),
        ("changed", "Changed"),
        ("credited", "Credited"),
        ("run", "Run"),
    ]:
        page = shown(browser, brook, view=view)
        names = {other for other in ("Failed", "Changed", "Credited", "Run") if f"{other} Ltd" in page}
        assert names == {name}
    assert failed.client.name in shown(
        browser, brook, source="instant", since="2027-03-10", until="2027-03-10"
    )
    assert "No invoice matches" in shown(
        browser, brook, until="2027-03-09", since="2000-01-01", source="upfront"
    )


def test_an_empty_view_says_that_nothing_is_there_and_only_a_search_that_nothing_matches(brook, client_of):
    browser = client_of("alice")
    page = shown(browser, brook, view="in-sage")
    assert "Nothing under “In Sage”" in page
    assert "No invoice matches" not in page
    assert "No invoice matches" in shown(browser, brook, view="in-sage", q="harbour")
    assert "No invoices yet" in shown(browser, brook)


def test_a_view_of_the_list_is_kept_under_a_name(brook, client_of):
    browser = client_of("alice")
    said = {"list": "invoices", "name": "Late", "query": "view=overdue", "back": path("invoice-list", brook)}
    assert browser.post(reverse("practices:view-save", args=[brook.slug]), said).status_code == 303
    assert 'view=overdue" >Late</a>' in shown(browser, brook)


def bulk(browser, practice, act: str, *invoices: Invoice, **said):
    return browser.post(
        path("invoice-bulk", practice), {"act": act, "selected": [invoice.pk for invoice in invoices]} | said
    )


def test_many_drafts_are_issued_by_a_job_and_a_refused_one_keeps_no_other(brook, client_of):
    with practice_scope(brook.pk):
        today = Practice.objects.get(pk=brook.pk).today()
        first, second = a_draft(a_client(), on=today), a_draft(a_client("Beck Ltd"), on=today)
        future = a_draft(a_client("Combe Ltd"), on=today + timedelta(days=9))
    assert bulk(client_of("alice"), brook, "issue", first, second, future).status_code == 303
    with acting_for(brook.pk):
        run_live_jobs()
    with practice_scope(brook.pk):
        assert Invoice.objects.issued().count() == 2
        job = Job.objects.get()
        assert (job.succeeded, job.needs_you) == (2, 1)
        refused = JobRow.objects.get(outcome="needs_you")
        assert "in the future" in refused.message
        assert str(future.pk) in refused.url


def test_all_of_a_list_are_sent_and_who_has_no_address_is_told_of(brook, client_of):
    with practice_scope(brook.pk):
        an_invoice(add_client(Client(name="Acme"), [ContactPerson(name="Sam", email="sam@acme.example")]))
        an_invoice(a_client("Beck Ltd"))
        a_draft(a_client("Combe Ltd"))
    assert bulk(client_of("alice"), brook, "send", everybody="1", query="view=unpaid").status_code == 303
    with acting_for(brook.pk):
        run_live_jobs()
    with practice_scope(brook.pk):
        assert OutgoingEmail.objects.get().to == "sam@acme.example"
        assert (Job.objects.get().succeeded, Job.objects.get().needs_you) == (1, 1)


def test_bulk_acts_need_their_right_an_act_and_ones_own_invoices(brook, cedar, client_of):
    with practice_scope(cedar.pk):
        foreign = an_invoice(a_client())
    with practice_scope(brook.pk):
        invoice = an_invoice(a_client())
    assert bulk(client_of("bob"), brook, "paid", invoice).status_code == 403
    browser = client_of("alice")
    bulk(browser, brook, "nonsense", invoice)
    bulk(browser, brook, "paid", foreign, invoice)
    bulk(browser, brook, "paid")
    with practice_scope(brook.pk):
        assert not Job.objects.exists()
        assert not Payment.objects.exists()


def test_reading_the_list_and_aged_debt_takes_as_many_queries_for_many_as_for_few(
    brook, client_of, django_assert_max_num_queries
):
    with practice_scope(brook.pk):
        for number in range(12):
            owing(a_client(f"Client {number}"), number * 10)
        record_payment(
            Client.objects.first(), received_on=TODAY, amount=D(5), source="by_hand", allocations=[]
        )
    browser = client_of("alice")
    browser.get(path("aged-debt", brook))
    with django_assert_max_num_queries(20):
        browser.get(path("aged-debt", brook))
    with django_assert_max_num_queries(22):
        browser.get(path("invoice-list", brook))

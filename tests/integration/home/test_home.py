"""The home page: every figure on it is the total of the list it leads to, at a cost that does not grow with rows."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from clients.likeness import Verdict
from invoicing.figures import debt_by_age, income_by_month, monthly_by_service
from invoicing.models import BillingSchedule
from invoicing.months import Month, funnel
from invoicing.operations import record_payment, reverse_payment
from invoicing.practicalities import Practicalities
from ledger.leases import lease_due_postings
from ledger.models import Posting
from ledger.outbox import mark_failed, mark_posted
from practices.tenancy import practice_scope
from proposals.models import Proposal
from proposals.periods import add_months
from sage_integration.models import SageConnection, SageContact, SyncRun, TaxRateMapping
from sage_integration.readiness import rates_to_map
from tests.integration.home.questions import questions_of
from tests.integration.invoicing.documents import (
    MONTHLY,
    ON_COMPLETION,
    a_client,
    a_line,
    a_schedule,
    an_invoice,
    bill_without_asking,
    many_schedules,
    open_the_ledger,
)
from tests.integration.proposals import offers
from tests.sage import connected

HOME = "/p/brook-co/"


def pay(invoice, amount: str) -> None:
    record_payment(
        invoice.client,
        received_on=invoice.tax_point,
        amount=Decimal(amount),
        source="by_hand",
        allocations=[(invoice, Decimal(amount))],
    )


@pytest.fixture
def busy(brook):
    """Invoices of this month (in Sage, refused, part paid), an overdue one, work that is late, proposals that wait."""
    today = brook.today()
    with practice_scope(brook.pk):
        open_the_ledger()
        unsigned = offers.a_sent(client=offers.a_client("Mara Hill"), on=today)
        Proposal.objects.filter(pk=unsigned.pk).update(
            sent_at=timezone.now() - timedelta(days=8), valid_until=today + timedelta(days=2)
        )
        client = a_client()
        in_sage = an_invoice(client, a_line(price="100"), on=today)
        an_invoice(client, a_line(price="200"), on=today)
        for posting in lease_due_postings():
            if posting.subject_id == in_sage.pk:
                mark_posted(posting, external_id="1", number="SI-1")
            else:
                mark_failed(posting, failure="MappingMissing", detail="")
        pay(in_sage, "20")
        an_invoice(client, a_line(price="300"), on=today - timedelta(days=70))
        late = a_schedule(ON_COMPLETION, client=client, starts_on=today - timedelta(days=40), on=today)
        BillingSchedule.objects.filter(pk=late.pk).update(completes_on=today - timedelta(days=1))
        a_schedule(MONTHLY, client=client, starts_on=today.replace(day=1), on=today)
    return today


@pytest.fixture
def home(busy, client_of):
    return client_of("alice").get(HOME).context


def test_what_needs_you_counts_what_its_lists_hold(home, client_of):
    browser, found = client_of("alice"), {need.words: need for need in home["needs"]}
    needing = found["1 thing with Sage needs you"]
    inbox = browser.get(needing.url).context
    assert (inbox["open"], inbox["stake"]) == (needing.count, needing.amount)
    assert needing.amount > 0
    overdue = found["1 invoice is overdue"]
    totals = browser.get(overdue.url).context["totals"]
    assert (totals["count"], totals["outstanding"]) == (overdue.count, overdue.amount) == (1, 360)
    by_hand = found["1 piece of work should have been billed by now"]
    rows = browser.get(by_hand.url).context["rows"]
    assert [row.amounts.net for row in rows] == [by_hand.amount]
    unsigned = found["1 proposal is unsigned after a week or more"]
    page = browser.get(unsigned.url).context
    assert page["count"] == unsigned.count
    assert page["worth"].one_off + page["worth"].yearly == unsigned.amount > 0


def test_g89_what_lacks_a_quantity_awaits_approval_or_lost_its_payment_is_counted_and_listed(
    brook, client_of
):
    today = brook.today()
    with practice_scope(brook.pk):
        bill_without_asking(needs_approval=True)
        asked = a_schedule(MONTHLY, client=a_client("Ann"), starts_on=today, on=today)
        BillingSchedule.objects.filter(pk=asked.pk).update(needs_confirming=True)
        for name in ("Bee", "Cy"):
            a_schedule(MONTHLY, client=a_client(name), starts_on=today, on=today)
        bounced = an_invoice(a_client("Di"), a_line(price="50"), on=today)
        received = record_payment(
            bounced.client,
            received_on=today,
            amount=Decimal(60),
            source="sage",
            external_id="p-1",
            allocations=[(bounced, Decimal(60))],
        )
        reverse_payment(received)
    browser = client_of("alice")
    needs = {need.url.partition("?")[2]: need for need in browser.get(HOME).context["needs"]}
    for query, names in (("show=confirm", ["Ann"]), ("show=approve", ["Bee", "Cy"])):
        rows = browser.get(needs[query].url).context["rows"]
        assert [row.client.name for row in rows] == names
        assert needs[query].count == len(names)
    listed = browser.get(needs["view=payment-issue"].url).context
    assert [row["invoice"].pk for row in listed["rows"]] == [bounced.pk]
    assert listed["totals"]["outstanding"] == needs["view=payment-issue"].amount == 60


def test_the_month_is_the_totals_of_the_lists_it_leads_to(home, busy, brook, client_of):
    browser, month = client_of("alice"), {row["label"]: row for row in home["month"]}
    raised = browser.get(month["Raised"]["url"]).context["totals"]
    assert raised["gross"] == month["Raised"]["amount"] == Decimal("360.00")
    assert (
        browser.get(month["In Sage"]["url"]).context["totals"]["gross"] == month["In Sage"]["amount"] == 120
    )
    not_in_sage = browser.get(month["In Sage"]["gap_url"]).context["totals"]
    assert not_in_sage["gross"] == month["In Sage"]["gap"] == 240
    assert raised["gross"] - raised["outstanding"] == month["Paid or credited"]["amount"] == 20
    owed = browser.get(month["Paid or credited"]["gap_url"]).context["totals"]
    assert owed["outstanding"] == month["Paid or credited"]["gap"] == 340
    with practice_scope(brook.pk):
        line = funnel(Month.of(busy), Practicalities.of_the_practice(), today=busy)
    assert month["Expected"]["amount"] == line.agreed - line.skipped
    assert month["Raised"]["gap"] == line.waiting + line.ready > 0


def test_proposals_are_counted_as_their_lists_count_them(home, client_of):
    for row in home["proposals"]:
        count = client_of("alice").get(row["url"]).context["count"]
        assert count == row["value"], row
    assert [row["value"] for row in home["proposals"]] == [1, 0, 1]


def test_the_pictures_hold_what_the_books_hold(busy, brook, client_of):
    with practice_scope(brook.pk):
        income = income_by_month(busy)
        assert [month.first for month in income] == [
            add_months(busy.replace(day=1), -back) for back in range(11, -1, -1)
        ]
        this = income[-1]
        assert (this.raised, this.posted, this.paid) == (360, 120, 20)
        assert sum(month.raised for month in income) == 720
        debts = dict(debt_by_age(busy))
        assert debts == {
            "Not due yet": 340,
            "1 to 30 days": 0,
            "31 to 60 days": 360,
            "61 to 90 days": 0,
            "Over 90 days": 0,
        }
        assert [amount for _, amount in monthly_by_service()] == [Decimal("100.00")]
    page = client_of("alice").get(f"{HOME}pictures/").content.decode()
    for words in ("Nov" if busy.month == 11 else f"{busy:%b}", "31 to 60 days", "Arrived in Sage", "£360.00"):
        assert words in page


def test_each_bar_of_debt_is_the_total_of_the_list_it_leads_to(busy, client_of):
    browser = client_of("alice")
    bars = browser.get(f"{HOME}pictures/").context["debt"]
    assert len(bars) == 5
    assert sum(amount for _, amount, _, _ in bars) == 700
    for label, amount, url, _ in bars:
        assert browser.get(url).context["totals"]["outstanding"] == amount, label


def test_each_bar_of_the_funnel_is_the_count_of_the_list_it_leads_to(brook, client_of):
    today = brook.today()
    with practice_scope(brook.pk):
        client = offers.a_client("Ada Ames", "Ben Birch")
        offers.sign(offers.a_sent(client=client, on=today), on=today)
        offers.a_sent(client=client, on=today)
        offers.a_draft(client=client, on=today)
    browser = client_of("alice")
    for label, count, url, _ in browser.get(f"{HOME}pictures/").context["funnel"]:
        assert browser.get(url).context["count"] == count, label
    for row in browser.get(HOME).context["proposals"]:
        assert browser.get(row["url"]).context["count"] == row["value"], row


def test_vat_rates_and_customers_of_sage_are_counted_as_their_pages_count_them(brook, sage, client_of):
    connection = connected(brook, sage)
    with practice_scope(brook.pk):
        TaxRateMapping.objects.filter(tax_rate__vat_code__in=["reduced", "zero"]).delete()
        for number, verdict in enumerate([Verdict.DOUBTFUL, Verdict.DOUBTFUL, Verdict.NEW]):
            SageContact.objects.create(
                business_id=connection.business_id,
                sage_id=f"x{number}",
                name=f"X{number}",
                verdict=verdict,
                changed_at=timezone.now(),
                seen_at=timezone.now(),
            )
        unmapped = rates_to_map().count()
    browser = client_of("alice")
    found = {need.url.split("?")[0].rsplit("/", 2)[1]: need for need in browser.get(HOME).context["needs"]}
    form = browser.get(found["vat"].url).context["form"]
    without = [rate for rate, _, _, standing in form.rows() if not standing.word.startswith("Saved")]
    assert found["vat"].count == unmapped == len(without) > 0
    customers = found["app-clients"]
    assert browser.get(customers.url).context["found"] == "2 contacts"
    assert customers.count == 2


def test_home_alone_fetches_the_pictures_without_the_page_around_them(busy, client_of):
    whole = client_of("alice").get(f"{HOME}pictures/").content.decode()
    part = client_of("alice").get(f"{HOME}pictures/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" in whole
    assert "<html" not in part
    assert "Aged debt" in part


def test_a_practice_without_invoices_reads_words_instead_of_an_empty_picture(brook, client_of):
    shown = client_of("alice").get(f"{HOME}pictures/").content.decode()
    assert "Nothing was raised in the last twelve months." in shown
    assert "Raised, in Sage" not in shown
    for words in ("Nobody owes anything.", "No proposals yet.", "Services appear here once a proposal"):
        assert words in shown
    assert "Over 90 days" not in shown


def test_what_happened_names_whose_it_is_and_leads_there(home, client_of):
    events = {event["text"]: event for event in home["recent"]}
    issued = events["Invoice issued"]
    page = client_of("alice").get(issued["url"])
    assert page.status_code == 200
    assert page.context["invoice"].client.name == issued["detail"]
    assert "Colleague signed in" not in events


def test_what_happened_with_sage_leads_to_the_document_it_is_about(home, client_of):
    events = {event["text"]: event for event in home["recent"]}
    refused = client_of("alice").get(events["Did not reach Sage"]["url"])
    assert refused.context["posting"].reference == events["Did not reach Sage"]["detail"]


def test_another_practice_changes_nothing_on_home(busy, client_of):
    page = client_of("carol").get("/p/cedar-llp/").context
    assert page["needs"] == []
    assert {row["amount"] for row in page["month"]} == {0}


@pytest.mark.parametrize("address", [HOME, f"{HOME}pictures/"])
def test_home_asks_the_same_few_questions_however_many_rows_there_are(busy, brook, client_of, address):
    browser = client_of("alice")
    browser.get(address)
    before = questions_of(browser, address)
    with practice_scope(brook.pk):
        many_schedules(30, on=busy)
        client = a_client("Second Ltd")
        for _ in range(5):
            an_invoice(client, on=busy)
        assert Posting.objects.count() > 5
    after = questions_of(browser, address)
    assert len(after) == len(before), after
    assert len(after) <= 15, after


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "checked just now"), (2, "checked 2 min ago"), (200, "checked 3\xa0hours, 20\xa0minutes ago")],
)
def test_the_top_bar_says_on_every_page_when_sage_was_read_last(brook, sage, client_of, minutes, words):
    connected(brook, sage)
    browser, at = client_of("alice"), timezone.now() - timedelta(minutes=minutes)
    with practice_scope(brook.pk):
        SageConnection.objects.update(enabled_at=timezone.now() - timedelta(days=1))
        SyncRun.objects.create(kind="payments", started_at=at, finished_at=at)
    for page in ("", "billing/", "invoices/", "settings/team/"):
        shown = browser.get(f"/p/brook-co/{page}").content.decode()
        assert f">Sage: connected, {words}</span>" in shown, page


def test_the_sage_item_of_the_menu_counts_what_needs_somebody_and_what_waits(brook, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        client = a_client("Counted Ltd")
        for _ in range(3):
            an_invoice(client, on=brook.today())
        mark_failed(Posting.objects.earliest("pk"), failure="RateNotMapped")
    items = client_of("alice").get("/p/brook-co/").context["nav"]()
    assert [item["label"] for item in items if item["counters"]] == ["Sage"]
    (sage,) = [item["counters"] for item in items if item["label"] == "Sage"]
    assert [(each["count"], each["tone"]) for each in sage] == [(1, "bad"), (2, "neutral")]

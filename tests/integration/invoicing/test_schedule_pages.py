"""The pages on which services are billed by hand, changed, paused, moved and looked through."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.models import BilledPeriod, BillingSchedule, ComingBill, Invoice
from invoicing.operations import bill_due_periods, close_holes, hold_bills, pause_billing, skip_period
from invoicing.period_ledger import ledger_of
from practices.templatetags.dates import written_date
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import (
    MONTHLY,
    ON_COMPLETION,
    a_client,
    a_proposal,
    a_schedule,
    accept,
    bill_without_asking,
)


@pytest.fixture
def acme(brook):
    """A client with monthly work that begins today and work billed on completion."""
    today = brook.today()
    with practice_scope(brook.pk):
        client = a_client()
        offer = a_proposal(
            MONTHLY | {"name": "Books"}, ON_COMPLETION | {"name": "Accounts"}, client=client, starts_on=today
        )
        accept(offer, on=today)
    return client


def schedule(brook, name: str) -> BillingSchedule:
    with practice_scope(brook.pk):
        return BillingSchedule.objects.get(name=name)


def address(brook, name: str, *more) -> str:
    return reverse(f"invoicing:{name}", args=[brook.slug, *more])


def test_g63_the_schedule_has_two_parts_and_g64_what_is_late_is_on_top(brook, acme, client_of):
    books, today = schedule(brook, "Books"), brook.today()
    with practice_scope(brook.pk):
        BillingSchedule.objects.filter(pk=books.pk).update(mode="manual")
    page = client_of("bob").get(address(brook, "client-schedule", acme.pk)).content.decode()
    by_hand, by_itself = page.split('id="by-itself"')
    assert "Accounts" in by_hand
    assert "When complete" in by_hand
    assert "Nothing of this client is billed automatically" in by_itself
    with practice_scope(brook.pk):
        BillingSchedule.objects.filter(pk=books.pk).update(mode="automatic")
        hold_bills([(books.pk, today)], reason="Ask")
        ComingBill.objects.update(bills_on=today - timedelta(days=3))
        BillingSchedule.objects.filter(pk=books.pk).update(next_bill_on=today - timedelta(days=3))
    late = client_of("bob").get(address(brook, "client-schedule", acme.pk)).content.decode()
    assert late.index("Overdue") < late.index("When complete")


def test_g68_chosen_items_are_reviewed_priced_and_issued_and_nothing_else(brook, acme, client_of):
    books, accounts, today = schedule(brook, "Books"), schedule(brook, "Accounts"), brook.today()
    browser, keys = client_of("alice"), [f"{each.pk}:{today}" for each in (books, accounts)]
    review = browser.get(address(brook, "client-bill", acme.pk), {"selected": keys})
    assert "2 invoices result" in review.content.decode()
    [key] = keys[1:]
    answer = browser.post(
        address(brook, "client-bill", acme.pk),
        {"item": [key], f"{key}-quantity": "2", f"{key}-unit_price": "75.50", "then": "issue"},
        follow=True,
    )
    assert "1 invoice is issued" in answer.content.decode()
    with practice_scope(brook.pk):
        invoice = Invoice.objects.get()
        assert (invoice.net, invoice.source, invoice.tax_point) == (151, "on_completion", today)
        assert bill_due_periods(on=today).invoices == 1


def test_a_price_and_a_quantity_stand_in_their_fields_as_somebody_would_type_them(brook, acme, client_of):
    browser, books, today = client_of("alice"), schedule(brook, "Books"), brook.today()
    with practice_scope(brook.pk):
        BillingSchedule.objects.filter(pk=books.pk).update(unit_price=100)
    review = browser.get(address(brook, "client-bill", acme.pk), {"selected": [f"{books.pk}:{today}"]})
    one = browser.get(address(brook, "bill-edit", books.pk, today.isoformat()))
    for answer in (review, one):
        fields = dict(
            re.findall(r'name="(?:[\w:-]*-)?(quantity|unit_price)" value="([^"]*)"', answer.content.decode())
        )
        assert fields == {"quantity": "1", "unit_price": "100"}


def test_g70_the_review_says_how_many_invoices_the_practices_rule_makes(brook, acme, client_of):
    with practice_scope(brook.pk):
        more = a_proposal(MONTHLY | {"name": "Payroll"}, client=acme, starts_on=brook.today())
        accept(more, on=brook.today())
    keys = [f"{schedule(brook, name).pk}:{brook.today()}" for name in ("Books", "Payroll")]
    browser = client_of("alice")
    for grouping, words in (("client", "One invoice results"), ("proposal", "2 invoices result")):
        with practice_scope(brook.pk):
            bill_without_asking(grouping=grouping)
        review = browser.get(address(brook, "client-bill", acme.pk), {"selected": keys})
        assert words in review.content.decode()


def test_g68_wrong_figures_and_other_peoples_work_are_refused(brook, acme, client_of):
    browser, books = client_of("alice"), schedule(brook, "Books")
    key, page = f"{books.pk}:{brook.today()}", address(brook, "client-bill", acme.pk)
    wrong = {"item": [key], f"{key}-quantity": "0.123456", f"{key}-unit_price": "-1", "then": "issue"}
    assert browser.post(page, wrong).status_code == 422
    with practice_scope(brook.pk):
        other = a_client("Other")
    assert browser.get(address(brook, "client-bill", other.pk), {"selected": [key]}).status_code == 404
    for rubbish in ("x", "1:x", f"{books.pk}:2027-13-01", "9" * 30):
        assert browser.get(page, {"selected": [rubbish]}).status_code == 404
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()


def test_g65_one_bill_is_changed_held_split_and_left_out_from_its_page(brook, acme, client_of):
    browser, books, today = client_of("alice"), schedule(brook, "Books"), brook.today()
    page = address(brook, "bill-edit", books.pk, today.isoformat())
    act = address(brook, "bill-act", books.pk, today.isoformat())
    assert browser.get(page).status_code == 200
    assert browser.post(page, {"quantity": "1", "unit_price": "0.00005"}).status_code == 422
    later = today + timedelta(days=9)
    assert browser.post(page, {"bills_on": later, "quantity": "1", "unit_price": "80"}).status_code == 303
    with practice_scope(brook.pk):
        assert ComingBill.objects.get().bills_on == later
        assert BillingSchedule.objects.get(pk=books.pk).next_bill_on == later
    assert "held" in browser.post(act, {"act": "hold", "reason": "Ask"}, follow=True).content.decode()
    assert "approved" in browser.post(act, {"act": "approve"}, follow=True).content.decode()
    split = browser.post(act, {"act": "split", "amount": "30", "bills_on": later}, follow=True)
    assert "30.00 of it is billed on" in split.content.decode()
    assert "Say why" in browser.post(act, {"act": "skip"}, follow=True).content.decode()
    assert "left out" in browser.post(act, {"act": "skip", "reason": "Gift"}, follow=True).content.decode()
    assert "due again" in browser.post(act, {"act": "unskip"}, follow=True).content.decode()
    assert browser.get(address(brook, "bill-edit", books.pk, "rubbish")).status_code == 404


@pytest.mark.parametrize(("until", "coming"), [(None, 0), (date(2027, 6, 1), 2)])
def test_g66_what_falls_into_a_pause_is_not_said_to_be_coming(brook, until, coming):
    with practice_scope(brook.pk):
        books = a_schedule(MONTHLY, starts_on=date(2027, 4, 1), on=date(2027, 3, 10))
        paused = pause_billing(books, on=date(2027, 3, 10), until=until)
        ahead = {"since": date(2027, 4, 1), "until": date(2027, 7, 31), "on": date(2027, 3, 10)}
        states = [entry.state for entry in ledger_of([paused], **ahead)]
    assert states == ["paused"] * (4 - coming) + ["coming"] * coming


def test_g66_g67_a_service_is_paused_moved_and_ended_from_its_page(brook, acme, client_of):
    browser, books, today = client_of("alice"), schedule(brook, "Books"), brook.today()
    detail = address(brook, "schedule-detail", books.pk)
    assert browser.get(detail).status_code == 200
    moved_to = today + timedelta(days=5)
    look = browser.get(address(brook, "schedule-move", books.pk), {"starts_on": moved_to.isoformat()})
    assert "5 days would never be billed" in look.content.decode()
    assert schedule(brook, "Books").next_starts_on == today
    browser.post(address(brook, "schedule-move", books.pk), {"starts_on": moved_to})
    assert schedule(brook, "Books").next_starts_on == moved_to
    browser.post(address(brook, "schedule-mode", books.pk), {"mode": "manual"})
    assert schedule(brook, "Books").mode == "manual"
    until = today + timedelta(days=40)
    browser.post(address(brook, "schedule-hold", books.pk), {"until": until, "reason": "Quiet season"})
    assert (schedule(brook, "Books").status, schedule(brook, "Books").paused_until) == ("paused", until)
    assert "Quiet season" in browser.get(detail).content.decode()


def test_the_ledger_of_a_service_names_every_period(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        books = a_schedule(MONTHLY, starts_on=date(2027, 1, 1), on=date(2027, 1, 1))
        bill_due_periods(on=date(2027, 2, 1))
        books.refresh_from_db()
        skip_period(books, date(2027, 3, 1), reason="Goodwill")
        hold_bills([(books.pk, date(2027, 4, 1))], reason="Ask")
        books.refresh_from_db()
        entries = ledger_of([books], since=date(2027, 1, 1), until=date(2027, 6, 30), on=date(2027, 5, 2))
        assert [(entry.period.starts_on.month, entry.state, entry.gross) for entry in entries] == [
            (1, "billed", None),
            (2, "billed", None),
            (3, "skipped", Decimal(120)),
            (4, "waiting", Decimal(120)),
            (5, "due", Decimal(120)),
            (6, "coming", Decimal(120)),
        ]


def test_a_hole_is_found_daily_and_put_before_somebody_with_its_own_date(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        books = a_schedule(MONTHLY, starts_on=date(2027, 1, 1), on=date(2027, 1, 1))
        bill_due_periods(on=date(2027, 3, 1))
        assert close_holes() == (0, None)
        BilledPeriod.objects.filter(starts_on=date(2027, 2, 1)).delete()
        assert close_holes() == (1, None)
        assert close_holes() == (0, None)
        books.refresh_from_db()
        assert (books.next_starts_on, books.next_bill_on) == (date(2027, 2, 1), date(2027, 2, 1))
        assert bill_due_periods(on=date(2027, 3, 2)).waiting == 1


def test_g41_a_service_ends_on_a_day_of_choice_and_all_of_them_from_the_clients_page(brook, acme, client_of):
    books, today, alice = schedule(brook, "Books"), brook.today(), client_of("alice")
    page = alice.get(address(brook, "schedule-detail", books.pk)).content.decode()
    assert "Last day" in page
    last = today + timedelta(days=40)
    alice.post(address(brook, "schedule-end", books.pk), {"on": f"{last}"})
    assert schedule(brook, "Books").ends_on == last
    assert "Take the end back" in alice.get(address(brook, "schedule-detail", books.pk)).content.decode()
    services = address(brook, "client-services", acme.pk)
    assert "2 services of Acme Dental Ltd will end" in alice.get(services).content.decode()
    said = alice.post(address(brook, "client-end", acme.pk), {"on": f"{today}"}, follow=True)
    assert "2 services end on" in said.content.decode()
    assert schedule(brook, "Accounts").status == "ended"
    assert "will end" not in alice.get(services).content.decode()
    wrong = alice.post(address(brook, "client-end", acme.pk), {"on": "soon"}, follow=True)
    assert "Enter the last day as a date" in wrong.content.decode()


def test_g41_a_service_that_has_not_begun_is_called_off_with_an_earlier_day(brook, client_of):
    today, alice = brook.today(), client_of("alice")
    with practice_scope(brook.pk):
        upcoming = a_schedule(MONTHLY, starts_on=today + timedelta(days=20), on=today)
    alice.post(address(brook, "schedule-end", upcoming.pk), {"on": f"{today}"})
    page = alice.get(address(brook, "schedule-detail", upcoming.pk)).content.decode()
    assert "Take the end back" in page
    assert "Coming" not in page
    alice.post(address(brook, "schedule-reopen", upcoming.pk))
    assert "Coming" in alice.get(address(brook, "schedule-detail", upcoming.pk)).content.decode()


def test_g41_ending_many_today_ends_what_runs_and_calls_off_what_has_not_begun(brook, acme, client_of):
    today, alice = brook.today(), client_of("alice")
    with practice_scope(brook.pk):
        upcoming = a_schedule(MONTHLY, starts_on=today + timedelta(days=20), on=today, client=acme)
    chosen = [upcoming.pk, schedule(brook, "Books").pk]
    said = alice.post(
        address(brook, "billing-act"), {"act": "end", "selected": chosen}, follow=True
    ).content.decode()
    assert "2 services are ended." in said
    with practice_scope(brook.pk):
        upcoming.refresh_from_db()
    assert (upcoming.status, upcoming.ends_on) == ("ended", None)
    assert schedule(brook, "Books").ends_on == today


def test_after_a_change_the_list_is_as_it_was_looked_at(brook, acme, client_of):
    alice, books = client_of("alice"), schedule(brook, "Books")
    looked_at = "q=acme&sort=-service&columns=client&columns=net"
    page = alice.get(f"{address(brook, 'billing')}?{looked_at}").content.decode()
    assert f'name="query" value="{looked_at.replace("&", "&amp;")}"' in page
    sent = {"query": f"{looked_at}&file=csv&next=//elsewhere.example", "act": "pause", "selected": books.pk}
    for change in (address(brook, "billing-act"), address(brook, "schedule-resume", books.pk)):
        back = alice.post(change, sent)
        assert (back.status_code, back.url) == (303, f"{address(brook, 'billing')}?{looked_at}")


def test_4_7_a_service_has_the_same_state_on_its_clients_page_and_on_its_own(brook, acme, client_of):
    alice, until = client_of("alice"), brook.today() + timedelta(days=40)
    own = address(brook, "schedule-detail", schedule(brook, "Books").pk)
    clients = address(brook, "client-services", acme.pk)

    def shown() -> list[tuple[str, str, str]]:
        rows = alice.get(clients).context["rows"]
        on_clients_page = next(row["state"] for row in rows if row["schedule"].name == "Books")
        return [alice.get(own).context["state"], on_clients_page]

    assert shown() == [("Active", "good", "")] * 2
    alice.post(own + "hold/", {"until": until.isoformat(), "reason": "On leave"})
    assert shown() == [("Paused", "warn", "pause")] * 2
    assert f">{written_date(until)}</time></span>" in alice.get(clients).content.decode()

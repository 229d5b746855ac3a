"""The month-end page: what changed, what waits, the balancing line, approval of everybody, and the sign-off (G75)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clients.operations import add_group, bill_to
from invoicing import errors
from invoicing.models import BilledPeriod, BillingSchedule, ComingBill, Invoice, MonthSignOff
from invoicing.month_clients import clients_of
from invoicing.month_end import page_of_clients
from invoicing.months import Month, funnel
from invoicing.operations import (
    bill_due_periods,
    change_bill,
    end_billing,
    hold_bills,
    sign_off_month,
    skip_period,
)
from invoicing.practicalities import Practicalities
from ledger.models import Posting
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import (
    MONTHLY,
    a_client,
    a_line,
    a_schedule,
    an_invoice,
    bill_without_asking,
    many_schedules,
    open_the_ledger,
)

APRIL, MAY = date(2027, 4, 1), date(2027, 5, 1)
QUARTERLY = MONTHLY | {"every": 3}


def month_of(on: date) -> dict:
    """The rows of a month by the client's name."""
    known = Practicalities.of_the_practice()
    month = Month.of(on)
    rows = page_of_clients(month, list(clients_of(month, "", known)), known, today=on)
    return {row.client.name: row for row in rows}


def test_g75_each_client_shows_last_month_beside_this_one_and_the_kind_of_change(brook):
    with practice_scope(brook.pk):
        made = {}
        for name in ("Same", "Priced", "Quantity", "Ending", "Quarterly"):
            rule = QUARTERLY if name == "Quarterly" else MONTHLY
            made[name] = a_schedule(rule | {"name": "Books"}, client=a_client(name), starts_on=APRIL)
        bill_due_periods(on=APRIL)
        an_invoice(a_client("Once"), a_line("Advice", "50"), on=MAY)
        a_schedule(MONTHLY | {"name": "Books"}, client=a_client("Newcomer"), starts_on=MAY, on=MAY)
        change_bill(made["Priced"], MAY, unit_price=Decimal(130))
        change_bill(made["Quantity"], MAY, quantity=Decimal(2))
        end_billing(made["Ending"], on=date(2027, 4, 30))
        rows = month_of(MAY)
        assert {name: row.changes for name, row in rows.items()} == {
            "Same": [],
            "Priced": ["Price"],
            "Quantity": ["Quantity"],
            "Ending": ["Ended"],
            "Quarterly": [],
            "Once": ["One-off"],
            "Newcomer": ["New"],
        }
        assert (rows["Priced"].before.gross, rows["Priced"].now.gross) == (120, 156)
        assert rows["Priced"].warnings == ["Price jump: Books"]
        assert rows["Quarterly"].now.gross == 0


def test_g75_a_one_off_of_the_month_before_says_why_less_is_billed(brook):
    with practice_scope(brook.pk):
        books = a_schedule(MONTHLY | {"name": "Books"}, client=a_client("Both"), starts_on=APRIL)
        an_invoice(books.client, a_line("Advice", "50"), on=APRIL)
        bill_due_periods(on=APRIL)
        april, may = (month_of(on)["Both"] for on in (APRIL, MAY))
        assert (april.billed_now, may.billed_now) == (2, 1)
        assert may.changes == ["One-off"]
        [line] = [line for line in may.lines if line.change]
        assert (line.net_before, line.net_now) == (50, None)


def test_g75_a_one_off_of_a_service_that_recurs_is_no_other_price_of_it(brook):
    with practice_scope(brook.pk):
        books = a_schedule(MONTHLY | {"name": "Books"}, client=a_client("Both"), starts_on=APRIL)
        bill_due_periods(on=APRIL)
        bill_due_periods(on=MAY)
        an_invoice(books.client, a_line("Books", "650"), on=MAY)
        row = month_of(MAY)["Both"]
        assert (row.changes, row.warnings) == (["One-off"], [])
        [line] = row.lines
        assert (line.net_before, line.net_now) == (100, 750)


def test_g49_g75_what_somebody_else_pays_stands_on_the_row_of_whom_it_is_for(brook, client_of):
    with practice_scope(brook.pk):
        holding, trading = a_client("Holding"), a_client("Trading")
        add_group("The group", [holding, trading])
        a_schedule(MONTHLY | {"name": "Books"}, client=trading, starts_on=APRIL)
        bill_to(trading, holding)
        bill_due_periods(on=APRIL)
        assert Invoice.objects.get().client == holding
        for on, before, now in ((APRIL, 0, 120), (MAY, 120, 120)):
            row = month_of(on)["Trading"]
            assert (row.before.gross, row.now.gross, row.payer) == (before, now, "Holding")
            assert row.changes == (["New"] if on == APRIL else [])
            assert month_of(on)["Holding"].changes == []
            assert month_of(on)["Holding"].now.gross == 0
        bill_due_periods(on=MAY)
        known = Practicalities.of_the_practice()
        assert trading in clients_of(Month.of(MAY), "billed", known)
        assert month_of(MAY)["Trading"].state[0] == "Billed"
    page = client_of("alice").get(
        reverse("invoicing:month-end", args=[brook.slug]), {"month": "2027-05", "q": "Trading"}
    )
    assert "invoices go to Holding" in page.text
    assert (page.context["before"], page.context["now"]) == (120, 120)


def test_g75_what_needs_a_look_is_said_before_it_is_approved(brook):
    with practice_scope(brook.pk):
        refused = a_schedule(MONTHLY, client=a_client("Refused"), starts_on=APRIL)
        bill_due_periods(on=APRIL)
        Posting.objects.filter(subject_id=Invoice.objects.get(client=refused.client).pk).update(
            status="failed", failure="AmbiguousContact"
        )
        variable = a_schedule(MONTHLY, client=a_client("Variable"), starts_on=MAY)
        BillingSchedule.objects.filter(pk=variable.pk).update(needs_confirming=True)
        archived = a_schedule(MONTHLY, client=a_client("Archived"), starts_on=MAY).client
        archived.status = "archived"
        archived.save(update_fields=["status"])
        warnings = {name: row.warnings for name, row in month_of(MAY).items()}
        assert warnings == {
            "Refused": ["Several contacts in Sage"],
            "Variable": ["Quantity or price missing"],
            "Archived": ["Client is archived"],
        }


def test_the_funnel_balances_to_the_penny_from_agreed_to_paid(brook):
    with practice_scope(brook.pk):
        open_the_ledger()
        schedules = [
            a_schedule(MONTHLY | {"price": "33.335"}, client=a_client(f"Client {n}"), starts_on=MAY)
            for n in range(6)
        ]
        skip_period(schedules[0], MAY, reason="Goodwill")
        hold_bills([(schedules[1].pk, MAY)], reason="Ask first")
        BillingSchedule.objects.filter(pk=schedules[2].pk).update(mode="manual")
        change_bill(schedules[3], MAY, bills_on=date(2027, 5, 20))
        bill_due_periods(on=MAY)
        first = Invoice.objects.order_by("id").first()
        Posting.objects.filter(subject_id=first.pk).update(status="posted", external_id="x")
        Invoice.objects.filter(pk=first.pk).update(outstanding=Decimal("10.00"))
        line = funnel(Month.of(MAY), Practicalities.of_the_practice(), today=MAY)
        each = Decimal("40.01")
        assert (line.skipped, line.waiting, line.ready) == (each, 2 * each, each)
        assert (line.billed, line.posted, line.not_posted) == (2 * each, each, each)
        assert (line.owed, line.paid) == (each + 10, each - 10)
        assert line.agreed == 6 * each
        assert (line.waiting_bills, line.ready_bills) == (2, 1)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_clean_bills_are_approved_where_bills_wait_whatever_they_come_to(brook, client_of, headers):
    with practice_scope(brook.pk):
        bill_without_asking(needs_approval=True)
        for schedule in many_schedules(2, on=brook.today()):
            BillingSchedule.objects.filter(pk=schedule.pk).update(unit_price=0)
    browser, page = client_of("alice"), reverse("invoicing:month-end", args=[brook.slug])
    assert "Approve all clean" in browser.get(page, headers=headers).content.decode()
    with practice_scope(brook.pk):
        bill_without_asking()
    assert "Approve all clean" not in browser.get(page, headers=headers).content.decode()


def test_g75_four_hundred_clients_are_approved_at_once_and_billed(brook, client_of):
    with practice_scope(brook.pk):
        bill_without_asking(needs_approval=True)
        today = brook.today()
        many_schedules(400, on=today)
    browser = client_of("alice")
    page = reverse("invoicing:month-end", args=[brook.slug])
    assert "Waiting" in browser.get(page).content.decode()
    with CaptureQueriesContext(connection) as queries:
        answer = browser.post(
            reverse("invoicing:month-act", args=[brook.slug]),
            {"month": f"{today:%Y-%m}", "show": "waiting", "everybody": "1", "act": "approve"},
            follow=True,
        )
    assert "400 bills are approved" in answer.content.decode()
    assert len(queries) < 90
    with practice_scope(brook.pk):
        assert ComingBill.objects.filter(approved_at__isnull=False).count() == 400
        assert AuditEntry.objects.filter(action="schedule.bill_approved").count() == 400
        assert bill_due_periods(on=today).invoices == 400


def test_the_page_asks_as_many_questions_for_fifty_clients_as_for_three(brook, cedar, client_of):
    counts = []
    for practice, name, clients in ((brook, "alice", 3), (cedar, "carol", 50)):
        with practice_scope(practice.pk):
            many_schedules(clients, on=practice.today())
            bill_due_periods(on=practice.today())
        browser = client_of(name)
        page = reverse("invoicing:month-end", args=[practice.slug])
        browser.get(page)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(page).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 40


def test_ticked_clients_are_held_or_left_out_with_a_reason(brook, client_of):
    with practice_scope(brook.pk):
        today = brook.today()
        held, left_out = (each.client_id for each in many_schedules(2, on=today))
    browser, act = client_of("alice"), reverse("invoicing:month-act", args=[brook.slug])
    common = {"month": f"{today:%Y-%m}"}
    refused = browser.post(act, common | {"selected": [held], "act": "hold"}, follow=True)
    assert "Say why" in refused.content.decode()
    browser.post(act, common | {"selected": [held], "act": "hold", "reason": "Ask the client"})
    browser.post(act, common | {"selected": [left_out], "act": "skip", "reason": "Goodwill"})
    with practice_scope(brook.pk):
        assert ComingBill.objects.get().held_reason == "Ask the client"
        assert BilledPeriod.objects.get().skip_reason == "Goodwill"
        assert bill_due_periods(on=today).invoices == 0


def test_a_month_is_signed_off_once_nothing_is_left_and_says_what_changed_since(brook, cast, client_of):
    with practice_scope(brook.pk):
        today = brook.today()
        many_schedules(1, on=today)
        with pytest.raises(errors.MonthIsOpen):
            sign_off_month(Month.of(today), by=cast.alice, on=today)
        bill_due_periods(on=today)
        with pytest.raises(errors.MonthNotBegun):
            sign_off_month(Month.of(today).after, by=cast.alice, on=today)
    browser, sign = client_of("alice"), reverse("invoicing:month-sign-off", args=[brook.slug])
    month = {"month": f"{today:%Y-%m}"}
    shown = browser.get(
        reverse("invoicing:month-end", args=[brook.slug]) + f"?month={Month.of(today).after.key}"
    )
    assert errors.MonthNotBegun.message in shown.content.decode(), "said beside the button"
    assert "Signed off by" in browser.post(sign, month, follow=True).content.decode()
    with practice_scope(brook.pk):
        signed = MonthSignOff.objects.get()
        assert (signed.signed_by, signed.figures["billed"]) == (cast.alice, "120.00")
        with pytest.raises(errors.MonthIsSignedOff):
            sign_off_month(Month.of(today), by=cast.alice, on=today)
        an_invoice(a_client("Late"), a_line("Advice", "50"), on=today)
    page = browser.get(reverse("invoicing:month-end", args=[brook.slug]))
    assert "changed since" in page.content.decode()


def test_g76_what_is_billed_late_into_a_month_that_is_signed_off_is_taken_and_marked(brook, cast, client_of):
    today = brook.today()
    with practice_scope(brook.pk):
        an_invoice(a_client("In Time Ltd"), on=today.replace(day=1))
        sign_off_month(Month.of(today), by=cast.alice, on=today)
        late = an_invoice(a_client("Late Ltd"), on=today.replace(day=1))
        Invoice.objects.filter(pk=late.pk).update(issued_at=timezone.now() + timedelta(hours=1))
    page = client_of("alice").get(reverse("invoicing:month-end", args=["brook-co"]))
    warnings = {row.client.name: row.warnings for row in page.context["rows"]}
    assert warnings == {"In Time Ltd": [], "Late Ltd": [f"Billed after sign-off: {late.number_label}"]}
    assert "What is billed has changed since." in page.content.decode()


def test_staff_see_the_month_and_change_nothing(brook, client_of):
    browser = client_of("bob")
    page = browser.get(reverse("invoicing:month-end", args=[brook.slug]) + "?month=rubbish")
    assert page.status_code == 200
    assert "Sign off" not in page.content.decode()
    assert browser.post(reverse("invoicing:month-act", args=[brook.slug])).status_code == 403
    assert browser.post(reverse("invoicing:month-sign-off", args=[brook.slug])).status_code == 403


def test_idea_14_an_invoice_in_its_quiet_time_is_listed_and_undone_from_the_page(brook, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        bill_without_asking(quiet_minutes=60)
        today = brook.today()
        many_schedules(1, on=today)
        bill_due_periods(on=today)
        invoice = Invoice.objects.get()
    browser = client_of("alice")
    assert "Leaving soon" in browser.get(reverse("invoicing:month-end", args=[brook.slug])).content.decode()
    browser.post(reverse("invoicing:invoice-undo", args=[brook.slug, invoice.pk]))
    with practice_scope(brook.pk):
        assert Posting.objects.get().status == "cancelled"
    assert (
        "Leaving soon" not in browser.get(reverse("invoicing:month-end", args=[brook.slug])).content.decode()
    )


def test_idea_14_an_invoice_is_undone_from_its_own_page_while_it_is_quiet(brook, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        bill_without_asking(quiet_minutes=30)
        a_schedule(MONTHLY, starts_on=brook.today(), on=brook.today())
        bill_due_periods(on=brook.today())
        invoice = Invoice.objects.get()
    browser, page = client_of("alice"), reverse("invoicing:invoice-detail", args=[brook.slug, invoice.pk])
    undo = reverse("invoicing:invoice-undo", args=[brook.slug, invoice.pk])
    assert undo in browser.get(page).text
    assert "is undone" in browser.post(undo, follow=True).text
    assert undo not in browser.get(page).text
    with practice_scope(brook.pk):
        later = an_invoice(a_client("Later"), on=brook.today())
        Posting.objects.filter(subject_id=later.pk).update(not_before=timezone.now())
    assert "/undo/" not in browser.get(reverse("invoicing:invoice-detail", args=[brook.slug, later.pk])).text


def test_the_first_and_the_last_month_there_are_can_be_looked_at(brook, client_of):
    browser = client_of("alice")
    for text in ("0001-01", "9999-12", "2100-12", "2000-01"):
        page = browser.get(reverse("invoicing:month-end", args=[brook.slug]) + f"?month={text}")
        assert page.status_code == 200


def test_four_weekly_bills_of_a_month_that_lies_ahead_are_ready_and_not_missed(brook):
    with practice_scope(brook.pk):
        a_schedule(MONTHLY | {"period": "week"}, client=a_client("Weekly"), starts_on=date(2027, 5, 3))
        row = month_of(MAY)["Weekly"]
        assert (row.coming, row.waiting) == (5, 0)
        line = funnel(Month.of(MAY), Practicalities.of_the_practice(), today=MAY)
        assert (line.ready_bills, line.waiting_bills) == (5, 0)
        late = funnel(Month.of(MAY), Practicalities.of_the_practice(), today=date(2027, 5, 17))
        assert (late.ready_bills, late.waiting_bills) == (2, 3)

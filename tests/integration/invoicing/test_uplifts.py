"""Many fees raised together: looked at, planned client by client, told, applied on the day, undone before it (G39)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from clients.operations import tag_client
from invoicing.client_plan import client_plan
from invoicing.coming import coming_total
from invoicing.errors import InThePast, NothingToUplift, TooLateToUndo
from invoicing.models import BillingSchedule, FeeUplift, ServiceChange
from invoicing.operations import change_bill
from invoicing.operations.changing import apply_changes, plan_change
from invoicing.uplifts import Reach, plan_uplift, withdraw_uplift
from practices.job_models import Job, JobRow
from practices.models import OutgoingEmail
from practices.tasks import run_jobs
from practices.tenancy import practice_scope
from services.models import VatSettings
from services.operations import set_vat_settings
from tests.factories import TODAY
from tests.integration.invoicing.documents import MONTHLY, ON_COMPLETION, a_schedule
from tests.integration.proposals.offers import a_client

APRIL = date(2027, 4, 1)


def an_uplift(**values) -> FeeUplift:
    values = {"title": "April", "percent": Decimal(5), "effective_on": APRIL} | values
    return FeeUplift(**values)


@pytest.fixture
def books(brook):
    """Acme pays 100 a month and 50 once; Bee pays 10 a month and has nobody who signs."""
    with practice_scope(brook.pk):
        acme, bee = a_client("Mara Hill"), a_client(name="Bee Ltd")
        a_schedule(MONTHLY, client=acme)
        a_schedule(ON_COMPLETION | {"price": "50", "name": "Accounts"}, client=acme)
        a_schedule(MONTHLY | {"price": "10", "name": "Payroll"}, client=bee)
        return acme, bee


def prices() -> list[Decimal]:
    return list(BillingSchedule.objects.order_by("id").values_list("unit_price", flat=True))


def test_g39_an_uplift_counts_on_its_day_and_recurring_fees_alone_are_raised(brook, books):
    with practice_scope(brook.pk):
        plan_uplift(an_uplift(), Reach(), on=TODAY)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert prices() == [100, 50, 10]
        apply_changes(on=APRIL)
        assert prices() == [105, 50, Decimal("10.50")]
        assert FeeUplift.objects.get().status == "applied"
        assert [row.message for row in JobRow.objects.order_by("position")] == [
            "1 service: £100.00 becomes £105.00 a month",
            "1 service: £10.00 becomes £10.50 a month",
        ]


def test_g39_coming_bills_carry_the_planned_price_from_its_day_before_it_is_applied(client_of, brook, books):
    acme, _ = books
    with practice_scope(brook.pk):
        plan_uplift(an_uplift(), Reach(), on=TODAY)
        plain = {day: coming_total(day).amounts.net for day in (date(2027, 3, 31), date(2027, 4, 30))}
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        schedules = BillingSchedule.objects.filter(client=acme).select_related("service", "tax_rate")
        nets = {day.on: day.amounts.net for day in client_plan(schedules, on=TODAY).days}
        # March is dated before the day, and April on it.
        assert [nets[date(2027, month, 1)] for month in (4, 5, 6)] == [105, 105, 105]
        assert all(net == 100 for on, net in nets.items() if on < APRIL)
        assert coming_total(date(2027, 3, 31)).amounts.net == plain[date(2027, 3, 31)]
        raised = coming_total(date(2027, 4, 30)).amounts.net - plain[date(2027, 4, 30)]
        assert raised == Decimal("5.50")
        [may] = [day for day in client_plan(schedules, on=TODAY).days if day.on == date(2027, 5, 1)]
        change_bill(may.bills[0].schedule, may.bills[0].starts_on, unit_price=Decimal(80))
        [may] = [day for day in client_plan(schedules, on=TODAY).days if day.on == date(2027, 5, 1)]
        assert may.amounts.net == 80
        withdraw_uplift(FeeUplift.objects.get(), on=TODAY)
        nets = {day.on: day.amounts.net for day in client_plan(schedules, on=TODAY).days}
        assert nets[APRIL] == 100


def test_g39_letters_tell_each_client_once_and_who_cannot_be_told_needs_a_person(brook, books):
    with practice_scope(brook.pk):
        plan_uplift(an_uplift(notice="We have reviewed our fees."), Reach(), on=TODAY)
    run_jobs(brook.pk)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        [message] = OutgoingEmail.objects.all()
        assert message.to == "mara@acme.example"
        assert "Service 1: £100.00 becomes £105.00, every month" in message.text
        assert "We have reviewed our fees." in message.text
        assert "These fees are before VAT." in message.text
        assert list(JobRow.objects.order_by("position").values_list("outcome", flat=True)) == [
            "done",
            "needs_you",
        ]


def test_g39_a_practice_without_registration_writes_of_no_vat(brook, books):
    with practice_scope(brook.pk):
        set_vat_settings(VatSettings(charges_vat=False))
        plan_uplift(an_uplift(notice="We have reviewed our fees."), Reach(), on=TODAY)
    run_jobs(brook.pk)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert "VAT" not in OutgoingEmail.objects.get().text


def test_g39_an_uplift_is_undone_before_its_day_and_whoever_was_told_is_told_again(brook, books):
    with practice_scope(brook.pk):
        uplift = plan_uplift(an_uplift(notice="We have reviewed our fees."), Reach(), on=TODAY)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        with pytest.raises(TooLateToUndo):
            withdraw_uplift(uplift, on=APRIL)
        withdraw_uplift(uplift, on=APRIL - timedelta(days=1))
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        apply_changes(on=APRIL)
        assert prices() == [100, 50, 10]
        undone = OutgoingEmail.objects.get(kind="invoicing/fee_change_undone")
        assert (undone.to, FeeUplift.objects.get().status) == ("mara@acme.example", "withdrawn")


def test_g39_an_uplift_undone_while_it_is_planned_plans_no_more(brook, books):
    with practice_scope(brook.pk):
        withdraw_uplift(plan_uplift(an_uplift(), Reach(), on=TODAY), on=TODAY)
        assert Job.objects.get().status == "cancelled"
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert not ServiceChange.objects.exists()


def test_g39_what_has_another_change_planned_is_left_out(brook, books):
    with practice_scope(brook.pk):
        schedule = BillingSchedule.objects.get(unit_price=100)
        plan_change(schedule, {"unit_price": Decimal(90)}, effective_on=APRIL, on=TODAY)
        plan_uplift(an_uplift(), Reach(), on=TODAY)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        apply_changes(on=APRIL)
        assert prices() == [90, 50, Decimal("10.50")]


def test_g39_nothing_is_planned_for_nobody_or_for_today(brook, books):
    with practice_scope(brook.pk):
        with pytest.raises(InThePast):
            plan_uplift(an_uplift(effective_on=TODAY), Reach(), on=TODAY)
        with pytest.raises(NothingToUplift):
            plan_uplift(an_uplift(), Reach(clients=[]), on=TODAY)
        assert not FeeUplift.objects.exists()


def test_g39_the_other_practice_is_not_raised(brook, cedar, books):
    with practice_scope(cedar.pk):
        a_schedule(MONTHLY, client=a_client("Hari Dutt", name="Orchard Ltd"))
    with practice_scope(brook.pk):
        plan_uplift(an_uplift(), Reach(), on=TODAY)
    run_jobs(brook.pk)
    with practice_scope(cedar.pk):
        apply_changes(on=APRIL)
        assert prices() == [100]


def test_g39_the_page_shows_the_effect_and_plans_it_for_those_left_ticked(client_of, brook, books):
    acme, bee = books
    browser, address = client_of("alice"), reverse("invoicing:uplift-new", args=["brook-co"])
    assert browser.get(address).status_code == 200
    day = brook.today() + timedelta(days=40)
    chosen = {"title": "April", "percent": "10", "rounding": "0.01", "effective_on": f"{day:%Y-%m-%d}"}
    looked_at = browser.get(address, chosen)
    text = looked_at.content.decode()
    assert "£110.00" in text  # a month now, of both
    assert "£121.00" in text  # and then
    assert "£11.00" in text
    data = chosen | {"shown": [acme.pk, bee.pk], "kept": [bee.pk]}
    planned = browser.post(address, data, follow=True)
    assert planned.status_code == 200
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        [change] = ServiceChange.objects.all()
        assert (change.schedule.client, change.told) == (bee, [])
        uplift = FeeUplift.objects.get()
    page = browser.get(uplift_url("uplift-detail", uplift)).content.decode()
    assert "£11.00" in page
    letter = browser.get(reverse("invoicing:uplift-letter", args=["brook-co", uplift.pk, bee.pk]))
    assert letter.content[:4] == b"%PDF"
    browser.post(uplift_url("uplift-undo", uplift))
    with practice_scope(brook.pk):
        assert ServiceChange.objects.get().status == "withdrawn"


def uplift_url(name: str, uplift: FeeUplift) -> str:
    return reverse(f"invoicing:{name}", args=["brook-co", uplift.pk])


def test_g39_services_and_tags_narrow_what_is_raised(client_of, brook, books):
    acme, _ = books
    with practice_scope(brook.pk):
        tag_client(acme, ["VIP"])
        tag = acme.tags.get()
        payroll = BillingSchedule.objects.get(name="Payroll").service_id
    browser, address = client_of("alice"), reverse("invoicing:uplift-new", args=["brook-co"])
    chosen = {"title": "April", "percent": "10", "rounding": "0.01"}
    chosen |= {"effective_on": f"{brook.today() + timedelta(days=40):%Y-%m-%d}"}
    assert "Bee Ltd" not in browser.get(address, chosen | {"tag": tag.pk}).content.decode()
    assert "Acme Dental" not in browser.get(address, chosen | {"services": payroll}).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"percent": ""},
        {"amount": "5"},
        {"percent": "5.555"},
        {"effective_on": "2020-01-01"},
        {"percent": "", "amount": "1e9"},
        {"tells": "on", "notice": " "},
    ],
)
def test_a_wrong_uplift_is_refused_in_words(client_of, brook, books, wrong):
    day = brook.today() + timedelta(days=40)
    data = {"title": "April", "percent": "10", "rounding": "0.01", "effective_on": f"{day:%Y-%m-%d}"}
    answer = client_of("alice").post(reverse("invoicing:uplift-new", args=["brook-co"]), data | wrong)
    assert answer.status_code == 422
    with practice_scope(brook.pk):
        assert not FeeUplift.objects.exists()


def test_staff_see_uplifts_and_plan_none(client_of, brook, books):
    browser = client_of("bob")
    assert browser.get(reverse("invoicing:uplift-list", args=["brook-co"])).status_code == 200
    assert browser.get(reverse("invoicing:uplift-new", args=["brook-co"])).status_code == 403


def test_g39_where_nothing_recurs_no_uplift_is_asked_for(brook, client_of):
    page = client_of("alice").get(reverse("invoicing:uplift-new", args=[brook.slug])).text
    assert "No service recurs yet" in page
    assert "Look at the effect" not in page

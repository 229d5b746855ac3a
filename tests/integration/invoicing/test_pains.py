"""What hurts users of other systems (FEATURES.md, section 3), where no other test of ours shows that it is gone."""

from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Sum

from clients.models import ContactPerson
from invoicing.billing_run import run_billing
from invoicing.documents import Sender, how_to_pay
from invoicing.models import FeeUplift, Invoice
from invoicing.operations import bill_due_periods, invoicing_settings, set_sending_rules
from invoicing.operations.sending import reminders_due, values_of
from invoicing.uplifts import Reach, plan_uplift
from practices.tasks import run_jobs
from practices.tenancy import acting_for, practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import a_client, an_invoice, bill_without_asking, many_schedules

APRIL = date(2027, 4, 1)


def billed_in(month: int) -> Decimal:
    return Invoice.objects.filter(tax_point__month=month).aggregate(net=Sum("net"))["net"]


def test_p18_many_fees_change_at_once_on_their_day_and_no_invoice_changes_before_it(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        many_schedules(40, on=date(2027, 2, 1))
        bill_due_periods(on=date(2027, 2, 1))
        before = list(Invoice.objects.order_by("pk").values_list("pk", "net", "vat", "outstanding"))
        uplift = FeeUplift(title="April", percent=Decimal(10), effective_on=APRIL)
        plan_uplift(uplift, Reach(), on=TODAY)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert list(Invoice.objects.order_by("pk").values_list("pk", "net", "vat", "outstanding")) == before
    with acting_for(brook.pk):
        run_billing(APRIL)
    with practice_scope(brook.pk):
        assert (billed_in(2), billed_in(3), billed_in(4)) == (4000, 4000, 4400)


def test_p21_a_client_whose_money_is_collected_is_told_so_and_never_asked_or_reminded_to_pay(brook):
    with practice_scope(brook.pk):
        set_sending_rules(
            payment_instructions="Please pay to 00-00-00.", emails_invoices=False, reminder_days=[7]
        )
        pays, collected = (
            an_invoice(a_client(name, is_collected=is_collected), on=TODAY)
            for name, is_collected in (("Pays Ltd", False), ("Collected Ltd", True))
        )
        settings = invoicing_settings()
        assert how_to_pay(pays, settings) == "Please pay to 00-00-00."
        words = how_to_pay(collected, settings)
        assert "We collect this by Direct Debit on or after" in words
        assert "00-00-00" not in words
        invoice = Invoice.objects.select_related("client").prefetch_related("lines").get(pk=collected.pk)
        sender, person = Sender.of_the_practice(), ContactPerson(name="Sam", email="sam@collected.example")
        assert values_of(invoice, person, sender)["how_to_pay"] == words
        assert [found.pk for found, _ in reminders_due(pays.due_on + timedelta(days=7))] == [pays.pk]

"""What hurts users of other systems (FEATURES.md, section 3), where no other test of ours shows that it is gone."""

from datetime import date
from decimal import Decimal

from django.db.models import Sum

from invoicing.billing_run import run_billing
from invoicing.models import FeeUplift, Invoice
from invoicing.operations import bill_due_periods
from invoicing.uplifts import Reach, plan_uplift
from practices.tasks import run_jobs
from practices.tenancy import acting_for, practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import bill_without_asking, many_schedules

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

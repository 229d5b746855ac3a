"""Sums of schedules that bill alike: what each kind comes to is what its schedules come to one by one."""

import random
from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Q, Sum

from clients.contributions import Whose
from invoicing.client_columns import _billing_on, _monthly_total, with_monthly
from invoicing.coming import coming_totals
from invoicing.models import BillingSchedule
from invoicing.operations import change_bill
from invoicing.practicalities import Practicalities
from money.amounts import to_pence
from practices.scalars import figures
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import many_schedules

END = date(TODAY.year, 12, 31)


@pytest.fixture
def mixed(brook):
    """Schedules of few prices, dates and rhythms, so that some are alike, and a few that were decided about."""
    chance = random.Random(7)
    with practice_scope(brook.pk):
        schedules = many_schedules(60)
        for schedule in schedules:
            schedule.quantity = chance.choice([Decimal(1), Decimal("0.333333"), Decimal("2.5")])
            schedule.unit_price = chance.choice([Decimal(100), Decimal("33.335"), Decimal("0.005")])
            schedule.every, schedule.period = chance.choice(
                [(1, "month"), (3, "month"), (4, "week"), (10, "day")]
            )
        BillingSchedule.objects.bulk_update(schedules, ["quantity", "unit_price", "every", "period"])
        for schedule in schedules[:5]:
            change_bill(schedule, TODAY, unit_price=Decimal("7.77"), quantity=Decimal(3))
        yield schedules


@pytest.mark.parametrize("days", [[TODAY], [TODAY, END], [date(TODAY.year, TODAY.month, 28)]])
def test_g67_what_is_coming_is_the_same_kind_by_kind_as_schedule_by_schedule(mixed, days):
    known = Practicalities.of_the_practice()
    alike = coming_totals(days, known)
    one_by_one = coming_totals(days, known, BillingSchedule.objects.all())
    assert alike == one_by_one
    assert alike[-1].bills >= len(mixed)


def test_a_month_of_all_schedules_is_the_same_kind_by_kind_as_schedule_by_schedule(mixed):
    everybody = Whose(Q(), Q(), Q(pk__in=[]))
    each = with_monthly(_billing_on()).aggregate(found=Sum("monthly"))["found"]
    assert to_pence(figures(month=_monthly_total(everybody))["month"]) == to_pence(each) > 0


def test_a_schedule_with_nothing_left_to_bill_brings_nothing_a_month(brook):
    with practice_scope(brook.pk):
        many_schedules(2)
        BillingSchedule.objects.filter(pk=BillingSchedule.objects.first().pk).update(
            next_bill_on=None, next_starts_on=None
        )
        everybody = Whose(Q(), Q(), Q(pk__in=[]))
        assert to_pence(figures(month=_monthly_total(everybody))["month"]) == 100

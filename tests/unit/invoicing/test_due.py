"""What a schedule has to bill, worked out from values alone."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing.due import Decision, Rules, Wait, standing
from invoicing.practicalities import leaves_at
from invoicing.shifts import shift_of
from proposals.periods import Period, Rhythm

JANUARY = date(2027, 1, 1)
ASK, DO_NOT_ASK = Rules(), Rules(asks_about_missed=False)


def monthly(since: date = JANUARY, **rule):
    values = {"anchor": JANUARY, "every": 1, "unit": "month", "invoice_day": 1, "bills_from": JANUARY}
    return Rhythm(**(values | rule)).since(since)


def starts(bills) -> list[int]:
    return [bill.period.starts_on.month for bill in bills]


def test_what_is_dated_by_then_is_ready_and_the_next_date_follows_from_the_rule():
    found = standing(monthly(), set(), {}, on=date(2027, 3, 15), rules=DO_NOT_ASK)
    assert (starts(found.ready), found.waiting) == ([1, 2, 3], [])
    assert (found.next_starts_on, found.next_bill_on) == (date(2027, 4, 1), date(2027, 4, 1))


def test_more_than_one_missed_period_waits_and_one_alone_does_not():
    several = standing(monthly(), set(), {}, on=date(2027, 2, 1), rules=ASK)
    assert (starts(several.missed), several.next_starts_on) == ([1, 2], JANUARY)
    one = standing(monthly(date(2027, 2, 1)), set(), {}, on=date(2027, 2, 20), rules=ASK)
    assert starts(one.ready) == [2]


def test_decisions_go_before_rules_and_a_hold_before_an_approval():
    decisions = {
        JANUARY: Decision(is_approved=True),
        date(2027, 2, 1): Decision(is_held=True),
        date(2027, 5, 1): Decision(bills_on=date(2027, 2, 10)),
    }
    found = standing(monthly(), set(), decisions, on=date(2027, 2, 15), rules=Rules(needs_approval=True))
    assert starts(found.ready) == [1]
    assert [(bill.period.starts_on.month, wait) for bill, wait in found.waiting] == [
        (2, Wait.HELD),
        (5, Wait.TO_APPROVE),
    ]
    assert found.next_bill_on == date(2027, 2, 1)


def test_only_the_chosen_periods_are_billed_and_the_others_stay_due():
    found = standing(monthly(), set(), {}, on=date(2027, 3, 1), rules=DO_NOT_ASK).only({date(2027, 2, 1)})
    assert (starts(found.ready), found.next_starts_on, found.next_bill_on) == ([2], JANUARY, JANUARY)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sets(st.integers(0, 11)),
    st.dictionaries(st.integers(0, 11), st.integers(0, 400), max_size=4),
    st.integers(0, 400),
)
def test_every_period_is_settled_ready_waiting_or_still_to_come(settled, moved, days):
    """P06: none is in two places, and none is nowhere."""
    first_days = [date(2027, month, 1) for month in range(1, 13)]
    on = JANUARY + timedelta(days=days)
    decisions = {
        first_days[at]: Decision(bills_on=JANUARY + timedelta(days=day)) for at, day in moved.items()
    }
    gone = {first_days[at] for at in settled}
    found = standing(monthly(ends_on=date(2027, 12, 1)), gone, decisions, on=on, rules=ASK)
    due = [bill.period.starts_on for bill in found.ready] + [
        bill.period.starts_on for bill, _ in found.waiting
    ]
    expected = [
        day
        for day in first_days
        if day not in gone and (decisions[day].bills_on if day in decisions else day) <= on
    ]
    assert sorted(due) == expected
    left = [day for day in first_days if day not in gone and day not in due]
    if left and not found.waiting:
        assert found.next_starts_on == left[0]
    if not left and not found.waiting:
        assert found.next_starts_on is None


def test_g67_a_day_is_worth_its_share_of_the_period():
    april = Period(date(2027, 4, 1), date(2027, 4, 30), date(2027, 4, 1))
    overlap = shift_of(april, date(2027, 3, 25), Decimal(120))
    gap = shift_of(april, date(2027, 4, 11), Decimal(120))
    assert (overlap.is_overlap, overlap.days, overlap.amount) == (True, 7, Decimal("28.00"))
    assert (gap.is_overlap, gap.days, gap.amount) == (False, 10, Decimal("40.00"))
    assert shift_of(april, date(2027, 4, 1), Decimal(120)) is None


def test_idea_14_the_quiet_time_ends_by_the_clock_of_the_practice():
    summer = datetime(2027, 7, 1, 9, 0, tzinfo=UTC)
    winter = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
    assert leaves_at(summer, 0, None, "Europe/London") is None
    assert leaves_at(summer, 30, None, "Europe/London") == summer + timedelta(minutes=30)
    assert leaves_at(summer, 0, time(18), "Europe/London").astimezone(UTC).hour == 17
    assert leaves_at(winter, 0, time(18), "Europe/London").astimezone(UTC).hour == 18
    assert leaves_at(summer, 0, time(8), "Europe/London") is None


def test_a_look_ahead_calls_nothing_missed_that_is_still_to_come():
    found = standing(monthly(), set(), {}, on=date(2027, 6, 1), rules=ASK, today=JANUARY)
    assert (starts(found.ready), found.waiting) == ([1, 2, 3, 4, 5, 6], [])

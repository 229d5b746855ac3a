"""When recurring services are billed (G06, F25, D5), over four years and every awkward day."""

import calendar
import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proposals.periods import MONTH, WEEK, Rhythm, add_months, day_in_month

FOUR_YEARS = 48


def monthly(
    anchor: date, *, invoice_day: int = 1, bills_from: date | None = None, every: int = 1, **more
) -> Rhythm:
    return Rhythm(anchor, every, MONTH, invoice_day, bills_from or anchor, **more)


def weekly(anchor: date, *, every: int = 1, bills_from: date | None = None, **more) -> Rhythm:
    return Rhythm(anchor, every, WEEK, 1, bills_from or anchor, **more)


def billed(rhythm: Rhythm, on: date) -> list[date]:
    return [period.billed_on for period in rhythm.due(on)]


@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_a_month_end_start_comes_back_after_every_short_month(day):
    anchor = date(2027, 1, day)
    for months in range(FOUR_YEARS):
        start = monthly(anchor).period(months).starts_on
        last = calendar.monthrange(start.year, start.month)[1]
        assert start.day == min(day, last)
        assert (start.year * 12 + start.month) - (anchor.year * 12 + anchor.month) == months


def test_the_31st_becomes_28_february_then_31_march():
    starts = [monthly(date(2027, 1, 31)).period(n).starts_on for n in range(3)]
    assert starts == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]


def test_the_31st_becomes_29_february_in_a_leap_year():
    assert monthly(date(2027, 12, 31)).period(2).starts_on == date(2028, 2, 29)


def test_a_start_on_29_february_is_a_28th_until_the_next_leap_year():
    yearly = monthly(date(2028, 2, 29), every=12)
    assert [yearly.period(n).starts_on for n in (1, 3, 4)] == [
        date(2029, 2, 28),
        date(2031, 2, 28),
        date(2032, 2, 29),
    ]


@pytest.mark.parametrize("day", [28, 29, 30, 31])
@pytest.mark.parametrize("every", [1, 3, 12])
def test_periods_follow_one_another_without_gap_or_overlap(day, every):
    rhythm = monthly(date(2027, 1, day), every=every)
    for n in range(FOUR_YEARS):
        assert rhythm.period(n).ends_on + timedelta(days=1) == rhythm.period(n + 1).starts_on


def test_f25_the_invoice_for_may_is_dated_the_invoice_day():
    may = monthly(date(2027, 3, 1)).find(date(2027, 5, 1))
    assert may.billed_on == date(2027, 5, 1)


def test_f25_invoice_day_31_is_the_last_day_of_shorter_months():
    rhythm = monthly(date(2028, 1, 1), invoice_day=31)
    assert billed(rhythm, date(2028, 4, 30)) == [
        date(2028, 1, 31),
        date(2028, 2, 29),
        date(2028, 3, 31),
        date(2028, 4, 30),
    ]


def test_a_first_bill_whose_invoice_day_has_gone_by_is_dated_the_start():
    rhythm = monthly(date(2027, 3, 10))
    assert billed(rhythm, date(2027, 3, 9)) == []
    assert billed(rhythm, date(2027, 5, 1)) == [date(2027, 3, 10), date(2027, 4, 1), date(2027, 5, 1)]


def test_a_first_bill_waits_for_an_invoice_day_still_to_come():
    rhythm = monthly(date(2027, 3, 10), invoice_day=25)
    assert billed(rhythm, date(2027, 3, 24)) == []
    assert billed(rhythm, date(2027, 3, 25)) == [date(2027, 3, 25)]


def test_an_engagement_accepted_late_begins_with_the_running_period():
    rhythm = monthly(date(2027, 1, 1), bills_from=date(2027, 3, 10))
    [first] = rhythm.due(date(2027, 3, 10))
    assert (first.starts_on, first.ends_on, first.billed_on) == (
        date(2027, 3, 1),
        date(2027, 3, 31),
        date(2027, 3, 10),
    )


def test_two_periods_are_never_billed_on_the_day_of_acceptance():
    """The period from 10 Feb still runs on 5 Mar, but the next one's invoice day, 1 Mar, has come."""
    rhythm = monthly(date(2027, 1, 10), bills_from=date(2027, 3, 5))
    assert [(p.starts_on, p.billed_on) for p in rhythm.due(date(2027, 4, 1))] == [
        (date(2027, 3, 10), date(2027, 3, 5)),
        (date(2027, 4, 10), date(2027, 4, 1)),
    ]


def test_a_quarterly_service_is_billed_in_the_month_its_quarter_begins():
    rhythm = monthly(date(2027, 1, 15), every=3, invoice_day=20)
    assert billed(rhythm, date(2027, 12, 31)) == [date(2027, m, 20) for m in (1, 4, 7, 10)]


def test_a_weekly_service_is_billed_when_its_week_begins():
    assert billed(weekly(date(2027, 3, 10), every=2), date(2027, 4, 8)) == [
        date(2027, 3, 10),
        date(2027, 3, 24),
        date(2027, 4, 7),
    ]


def test_no_period_starts_after_the_last_day():
    rhythm = monthly(date(2027, 3, 10), ends_on=date(2027, 5, 9))
    assert [period.starts_on for period in rhythm.after(None)] == [date(2027, 3, 10), date(2027, 4, 10)]
    assert len(rhythm.due(date(2030, 1, 1))) == 2


def test_a_period_is_found_by_its_first_day_only():
    rhythm = monthly(date(2027, 3, 10))
    assert rhythm.find(date(2027, 4, 10)).starts_on == date(2027, 4, 10)
    assert rhythm.find(date(2027, 4, 11)) is None
    assert rhythm.find(date(2027, 2, 10)) is None


anchors = st.dates(date(2024, 1, 1), date(2032, 12, 31))


@given(
    anchor=anchors,
    every=st.integers(1, 12),
    unit=st.sampled_from([WEEK, MONTH]),
    invoice_day=st.integers(1, 31),
    late=st.integers(0, 400),
    horizon=st.integers(0, 1500),
)
def test_due_periods_have_dates_of_their_own_in_order_and_never_before_acceptance(
    anchor, every, unit, invoice_day, late, horizon
):
    bills_from = anchor + timedelta(days=late)
    on = bills_from + timedelta(days=horizon)
    rhythm = Rhythm(anchor, every, unit, invoice_day, bills_from)
    due = rhythm.due(on)
    dates = [period.billed_on for period in due]
    assert dates == sorted(set(dates))
    assert all(bills_from <= day <= on for day in dates)
    assert due == [period for _, period in zip(due, rhythm.after(None), strict=False)]
    for earlier, later in itertools.pairwise(due):
        assert earlier.ends_on + timedelta(days=1) == later.starts_on
    following = next(rhythm.after(due[-1].starts_on if due else None))
    assert following.billed_on > on


@given(anchor=anchors, months=st.integers(0, 600))
def test_adding_months_keeps_the_day_or_takes_the_last_one(anchor, months):
    later = add_months(anchor, months)
    assert later == day_in_month(later.year, later.month, anchor.day)

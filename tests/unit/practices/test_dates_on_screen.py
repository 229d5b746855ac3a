"""Dates and instants as a reader sees them."""

from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template
from django.utils import timezone

from practices.templatetags.dates import written_date, written_instant


def shown(source: str, **context: object) -> str:
    return Template("{% load dates %}" + source).render(Context(context))


def test_a_civil_date_is_day_month_year():
    assert (
        shown("{% civil_date day %}", day=date(2027, 3, 5)) == '<time datetime="2027-03-05">5 Mar 2027</time>'
    )
    assert shown("{{ day|civil }}", day=date(2027, 12, 31)) == "31 Dec 2027"


def test_an_instant_is_told_in_the_practices_zone():
    summer = datetime(2027, 7, 1, 23, 30, tzinfo=UTC)
    with timezone.override("Europe/London"):
        assert (
            shown("{% instant at %}", at=summer)
            == '<time datetime="2027-07-02T00:30:00+01:00">2 Jul 2027, 00:30</time>'
        )
    assert written_instant(summer, "America/New_York") == "1 Jul 2027, 19:30"


def test_no_date_is_a_dash():
    assert shown("{% civil_date day %} {% instant at %} {{ day|civil }}", day=None, at=None) == "— — —"


@pytest.mark.parametrize("value", [datetime(2027, 3, 5, tzinfo=UTC), "2027-03-05", ""])
def test_only_a_date_without_a_time_is_a_civil_date(value):
    with pytest.raises(TypeError, match="civil date"):
        written_date(value)


@pytest.mark.parametrize("value", [datetime(2027, 3, 5), date(2027, 3, 5), ""])  # noqa: DTZ001 - the naive one is the point
def test_an_instant_without_a_time_zone_is_refused(value):
    with pytest.raises(TypeError, match="an instant"):
        written_instant(value)

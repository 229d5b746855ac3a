"""Questions that are put into SQL once: what differs has a name, all else stands in them."""

from datetime import date

import pytest
from django.db.models import CharField, Exists, Value
from django.db.models.functions import Concat

from practices.models import Membership
from practices.scalars import WrittenColumns, figures
from practices.tenancy import practice_scope
from practices.written import Given

PERCENT = "100 % of it's %s, or %(name)s"


@pytest.fixture
def scope(brook):
    with practice_scope(brook.pk):
        yield brook


@pytest.fixture
def columns():
    members = Membership.objects.filter(practice=Given("practice"))
    return WrittenColumns(
        lambda: {
            "has_members": Exists(members),
            "words": Value(PERCENT, output_field=CharField()),
            "day": Value(date(2028, 2, 29)),
        }
    )


def test_a_value_with_signs_of_places_stands_in_it_as_it_is(scope, columns):
    known = columns.figures(practice=scope.pk)
    assert known == {"has_members": True, "words": PERCENT, "day": date(2028, 2, 29)}


def test_it_is_asked_with_other_values_each_time(scope, columns):
    assert columns.figures(practice=scope.pk)["has_members"]
    assert not columns.figures(practice=0)["has_members"]


def test_written_columns_and_others_are_told_together(scope, columns):
    other = Concat(Value("a"), Value("b"), output_field=CharField())
    known = figures(**columns.columns(practice=scope.pk), other=other)
    assert (known["words"], known["other"]) == (PERCENT, "ab")


def test_one_name_cannot_mean_two_things_in_one_question(scope, columns):
    again = WrittenColumns(lambda: {"more": Exists(Membership.objects.filter(practice=Given("practice")))})
    with pytest.raises(ValueError, match="practice is given twice"):
        figures(**columns.columns(practice=scope.pk), **again.columns(practice=0))

"""What a form says of a value beyond its limits."""

from decimal import Decimal

import pytest
from django import forms

FIELDS = {
    "at most": (forms.IntegerField(max_value=365), "400", "At most 365."),
    "at least": (forms.DecimalField(min_value=Decimal("0.01")), "0", "At least 0.01."),
    "too long": (forms.CharField(max_length=3), "four", "At most 3 characters; this has 4."),
    "too short": (forms.CharField(min_length=10), "short", "At least 10 characters; this has 5."),
    "too fine": (
        forms.DecimalField(decimal_places=2, max_digits=9),
        "1.005",
        "At most 2 digits after the point.",
    ),
    "too large": (
        forms.DecimalField(decimal_places=2, max_digits=4),
        "100",
        "At most 2 digits before the point.",
    ),
}


@pytest.mark.parametrize(("field", "value", "said"), FIELDS.values(), ids=FIELDS)
def test_a_limit_is_said_in_so_few_words(field, value, said):
    with pytest.raises(forms.ValidationError) as refused:
        field.clean(value)
    assert refused.value.messages == [said]

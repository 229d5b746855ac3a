"""Rows read past the ORM are the ones it would have made."""

from decimal import Decimal

import pytest

from practices.errors import NoPracticeScope
from practices.rows import rows_of
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import SageConnection, SageLink


def particulars(row) -> dict[str, object]:
    return {name: value for name, value in vars(row).items() if name != "_state"}


def test_a_row_has_what_the_orm_would_give_it_sealed_and_json_values_too(brook, acme):
    with practice_scope(brook.pk):
        for model in (SageConnection, SageLink):
            (read,) = rows_of(model, "TRUE")
            made = model.objects.defer(None).get()
            assert particulars(read) == particulars(made)
            assert (read, read._state.adding, read._state.db) == (made, False, "default")
        assert isinstance(read.net, Decimal)
        assert read.copied["lines"], "JSON is opened"
        read.sage_number = "SI-99"
        read.save(update_fields=["sage_number"])
        assert SageLink.objects.get().sage_number == "SI-99"


def test_what_was_left_out_is_read_once_somebody_asks(brook, enabled):
    with practice_scope(brook.pk):
        (read,) = rows_of(SageConnection, "TRUE", without=("access_token",))
        assert "access_token" not in vars(read)
        assert read.access_token == SageConnection.objects.defer(None).get().access_token


def test_rows_are_read_inside_a_scope_only(brook):
    with acting_for(brook.pk), pytest.raises(NoPracticeScope):
        rows_of(SageConnection, "TRUE")

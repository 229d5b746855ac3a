"""What columns ask of clients is put into SQL once in a process, and asked with one question for all of them."""

from itertools import permutations

import pytest
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext

from clients import contributions
from clients.contributions import Cell, Column, cells_of
from clients.listing import all_columns
from clients.models import Client, search
from practices.errors import NoPracticeScope
from practices.tenancy import practice_scope
from practices.written_rows import WrittenRows
from tests.factories import TODAY


def test_columns_are_written_once_and_asked_with_one_question(brook, cedar):
    made = []

    def asks():
        made.append(1)
        return {"greeting": Concat(Value("50% "), F("name"))}

    column = Column("greeting", "Greeting", lambda client, _: Cell(client.greeting), asks)
    with practice_scope(brook.pk):
        acme, birch = (Client.objects.create(name=name) for name in ("Acme", "Birch"))
        for _ in range(2):
            with CaptureQueriesContext(connection) as asked:
                (cells,) = cells_of([column], [acme, birch], TODAY)
            assert {pk: cell.text for pk, cell in cells.items()} == {
                acme.pk: "50% Acme",
                birch.pk: "50% Birch",
            }
            assert len(asked) == 1
    assert len(made) == 1
    with practice_scope(cedar.pk):
        assert WrittenRows(Client, {"called": "name"}).of([acme.pk]) == {}


def test_choices_of_columns_that_anybody_makes_up_are_not_kept_for_ever(brook):
    columns = [Column(f"column_{number}", "", lambda *_: None) for number in range(7)]
    with practice_scope(brook.pk):
        acme = Client.objects.create(name="Acme")
        for chosen in permutations(columns, 3):
            cells_of(chosen, [acme], TODAY)
    assert contributions._written.cache_info().currsize <= contributions.MOST_KEPT


def test_nothing_is_asked_outside_of_a_practice():
    with pytest.raises(NoPracticeScope):
        WrittenRows(Client, {"called": "name"}).of([1])


def test_the_columns_of_the_list_are_the_same_ones_for_every_page_so_that_what_they_ask_is_kept():
    assert all_columns() == all_columns()


def test_few_ids_and_many_choose_the_same_clients(brook, monkeypatch):
    with practice_scope(brook.pk):
        acme, birch, cobalt = (Client.objects.create(name=name) for name in ("Acme", "Birch", "Cobalt"))
        for few in (500, 1):
            monkeypatch.setattr(search, "FEW", few)
            assert set(Client.objects.among([acme.pk, birch.pk])) == {acme, birch}
            assert set(Client.objects.not_among([acme.pk, birch.pk])) == {cobalt}
            assert set(Client.objects.among([])) == set()
            assert "ANY" not in str(Client.objects.among([acme.pk]).query)
        assert "ANY" in str(Client.objects.among([acme.pk, birch.pk]).query)

"""Whoever adds a column says how it travels to another installation."""

from pathlib import Path

from django.conf import settings
from django.db import models

from ignition.moving_in.references import CHANGES
from practices.export_format import (
    JSON_AS_IT_WAS,
    JSON_WITH_IDS,
    JSON_WITHOUT_IDS,
    OF_A_MEMBER,
    columns_of,
    exported_models,
    label_of,
)
from practices.models import Membership

#: Numbers of rows that are no keys, and are carried over with their table; a proposal's lines set theirs themselves.
LOOSE = {
    "ledger.posting.subject_id",
    "practices.auditentry.subject_id",
    "practices.jobrow.follows",
    "proposals.proposalline.shown_as",
    "proposals.proposaloption.shown_as",
    "sage_integration.attention.subject_id",
}


def columns(*kinds: type[models.Field]) -> set[str]:
    """`app.table.column` of every exported column of these kinds that is no key."""
    return {
        f"{label_of(model)}.{column.attname}"
        for model in exported_models()
        for column in columns_of(model)
        if isinstance(column, kinds) and not column.primary_key
    }


def tables_of(named) -> set[str]:
    return {name.rpartition(".")[0] for name in named}


def test_every_json_column_says_whether_it_holds_ids_and_whose():
    told = [*JSON_WITH_IDS, *JSON_AS_IT_WAS, *JSON_WITHOUT_IDS]
    assert len(told) == len(set(told)), "each in one place"
    assert set(told) == columns(models.JSONField), (
        "Name a new JSON column in practices/export_format.py: with ids (then carry them over in "
        "ignition/moving_in/references.py), as evidence, or without."
    )
    assert all(JSON_WITH_IDS.values())


def test_every_number_of_a_row_that_is_no_key_is_carried_over():
    assert columns(models.BigIntegerField) == LOOSE


def test_whatever_holds_ids_is_carried_over():
    assert tables_of({*JSON_WITH_IDS, *LOOSE}) <= set(CHANGES)


def test_the_description_of_the_format_names_every_column_with_ids():
    page = (Path(settings.BASE_DIR) / "docs" / "export-format.md").read_text()
    for column, whose in JSON_WITH_IDS.items():
        assert f"| `{column}` | {whose} |" in page


def test_whatever_a_member_chose_travels_with_the_member():
    """The rest of a membership is made on arrival."""
    kept = {column.attname for column in Membership._meta.concrete_fields}
    assert kept - {"id", "user_id", "practice_id", "joined_at"} == set(OF_A_MEMBER)

"""Sums that are made anew, wait for no writer, and are told of where they differ."""

from decimal import Decimal
from importlib import import_module
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections

from ignition.metrics import queue_states
from invoicing.models import Invoice, InvoiceTally, TallyCheck
from invoicing.tallies import differences, fold
from invoicing.tasks import check_practice_tallies
from practices.tenancy import practice_scope
from tests.conftest import running_as
from tests.integration.invoicing.documents import a_client, a_draft, an_invoice

D = Decimal


@pytest.fixture
def scope(brook):
    return lambda: practice_scope(brook.pk)


MIGRATION = import_module("invoicing.migrations.0017_tallies_are_kept")


def test_the_triggers_can_be_made_and_the_sums_filled_in_once_more(scope):
    """A migration that broke off is run again, beside whatever writes invoices."""
    with scope():
        an_invoice()
    with running_as(settings.OWNER_ROLE), connection.cursor() as cursor:
        for statement in [MIGRATION.TRIGGERS, MIGRATION.FILL] * 2:
            cursor.execute(statement)
    with scope():
        assert InvoiceTally.objects.filter(is_folded=True).count() == 1
        an_invoice()
        assert InvoiceTally.objects.filter(is_folded=False).exists()
        assert differences() == {}


def test_the_triggers_wait_for_no_writer_for_long(scope):
    """Whoever waits to make one holds up everybody who wants to write an invoice after it."""
    with scope():
        draft = a_draft(a_client())
    owner = connections.create_connection("default")
    owner.settings_dict = {**owner.settings_dict, "OPTIONS": {**owner.settings_dict["OPTIONS"]}}
    owner.settings_dict["OPTIONS"]["assume_role"] = settings.OWNER_ROLE
    try:
        with scope():
            Invoice.objects.filter(pk=draft.pk).update(net=draft.net + 5)
            with owner.cursor() as cursor, pytest.raises(OperationalError, match="lock timeout"):
                cursor.execute(MIGRATION.TRIGGERS)
    finally:
        owner.close()


class TestADifference:
    """Sums that are wrong are told and stay so until somebody makes them anew."""

    @pytest.fixture(autouse=True)
    def wrong(self, brook):
        with practice_scope(brook.pk):
            an_invoice()
            fold()
            InvoiceTally.objects.update(net=D(1))
        check_practice_tallies(brook.pk)

    def told(self) -> list[tuple]:
        return [
            (practice, state, count) for practice, queue, state, count, _ in queue_states() if "sums" in queue
        ]

    def test_it_is_on_the_operators_page_and_not_mended_by_itself(self, brook):
        assert self.told() == [(brook.pk, "differ", 1)]
        with practice_scope(brook.pk):
            since = TallyCheck.objects.get().differs_since
        check_practice_tallies(brook.pk)
        with practice_scope(brook.pk):
            assert TallyCheck.objects.get().differs_since == since
            assert len(differences()) == 1

    def test_the_command_names_it_and_makes_the_sums_anew_when_asked(self, brook):
        with pytest.raises(CommandError, match="1 kept sums"):
            call_command("check_sums", stdout=StringIO())
        said = StringIO()
        call_command("check_sums", "--make-anew", "--practice", brook.slug, stdout=said)
        assert "net=Decimal('1.00')" in said.getvalue()
        call_command("check_sums", stdout=StringIO())
        assert self.told() == []

    def test_an_unknown_practice_is_refused_by_name(self):
        with pytest.raises(CommandError, match="no practice nowhere"):
            call_command("check_sums", "--practice", "nowhere", stdout=StringIO())

import pytest
from django.db import connection

from ledger.models import Posting
from practices.errors import NoPracticeScope
from practices.models import AuditEntry
from practices.tenancy import practice_scope


def test_a_query_outside_a_scope_raises(brook):
    with pytest.raises(NoPracticeScope):
        AuditEntry.objects.count()


def test_a_scope_shows_only_its_practice(brook, cedar):
    with practice_scope(brook.pk):
        assert set(AuditEntry.objects.values_list("practice_id", flat=True)) == {brook.pk}


def test_the_setting_is_gone_after_the_transaction(brook):
    with practice_scope(brook.pk):
        Posting.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('ignition.practice_id', true)")
        assert cursor.fetchone()[0] in ("", None)

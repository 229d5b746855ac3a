"""What a billing run reads first: the schedules that are due, with who pays for them."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import Client
from invoicing.operations.due_rows import due_rows
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.statistics import analyse


def test_who_pays_is_looked_up_in_an_index_and_never_among_all_clients(brook):
    """BR5: under row level security COALESCE is no index condition, and a run would grow with its square."""
    with practice_scope(brook.pk):
        Client.objects.bulk_create(Client(name=f"Client {number}") for number in range(500))
        with CaptureQueriesContext(connection) as asked:
            due_rows(on=TODAY, clients=None, after=(0, 0), limit=10)
        with connection.cursor() as cursor:
            analyse("clients_client")
            cursor.execute(f"EXPLAIN {asked[0]['sql']}")
            plan = [line.strip() for (line,) in cursor.fetchall()]
    assert any("Index Cond" in line and "billed_to_id" in line for line in plan), "\n".join(plan)

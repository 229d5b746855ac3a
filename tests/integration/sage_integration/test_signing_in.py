"""Signing in to Sage and out again, against the pretend Sage over real HTTP."""

from practices.tenancy import practice_scope
from sage_integration.connections import current_connection
from tests.sage import connected


def test_a_practice_that_signed_in_and_set_everything_up_is_connected(brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        connection = current_connection()
        assert connection.status == "enabled"
        assert connection.business_name == "Harbour & Pine Ltd"

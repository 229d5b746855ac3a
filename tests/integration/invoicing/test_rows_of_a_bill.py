"""The rows of an instant bill."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import a_service


def test_rows_of_a_bill_ask_together_what_there_is_to_choose_from(brook, client_of):
    with practice_scope(brook.pk):
        service = a_service("Advice", "150")
    with CaptureQueriesContext(connection) as asked:
        page = client_of("alice").get(reverse("invoicing:invoice-new", args=[brook.slug])).content.decode()
    of_services = [each for each in asked if 'FROM "services_service"' in each["sql"]]
    assert len(of_services) == 1
    assert page.count(f'<option value="{service.pk}">Advice</option>') == 3

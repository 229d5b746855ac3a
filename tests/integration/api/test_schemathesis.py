"""Generated requests against every operation: nothing but documented answers that fit the description."""

from functools import cache

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from ignition.wsgi import application
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import an_invoice

#: Rules of the practice refuse requests that fit the description, such as an invoice for an unknown client.
BEYOND_A_SCHEMA = [positive_data_acceptance]


@cache
def described():
    """The API's own description, with the application that answers to it."""
    raw = SchemaGenerator().get_schema(request=None, public=True)
    schema = schemathesis.openapi.from_dict(raw)
    schema.app = application
    schema.config.base_url = "http://testserver"
    return schema


def operations() -> dict[str, object]:
    found = (result.ok() for result in described().get_all_operations())
    return {f"{operation.method.upper()} {operation.path}": operation for operation in found}


@pytest.mark.parametrize("label", list(operations()))
def test_generated_requests_are_answered_as_described(brook, key_for, label):
    with practice_scope(brook.pk):
        an_invoice()
    operation = operations()[label]
    headers = {"Authorization": f"Bearer {key_for(brook)}"}
    cases = st.one_of(operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)

    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def check(case):
        case.call_and_validate(headers=headers, excluded_checks=BEYOND_A_SCHEMA)

    check()

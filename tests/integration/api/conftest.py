"""Programs with keys."""

import pytest
from django.test import Client

from practices.api_keys import SCOPES, issue_api_key
from practices.tenancy import practice_scope


@pytest.fixture
def key_for():
    """A secret of this practice with these scopes (all, unless said)."""

    def issued(practice, scopes=SCOPES) -> str:
        owner = practice.memberships.get(role="owner").user
        with practice_scope(practice.pk):
            return issue_api_key(practice, "Test program", list(scopes), by=owner)[1]

    return issued


@pytest.fixture
def program_of(key_for):
    """A program of this practice; JSON in and out."""

    def with_key(practice, scopes=SCOPES) -> Client:
        return Client(headers={"Authorization": f"Bearer {key_for(practice, scopes)}"})

    return with_key

"""The same clock and connection as for every test of postings, and all that a scenario touches in one hand."""

from dataclasses import dataclass
from typing import Any

import pytest

from practices.models import Practice
from sage_sandbox.handle import SandboxHandle
from tests.integration.sage_integration.conftest import clock, enabled

__all__ = ["clock", "enabled"]


@dataclass
class Stage:
    """Brook & Co, connected and enabled, with its pretend Sage and the clock; Cedar LLP beside it."""

    practice: Practice
    other: Practice
    sage: SandboxHandle
    clock: Any
    settings: Any


@pytest.fixture
def stage(brook, cedar, enabled, sage, clock, settings) -> Stage:
    return Stage(brook, cedar, sage, clock, settings)
